import type { Cancellable } from "../core/cleanup.ts";
import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { type Inspection, inspectionOf } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { BaseStream } from "./base-stream.ts";
import { type Lender, Next } from "./next.ts";
import { disposalsOf, Teardown } from "./teardown.ts";

/** Lends what comes next without taking it. */
class Peeking<T> implements Lender<T> {
  private readonly of: Peekable<T>;

  constructor(of: Peekable<T>) {
    this.of = of;
  }

  pollFor(borrower: object, cx: Context): Poll<T | End> {
    return this.of.peekFor(borrower, cx);
  }

  leave(borrower: object): void {
    this.of.leave(borrower);
  }

  inspectNext(): Inspection {
    return this.of.inspectNext();
  }
}

/**
 * A stream whose next value can be looked at before it is taken; made by {@link Stream.peekable}. `Stream.from` puts the
 * adapters on it.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const digits = Stream.from([1, 2]).peekable();
 *   console.log(yield* digits.peek(), yield* digits.next(), yield* digits.next()); // 1 1 2
 *   console.log((yield* digits.peek()) === End); // true
 * });
 * await run(main());
 * ```
 */
export class Peekable<T> extends BaseStream<T> {
  private readonly source: StreamSource<T>;
  /** What was looked at and not taken; `Pending` for none. */
  private peeked: Poll<T | End>;
  private teardown: Cancellable | null;

  /** @internal */
  constructor(source: StreamSource<T>) {
    super();
    this.source = source;
    this.peeked = Pending;
    this.teardown = null;
  }

  /**
   * What `next` will give, which stays there. An error is thrown as `next` would, and is then gone.
   *
   * **Cancel safety.** Safe: nothing is taken.
   *
   * @throws FutureInUseError (the future) if a `next` or another `peek` waits
   */
  peek(): Future<T | End> {
    return new Next(new Peeking(this));
  }

  /** As {@link peek}, for who writes a stream of their own. */
  pollPeek(cx: Context): Poll<T | End> {
    if (this.peeked === Pending) this.peeked = this.source.pollNext(cx);
    return this.peeked;
  }

  /** @internal */
  peekFor(borrower: object, cx: Context): Poll<T | End> {
    this.admit(borrower);
    const poll = this.pollPeek(cx);
    this.borrower = poll === Pending ? borrower : null;
    return poll;
  }

  override pollNext(cx: Context): Poll<T | End> {
    const { peeked } = this;
    if (peeked === Pending) return this.source.pollNext(cx);
    this.peeked = Pending;
    return peeked;
  }

  override cancelNext(): void {
    this.source.cancelNext?.();
  }

  override cancel(cx: Context): Poll<void> {
    this.teardown ??= new Teardown([this.source, ...disposalsOf([this.peeked])]);
    return this.teardown.cancel(cx);
  }

  override inspectNext(): Inspection {
    return inspectionOf(this.source);
  }
}
