// What users import as "pollux/reactor": the low level, below sockets. Nothing is defined here.

export { AsyncFd, AsyncFdGuard, type AsyncFdOptions } from "./epoll/async-fd.ts";
export { EventQueue, type QueueEvent, type QueueInterest } from "./epoll/event-queue.ts";
export type { Fd, FdInterest, FdReady, Trigger } from "./epoll/fd-interest.ts";
export { OwnedFd, type TimerFdOptions } from "./epoll/owned-fd.ts";
export { ThreadWaker } from "./epoll/thread-waker.ts";
