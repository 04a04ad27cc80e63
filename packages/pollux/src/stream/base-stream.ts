import type { Context } from "../core/context.ts";
import { FutureInUseError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { Close } from "./close.ts";
import { StreamIterator } from "./iterator.ts";
import { Next } from "./next.ts";

/**
 * What a coroutine takes values from one at a time: the base of `Stream` and of the collections that are streams.
 *
 * Invariant: `borrower` is the `next` or the loan that waits; one at a time does, since a source wakes only the latest.
 *
 * @typeParam T - what it gives
 */
export abstract class BaseStream<T> implements StreamSource<T>, AsyncIterable<T>, AsyncDisposable {
  protected borrower: object | null;

  constructor() {
    this.borrower = null;
  }

  abstract pollNext(cx: Context): Poll<T | End>;

  abstract cancel(cx: Context): Poll<void>;

  abstract inspectNext(): Inspection;

  cancelNext(): void {
    // Futures that run in a collection go on being its own.
  }

  /**
   * The next value, or {@link End}. An error of the stream is thrown, and does not end it: the next one may give a value.
   *
   * **Cancel safety.** Safe: a value that has not been given stays for the next one.
   *
   * @throws FutureInUseError (the future) if another `next` waits
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const letters = Stream.from("abc");
   *   for (let letter; (letter = yield* letters.next()) !== End; ) console.log(letter); // a, then b, then c
   * });
   * await run(main());
   * ```
   */
  next(): Future<T | End> {
    this.checkUsable();
    return new Next(this);
  }

  /** Throws if nothing can be taken from it any more. */
  protected checkUsable(): void {
    // Most sources always can.
  }

  /** @internal */
  pollFor(borrower: object, cx: Context): Poll<T | End> {
    this.admit(borrower);
    const poll = this.pollNext(cx);
    this.borrower = poll === Pending ? borrower : null;
    return poll;
  }

  /** Throws if another one waits. */
  protected admit(borrower: object): void {
    if (this.borrower !== null && this.borrower !== borrower) throw this.inUse();
  }

  /** @internal */
  leave(borrower: object): void {
    if (this.borrower !== borrower) return;
    this.borrower = null;
    this.cancelNext();
  }

  /** Throws if somebody waits for a value. */
  protected checkNotLent(): void {
    if (this.borrower !== null) throw this.inUse();
  }

  private inUse(): FutureInUseError {
    return new FutureInUseError("the next value of this stream is being awaited elsewhere");
  }

  /**
   * Gives the stream up and waits for its cleanup. One that has gone into an adapter or a consumer is theirs to close:
   * then it does nothing.
   *
   * **Cancel safety.** Goes on with the cleanup.
   *
   * @throws FutureInUseError if a `next` waits
   * @throws CleanupError (the future) if the cleanup fails
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const numbers = Stream.make(function* (emit) {
   *     try {
   *       for (let n = 1; ; n++) yield* emit(n);
   *     } finally {
   *       console.log("closed"); // closed
   *     }
   *   });
   *   console.log(yield* numbers.next()); // 1
   *   yield* numbers.close();
   * });
   * await run(main());
   * ```
   */
  close(): Future<void> {
    this.checkNotLent();
    return new Close(this);
  }

  /**
   * The values, for `for await` in code outside of the runtime: each step is a task on the current runtime, or on the
   * default one. The loop owns the stream: to leave it early closes the stream and waits for its cleanup, and so does an
   * error.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    return new StreamIterator(this);
  }

  /** As {@link BaseStream.close}; what `await using` calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
