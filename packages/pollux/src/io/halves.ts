import { Context, type Waker } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { ReadSide, WriteSide } from "./operation.ts";
import { Reader } from "./reader.ts";
import { Writer } from "./writer.ts";

/** What has two sides. */
export interface TwoSided extends ReadSide, WriteSide {
  /** Closes both sides. Idempotent. */
  close(): void;
}

/** What the halves of a stream have in common. */
class Shared<S extends TwoSided> {
  readonly stream: S;
  /** Whether the halves own it, and close it. */
  readonly owned: boolean;
  private open = 2;

  constructor(stream: S, owned: boolean) {
    this.stream = stream;
    this.owned = owned;
  }

  /** One of the halves has been closed. */
  leave(): void {
    if (--this.open === 0 && this.owned) this.stream.close();
  }
}

/** Nobody waits: what is begun with it goes on by itself, or not at all. */
class Unattended extends Context {
  override wake(): void {}
}

/**
 * The reading side of a stream; made by `split` and `intoSplit`.
 *
 * @typeParam S - the stream
 */
export class ReadHalf<S extends TwoSided> extends Reader {
  private readonly shared: Shared<S>;
  /** Who waits: the stream does not tell them of a close. */
  private waker: Waker | null = null;
  private isClosed = false;

  /** @internal */
  constructor(shared: Shared<S>) {
    super(shared.stream.reading);
    this.shared = shared;
  }

  /** What it is a half of: for what else that can do. It is not to be closed by this way. */
  get stream(): S {
    return this.shared.stream;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.isClosed) throw new ClosedError("the reading half");
    const poll = this.shared.stream.pollRead(cx, buf);
    this.waker = poll === Pending ? cx.waker : null;
    return poll;
  }

  override cancelRead(): void {
    this.waker = null;
    this.shared.stream.cancelRead();
  }

  /** The half is over, and whoever waits on it gets `ClosedError`; an owned stream is closed with the other half. Idempotent. */
  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { waker } = this;
    if (waker !== null) this.cancelRead();
    this.shared.leave();
    waker?.wake();
  }

  /** Whether the two are halves of one stream, from one split. */
  isPairOf(writer: WriteHalf<S>): boolean {
    return writer.isOf(this.shared);
  }

  /**
   * Gives the stream back. Both halves are over then, and it is no longer closed with them.
   *
   * @throws RangeError if the two are no pair
   * @throws ClosedError if one of them was closed
   */
  reunite(writer: WriteHalf<S>): S {
    if (!this.isPairOf(writer))
      throw new RangeError("the reading and the writing half are those of two streams, or of two splits");
    if (this.isClosed) throw new ClosedError("the reading half");
    writer.giveUp();
    this.isClosed = true;
    return this.shared.stream;
  }
}

/**
 * The writing side of a stream; made by `split` and `intoSplit`.
 *
 * @typeParam S - the stream
 */
export class WriteHalf<S extends TwoSided> extends Writer {
  private readonly shared: Shared<S>;
  /** Who waits: the stream does not tell them of a close. */
  private waker: Waker | null = null;
  private isClosed = false;

  /** @internal */
  constructor(shared: Shared<S>) {
    super(shared.stream.writing);
    this.shared = shared;
  }

  /** What it is a half of: for what else that can do. It is not to be closed by this way. */
  get stream(): S {
    return this.shared.stream;
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.noting(cx, this.open.pollWrite(cx, buf));
  }

  override get isWriteVectored(): boolean {
    return this.shared.stream.isWriteVectored;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.noting(cx, this.open.pollWriteVectored(cx, bufs));
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.noting(cx, this.open.pollFlush(cx));
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.noting(cx, this.open.pollShutdown(cx));
  }

  override cancelWrite(): void {
    this.waker = null;
    this.shared.stream.cancelWrite();
  }

  /**
   * The half is over, and whoever waits on it gets `ClosedError`. The write side of an owned stream is shut down, in the background, and the stream closed with the
   * other half. Idempotent.
   */
  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    const { shared, waker } = this;
    if (waker !== null) this.cancelWrite();
    if (shared.owned) {
      try {
        shared.stream.pollShutdown(new Unattended());
      } catch {
        // It was over already, or has failed: whoever reads learns of it.
      }
      shared.stream.cancelWrite();
    }
    shared.leave();
    waker?.wake();
  }

  /** @internal */
  isOf(shared: Shared<S>): boolean {
    return this.shared === shared;
  }

  /** @internal */
  giveUp(): void {
    if (this.isClosed) throw new ClosedError("the writing half");
    this.isClosed = true;
  }

  private noting<T>(cx: Context, poll: Poll<T>): Poll<T> {
    this.waker = poll === Pending ? cx.waker : null;
    return poll;
  }

  private get open(): S {
    if (this.isClosed) throw new ClosedError("the writing half");
    return this.shared.stream;
  }
}

/** @internal */
export function split<S extends TwoSided>(stream: S): [ReadHalf<S>, WriteHalf<S>] {
  return halves(new Shared(stream, false));
}

/** @internal */
export function intoSplit<S extends TwoSided>(stream: S): [ReadHalf<S>, WriteHalf<S>] {
  return halves(new Shared(stream, true));
}

function halves<S extends TwoSided>(shared: Shared<S>): [ReadHalf<S>, WriteHalf<S>] {
  return [new ReadHalf(shared), new WriteHalf(shared)];
}
