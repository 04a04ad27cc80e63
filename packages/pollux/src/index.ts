// What users import. Nothing is defined here.
import "./runtime/default.ts";

// Combinators
export { allSettled, type SettledResults } from "./combine/all-settled.ts";
export { andThen } from "./combine/and-then.ts";
export { any } from "./combine/any.ts";
export { catchError } from "./combine/catch-error.ts";
export { finallyDo } from "./combine/finally-do.ts";
export { join, joinAll } from "./combine/join.ts";
export { lazy } from "./combine/lazy.ts";
export { map } from "./combine/map.ts";
export { never } from "./combine/never.ts";
export { pollFn } from "./combine/poll-fn.ts";
export { race } from "./combine/race.ts";
export { seedRandom } from "./combine/random.ts";
export { failed, ready } from "./combine/ready.ts";
export {
  type Arms,
  type Disabled,
  type SelectElseOptions,
  type Selected,
  type SelectOptions,
  select,
} from "./combine/select.ts";
export { tryJoin, tryJoinAll } from "./combine/try-join.ts";
export { withSignal } from "./combine/with-signal.ts";
// Futures and coroutines
export { Cleanup } from "./core/cleanup.ts";
export { Context, type RuntimeHandle, type TimerDriver, type Waker } from "./core/context.ts";
export { co } from "./core/coroutine.ts";
export {
  AllDisabledError,
  AllFailedError,
  AlreadyInitializedError,
  BadYieldError,
  CancelledError,
  CleanupError,
  CleanupTimeoutError,
  ClockRunningError,
  ClosedError,
  FullError,
  FutureInUseError,
  LaggedError,
  NoContextError,
  NoRuntimeError,
  NotCompiledError,
  PollAfterCompletionError,
  PolluxError,
  ReleasedError,
  TimeoutError,
  UnsupportedError,
  WouldBlockError,
} from "./core/errors.ts";
export { furtherErrors } from "./core/further-errors.ts";
export { Future, type Suspend } from "./core/future.ts";
export { Pending, type Poll } from "./core/poll.ts";
export { End, type StreamSource } from "./core/stream-source.ts";
export { TimerEntry } from "./core/timer-entry.ts";
// Bridges to promises
export { aborted } from "./interop/abort-signal.ts";
export { type FromPromiseOptions, fromPromise, toPromise } from "./interop/promise.ts";
// Bytes
export type { AsyncRead } from "./io/async-read.ts";
export type { AsyncWrite } from "./io/async-write.ts";
export { Duplex } from "./io/duplex.ts";
export { Reader } from "./io/reader.ts";
export { Writer } from "./io/writer.ts";
// Net and signals
export { DatagramSocket, type Received } from "./net/datagram-socket.ts";
export { type HostPort, parseHostPort } from "./net/host-port.ts";
export { lookupHost } from "./net/lookup-host.ts";
export type { Interest, Ready } from "./net/ready.ts";
export type { OpenFile } from "./net/send-file.ts";
export { SocketStream } from "./net/socket-stream.ts";
export { TcpListener, type TcpListenSettings } from "./net/tcp-listener.ts";
export { TcpSocket } from "./net/tcp-socket.ts";
export { type TcpConnectSettings, TcpStream } from "./net/tcp-stream.ts";
export { type UdpBindSettings, UdpSocket } from "./net/udp-socket.ts";
export { UnixDatagram } from "./net/unix-datagram.ts";
export { UnixListener, type UnixListenSettings } from "./net/unix-listener.ts";
export { type PipeOptions, PipeReader, PipeWriter, unixPipe } from "./net/unix-pipe.ts";
export { UnixStream } from "./net/unix-stream.ts";
// The seam for reactors of one's own
export type {
  LookupOptions,
  MulticastOptions,
  PipeMode,
  SocketAddress,
  SocketOptions,
  TcpConnectOptions,
  TcpListenOptions,
  UdpBindOptions,
  UdpSocketOptions,
  UnixCredentials,
  UnixListenOptions,
} from "./reactor/options.ts";
export type { LocalReactor, Reactor } from "./reactor/reactor.ts";
export type {
  AcceptSource,
  ByteSource,
  DatagramSource,
  LookupSource,
  Source,
  TcpListenerSource,
  TcpStreamSource,
  UdpSource,
  UnixAddress,
  UnixDatagramSource,
  UnixListenerSource,
  UnixStreamSource,
} from "./reactor/source.ts";
// The runtime
export { defaultRuntime } from "./runtime/default.ts";
export { Runtime, type RuntimeMetrics, type RuntimeOptions, run } from "./runtime/runtime.ts";
export { ctrlC } from "./signal/ctrl-c.ts";
export { type SignalName, type Signals, signals } from "./signal/signals.ts";
// Streams
export { Stream } from "./stream/stream.ts";
// Sync
export { Barrier, type BarrierWaitResult } from "./sync/barrier.ts";
export {
  type BroadcastReceiver,
  type BroadcastSender,
  broadcast,
  type WeakBroadcastSender,
} from "./sync/broadcast.ts";
export { CancellationToken, type DropGuard } from "./sync/cancellation-token.ts";
export { mpsc, unboundedMpsc } from "./sync/mpsc.ts";
export type { MpscPermit, MpscPermits } from "./sync/mpsc-permit.ts";
export type { MpscReceiver } from "./sync/mpsc-receiver.ts";
export type { MpscSender, WeakMpscSender } from "./sync/mpsc-sender.ts";
export type { UnboundedMpscSender, WeakUnboundedMpscSender } from "./sync/mpsc-unbounded.ts";
export { Mutex, type MutexGuard } from "./sync/mutex.ts";
export { type Notified, Notify } from "./sync/notify.ts";
export { OnceCell } from "./sync/once-cell.ts";
export { type OneshotReceiver, type OneshotSender, oneshot } from "./sync/oneshot.ts";
export type { SyncOptions } from "./sync/options.ts";
export { RwLock, type RwLockOptions, type RwLockReadGuard, type RwLockWriteGuard } from "./sync/rw-lock.ts";
export { type Permit, Semaphore } from "./sync/semaphore.ts";
export { type WatchReceiver, type WatchSender, watch } from "./sync/watch.ts";
export type { Body } from "./sync/with-guard.ts";
// Tasks
export { AbortHandle } from "./task/abort-handle.ts";
export type { TaskResult } from "./task/completion-queue.ts";
export { consumeBudget } from "./task/consume-budget.ts";
export { currentTask } from "./task/current-task.ts";
export type { SpawnOptions } from "./task/executor.ts";
export type { Hooks } from "./task/hooks.ts";
export type { Host } from "./task/host.ts";
export { JoinHandle } from "./task/join-handle.ts";
export { JoinMap } from "./task/join-map.ts";
export { JoinSet, type JoinSetOptions } from "./task/join-set.ts";
export { type Scope, type ScopeOptions, scope } from "./task/scope.ts";
export { spawn } from "./task/spawn.ts";
export type { Task } from "./task/task.ts";
export { type TaskLocal, taskLocal } from "./task/task-local.ts";
export { TaskTracker, type TaskTrackerToken } from "./task/task-tracker.ts";
export { unconstrained } from "./task/unconstrained.ts";
export { waitsFor } from "./task/waits-for.ts";
export { yieldNow } from "./task/yield-now.ts";
// Time
export { advance, now, pause, resume } from "./time/clock.ts";
export { type Delayed, DelayQueue } from "./time/delay-queue.ts";
export { type Interval, type IntervalOptions, interval, type MissedTicks } from "./time/interval.ts";
export { type RetryOptions, retry } from "./time/retry.ts";
export { type Sleep, sleep, sleepUntil } from "./time/sleep.ts";
export { deadline, timeout } from "./time/timeout.ts";
