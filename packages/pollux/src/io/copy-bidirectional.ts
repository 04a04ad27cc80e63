import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { bufferSizeOf, type CopyOptions, type CopyProgress } from "./copy.ts";
import type { Duplex } from "./duplex.ts";
import { waitOn } from "./inspected.ts";
import { Transfer } from "./transfer.ts";

/** Copies in both directions; made by {@link copyBidirectional}. Gives the numbers of bytes. */
export class CopyBidirectional extends Future<[aToB: number, bToA: number]> {
  private readonly a: Duplex;
  private readonly b: Duplex;
  private readonly there: Transfer;
  private readonly back: Transfer;
  /** Whether a direction has come to its end, and the writer was shut down. */
  private isThereOver = false;
  private isBackOver = false;
  /** Which direction comes first: each in its turn, since the first one may spend all the budget. */
  private backFirst = true;
  private over = false;

  /** @internal */
  constructor(a: Duplex, b: Duplex, bufferSize: number) {
    super();
    this.a = a;
    this.b = b;
    this.there = new Transfer(bufferSize);
    this.back = new Transfer(bufferSize);
  }

  /** How far it has come from `a` to `b`. */
  get aToB(): CopyProgress {
    return this.there;
  }

  /** How far it has come from `b` to `a`. */
  get bToA(): CopyProgress {
    return this.back;
  }

  override poll(cx: Context): Poll<[number, number]> {
    if (this.over) throw new PollAfterCompletionError("copyBidirectional()");
    const { a, b } = this;
    try {
      for (const stream of [a, b]) {
        stream.reading.begin(this);
        stream.writing.begin(this);
      }
      this.backFirst = !this.backFirst;
      if (this.backFirst) this.isBackOver ||= oneWay(cx, this.back, b, a);
      this.isThereOver ||= oneWay(cx, this.there, a, b);
      if (!this.backFirst) this.isBackOver ||= oneWay(cx, this.back, b, a);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (!this.isThereOver || !this.isBackOver) return Pending;
    this.cancel();
    return [this.there.copied, this.back.copied];
  }

  override cancel(): void {
    if (this.over) return;
    this.over = true;
    for (const stream of [this.a, this.b]) {
      if (stream.reading.end(this)) stream.cancelRead();
      if (stream.writing.end(this)) stream.cancelWrite();
    }
  }

  override inspect(): Inspection {
    const futures = [waitOn("both ways on", this.a), waitOn("both ways on", this.b)];
    return { op: "copyBidirectional()", futures, any: true };
  }
}

/** Whether all was copied, and the end handed on. */
function oneWay(cx: Context, transfer: Transfer, from: Duplex, to: Duplex): boolean {
  return transfer.poll(cx, from, to) !== Pending && to.pollShutdown(cx) !== Pending;
}

/**
 * Copies between two streams in both directions, as a proxy does, until both have ended; gives the numbers of bytes, from
 * `a` to `b` and from `b` to `a`.
 *
 * When one stream ends, the write side of the other one is shut down, and the other direction goes on. When one fails,
 * the whole fails at once. The streams are not closed.
 *
 * **Cancel safety.** What was read and not written, one buffer of it at most in each direction, is lost to the streams.
 * The future has it in `aToB.unwritten` and `bToA.unwritten`.
 *
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * ```ts
 * const [client, front] = duplex(64);
 * const [back, server] = duplex(64);
 * const proxy = spawn(copyBidirectional(front, back));
 * yield* client.writeAll(Uint8Array.of(1, 2, 3));
 * yield* client.shutdown();
 * console.log(yield* server.readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
 * server.close();
 * console.log(yield* proxy); // [3, 0]
 * ```
 */
export function copyBidirectional(a: Duplex, b: Duplex, options: CopyOptions = {}): CopyBidirectional {
  return new CopyBidirectional(a, b, bufferSizeOf(options));
}
