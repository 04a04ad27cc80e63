// What users import. Nothing is defined here.
import "./runtime/default.ts";

export { Context, type RuntimeHandle, type TimerDriver, type Waker } from "./core/context.ts";
export { co } from "./core/coroutine.ts";
export * from "./core/errors.ts";
export { Future, type Suspend } from "./core/future.ts";
export { Pending, type Poll } from "./core/poll.ts";
export { TimerEntry } from "./core/timer-entry.ts";
export { defaultRuntime } from "./runtime/default.ts";
export { Runtime, type RuntimeMetrics, type RuntimeOptions, run } from "./runtime/runtime.ts";
export { AbortHandle } from "./task/abort-handle.ts";
export type { SpawnOptions } from "./task/executor.ts";
export type { Hooks } from "./task/hooks.ts";
export type { Host } from "./task/host.ts";
export { JoinHandle } from "./task/join-handle.ts";
export { spawn } from "./task/spawn.ts";
export { yieldNow } from "./task/yield-now.ts";
