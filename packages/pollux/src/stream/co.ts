import { type CoOptions, co as coroutine } from "../core/coroutine.ts";
import type { Future, Suspend } from "../core/future.ts";
import type { Stream } from "./stream.ts";

/**
 * Makes a coroutine: a function whose calls are lazy futures; of an async generator, one whose calls are streams.
 *
 * In the body, `yield*` waits for a future and gives its value; it suspends only if the value is not there yet. A call
 * does nothing but evaluate the parameters; what those throw becomes the error of the future, or of the stream. Type
 * parameters, `this`, `name` and `length` are kept.
 *
 * The plain form `co(async …)` with `await` means the same and needs the compiler, and so does `co(async function* …)`;
 * uncompiled they throw `NotCompiledError` here. Without the compiler, `Stream.make` does what an async generator does.
 *
 * **Cancel safety.** A cancelled coroutine first cancels what it waits for, and then runs its `finally` blocks, which may
 * wait themselves. Its `catch` blocks do not see a cancel.
 *
 * @example
 * ```ts
 * const greet = co(function* (name: string) {
 *   yield* sleep(10);
 *   return `Hello, ${name}`;
 * });
 * console.log(await run(greet("Castor")));
 * ```
 *
 * @example A stream, with the compiler.
 * ```ts no-run
 * const countdown = co(async function* (from: number) {
 *   for (let n = from; n > 0; n--) {
 *     await sleep(1000);
 *     yield n;
 *   }
 * });
 * console.log(await run(countdown(3).collect())); // [3, 2, 1]
 * ```
 *
 * @throws NotCompiledError for an `async` function, or an async generator, that no compiler has seen
 * @throws TypeError for anything else that is not a generator function
 */
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<Suspend, R, unknown>,
  options?: CoOptions,
): (this: This, ...args: A) => Future<R>;
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Promise<R>,
  options?: CoOptions,
): (this: This, ...args: A) => Future<R>;
export function co<This, A extends unknown[], T>(
  fn: (this: This, ...args: A) => AsyncGenerator<T, unknown, undefined>,
  options?: CoOptions,
): (this: This, ...args: A) => Stream<T>;
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<Suspend, R, unknown> | Promise<R> | AsyncGenerator<R>,
  options?: CoOptions,
): (this: This, ...args: A) => Future<R> | Stream<R> {
  // An async generator that gets here is refused: the compiler has put another call in its place otherwise.
  return coroutine(fn as (this: This, ...args: A) => Generator<Suspend, R, unknown>, options);
}
