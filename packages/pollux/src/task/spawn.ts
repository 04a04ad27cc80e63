import { ambient } from "../core/ambient.ts";
import type { RuntimeHandle } from "../core/context.ts";
import { NoRuntimeError } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import type { Executor, SpawnOptions } from "./executor.ts";
import type { JoinHandle } from "./join-handle.ts";

/** The runtime of the task that is running, or the default one. */
export function currentExecutor(what: string): Executor {
  const runtime = ambient.cx?.runtime ?? ambient.defaultRuntime?.();
  if (runtime === undefined) throw new NoRuntimeError(what);
  return runtime as Executor;
}

/** The same as an executor that has groups: a context made outside of any, or by an executor of another kind, has none. */
export function executorOf(runtime: RuntimeHandle | null, what: string): Executor {
  if (typeof (runtime as Executor | null)?.start !== "function") throw new NoRuntimeError(what);
  return runtime as Executor;
}

/**
 * Starts a future as a task of its own, on the runtime of the calling task or on the default one. It is polled soon,
 * never during the call, and always at least once.
 *
 * The task belongs to nobody: it outlives the caller until it ends, is aborted, or its runtime shuts down. Prefer
 * `scope` where the caller is to wait for it.
 *
 * A failure that nobody observes by the host's next turn (awaits the handle, calls `observed()`) is reported loudly.
 *
 * @throws FutureInUseError if the future has begun elsewhere
 *
 * @example
 * ```ts
 * const fetchUser = co(function* (id: number) {
 *   yield* sleep(10); // stands for a request
 *   return { id, name: "Castor" };
 * });
 * const main = co(function* () {
 *   const handle = spawn(fetchUser(7), { name: "user 7" });
 *   // … other work, while that task runs
 *   const user = yield* handle;
 *   console.log(user.name); // Castor
 * });
 * await run(main());
 * ```
 */
export function spawn<T>(future: Future<T>, options?: SpawnOptions): JoinHandle<T> {
  if (!isFuture(future)) throw new TypeError("spawn needs a future: spawn(coroutine(…)), with the call");
  return currentExecutor("spawn").spawn(future, options);
}
