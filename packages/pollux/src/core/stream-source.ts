import type { Context } from "./context.ts";
import type { Inspection } from "./inspection.ts";
import type { Poll } from "./poll.ts";

/**
 * What a stream gives in place of a value when it is over.
 *
 * Made with `Symbol.for`, so that two copies of Pollux in one program agree on it.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const stream = Stream.from([1, 2]);
 *   for (let n; (n = yield* stream.next()) !== End; ) console.log(n); // 1, then 2
 * });
 * await run(main());
 * ```
 */
export const End: unique symbol = Symbol.for("pollux.End") as never;

/** The type of {@link End}. */
export type End = typeof End;

/**
 * What gives values one after the other, by polls: the protocol of streams. Channels, intervals and signals have it, and
 * `new Stream(source)` puts the adapters on it.
 *
 * Rules for who writes one:
 * 1. Nothing happens before the first poll.
 * 2. Whoever returns `Pending` has seen to it that the waker of the *most recent* poll is woken when there is progress to
 *    make.
 * 3. A value that was not given is kept for the next poll: so to give up waiting between two polls loses nothing.
 * 4. An error is thrown, and does not end the stream by itself: a source that cannot go on gives `End` after it.
 * 5. After `End`, each later poll gives `End`, unless there can be more again: in a collection that is filled while it
 *    runs, such as `FuturesUnordered`. `fuse` makes the first `End` the last.
 * 6. `cancel` releases what is held, may be called at any time, and may return `Pending` to clean up, as that of a future.
 *    After it only `cancel` may be called, which does nothing once it has ended. After `End` there is nothing to release: a
 *    source that ends has cleaned up.
 * 7. A source that has values at hand takes a unit of budget for each (`cx.takeBudget()`), so that a loop over it cannot keep
 *    others from running.
 * 8. `cancelNext` says that whoever waits in `pollNext` waits no longer. Nothing is lost by it, and the next poll waits anew;
 *    until then nobody is woken. A source that is registered somewhere while it waits (counted as outstanding, with a timer
 *    armed, as the one reader of a connection) takes that back; an adapter passes it on; what waits nowhere leaves it out. A
 *    future that is under way inside the stream stays as it is. It may be called at any time up to a `cancel`, and does
 *    nothing if nobody waits.
 *
 * @typeParam T - what it gives; `undefined` is a value like any other
 *
 * @example A source of one's own: what a callback is called with.
 * ```ts
 * class Callback<T> implements StreamSource<T> {
 *   readonly #values: T[] = [];
 *   #waker: Waker | undefined;
 *   readonly call = (value: T): void => {
 *     this.#values.push(value);
 *     this.#waker?.wake();
 *   };
 *   pollNext(cx: Context): Poll<T | End> {
 *     if (this.#values.length > 0) return cx.takeBudget() ? (this.#values.shift() as T) : Pending;
 *     this.#waker = cx.waker;
 *     return Pending;
 *   }
 *   cancel(): void {
 *     this.#waker = undefined;
 *   }
 * }
 * const main = co(function* () {
 *   const clicks = new Callback<number>();
 *   for (const n of [1, 2, 3]) clicks.call(n);
 *   console.log(yield* new Stream(clicks).map((n) => n * 10).take(2).collect()); // [10, 20]
 * });
 * await run(main());
 * ```
 */
export interface StreamSource<T> {
  /** The next value, or {@link End}. */
  pollNext(cx: Context): Poll<T | End>;
  /** Whoever waits in `pollNext` waits no longer; nothing is lost. */
  cancelNext?(): void;
  /** Gives the stream up. The reason is `cx.cancelReason`. */
  cancel(cx: Context): Poll<void>;
  /**
   * Tells a dump what the next value waits for, as {@link Future.inspect} does. One that is made of others names them in
   * `futures`, or passes on what they tell. Without it, a dump names the class.
   *
   * @example
   * ```ts
   * class Doorbell implements StreamSource<string> {
   *   waker: Waker | null = null;
   *   pollNext(cx: Context): Poll<string | End> {
   *     this.waker = cx.waker;
   *     return Pending;
   *   }
   *   cancel(): void {
   *     this.waker = null;
   *   }
   *   inspectNext(): Inspection {
   *     return { op: "ring of", target: { kind: "doorbell", key: this }, state: "silent" };
   *   }
   * }
   * const runtime = new Runtime();
   * runtime.spawn(new Stream(new Doorbell()).first(), { name: "host" });
   * await new Promise((resolve) => setImmediate(resolve));
   * console.log(/ring of doorbell #\d+ \(silent\)/.test(runtime.dump())); // true
   * ```
   */
  inspectNext?(): Inspection;
}
