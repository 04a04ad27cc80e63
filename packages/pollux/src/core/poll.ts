/**
 * The one sentinel of the library: what `poll` returns when there is no value yet.
 *
 * Made with `Symbol.for`, so that two copies of Pollux in one program agree on it.
 *
 * @example
 * ```ts
 * class Nap extends Future<string> {
 *   readonly #sleep = sleep(10);
 *   override poll(cx: Context): Poll<string> {
 *     if (this.#sleep.poll(cx) === Pending) return Pending;
 *     return "rested";
 *   }
 * }
 * console.log(await run(new Nap())); // rested
 * ```
 */
export const Pending: unique symbol = Symbol.for("pollux.Pending") as never;

/** The type of {@link Pending}. */
export type Pending = typeof Pending;

/**
 * The result of a poll: the value itself, or {@link Pending}. Nothing is allocated for it, and an error is thrown.
 *
 * @typeParam T - what the future resolves to
 */
export type Poll<T> = T | Pending;
