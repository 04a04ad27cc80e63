import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { Iter } from "./iter.ts";
import { Next } from "./next.ts";

/**
 * Values that come one after the other.
 *
 * @typeParam T - what it gives
 */
export class Stream<T> implements StreamSource<T> {
  private readonly source: StreamSource<T>;

  /** Puts the adapters on a source, which is the stream's own from then on. */
  constructor(source: StreamSource<T>) {
    this.source = source;
  }

  /**
   * The values of an iterable.
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   console.log(yield* Stream.from("abc").next()); // "a"
   * });
   * await run(main());
   * ```
   */
  static from<T>(input: Iterable<T>): Stream<T> {
    return new Stream(new Iter(input));
  }

  pollNext(cx: Context): Poll<T | End> {
    return this.source.pollNext(cx);
  }

  cancel(cx: Context): Poll<void> {
    return this.source.cancel(cx);
  }

  /**
   * The next value, or {@link End}.
   *
   * **Cancel safety.** Safe: a value that has not been given stays for the next one.
   */
  next(): Future<T | End> {
    return new Next(this.source);
  }
}
