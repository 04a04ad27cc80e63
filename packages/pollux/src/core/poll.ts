/**
 * The one sentinel of the library: what `poll` returns when there is no value yet.
 *
 * Made with `Symbol.for`, so that two copies of Pollux in one program agree on it.
 *
 * @example
 * ```ts
 * const poll = future.poll(cx);
 * if (poll === Pending) return Pending;
 * use(poll);
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
