import { requireFunction, requireFuture } from "../combine/require-future.ts";
import { describe } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { AbortHandle } from "../task/abort-handle.ts";
import { spawn } from "../task/spawn.ts";

/**
 * Runs a future as a task, on the runtime of the calling task or on the default one, and calls `callback` once with its
 * outcome, in the manner of Node: `callback(null, value)` or `callback(error)`. What the callback throws is an uncaught
 * error of the host. A failure that is `null` or `undefined` arrives as an `Error` with that as its cause, since it would
 * look like success.
 *
 * @returns a handle to abort the task with; the callback then gets `CancelledError`, after the cleanup
 * @throws TypeError if it is not given a future and a function
 *
 * @example
 * ```ts
 * const answer = await new Promise((resolve) => {
 *   toCallback(ready(42), (error, value) => resolve(value));
 * });
 * console.log(answer); // 42
 * ```
 */
export function toCallback<T>(future: Future<T>, callback: (error: unknown, value?: T) => void): AbortHandle {
  requireFuture(future, "toCallback", 0);
  requireFunction("toCallback", callback);
  const task = spawn(future);
  // In a microtask of its own: what it throws must not become the rejection of a promise that is ours.
  task.then(
    (value) => queueMicrotask(() => callback(null, value)),
    (error) =>
      queueMicrotask(() => callback(error ?? new Error(`failed with ${describe(error)}`, { cause: error }))),
  );
  return task.abortHandle();
}
