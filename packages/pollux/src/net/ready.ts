import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, Polled } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type Readings, ReadOperation, WriteOperation, type Writings } from "../io/operation.ts";
import { Readiness } from "../reactor/readiness.ts";

/** What an operation on a stream would do now, as far as the reactor knows. */
export interface Ready {
  /** A read gives bytes, or the end. */
  readonly isReadable: boolean;
  /** A write takes bytes over. */
  readonly isWritable: boolean;
  /** The peer has ended its side: nothing comes after what there is. */
  readonly isReadClosed: boolean;
  /** Our side has been ended. */
  readonly isWriteClosed: boolean;
  /** The connection has failed: the next operation says how. */
  readonly isFailed: boolean;
}

/** What is waited for. */
export interface Interest {
  read?: boolean;
  write?: boolean;
}

interface ReadableSide extends Readings {
  pollReadReady(cx: Context): Poll<void>;
}

interface WritableSide extends Writings {
  pollWriteReady(cx: Context): Poll<void>;
}

interface ReadySide extends ReadableSide, WritableSide {
  readonly readiness: number;
}

/** @internal */
export class Readable extends ReadOperation<void, ReadableSide> {
  protected override get what(): string {
    return "readable()";
  }

  protected override attempt(stream: ReadableSide, cx: Context): Poll<void> {
    return stream.pollReadReady(cx);
  }
}

/** @internal */
export class Writable extends WriteOperation<void, WritableSide> {
  protected override get what(): string {
    return "writable()";
  }

  protected override attempt(stream: WritableSide, cx: Context): Poll<void> {
    return stream.pollWriteReady(cx);
  }
}

/**
 * Ready when one of the directions is.
 *
 * @internal
 */
export class WhenReady extends Future<Ready> {
  private readonly stream: ReadySide;
  private readonly read: Readable | null;
  private readonly write: Writable | null;
  private over = false;

  constructor(stream: ReadySide, interest: Interest) {
    super();
    this.stream = stream;
    this.read = interest.read === true ? new Readable(stream) : null;
    this.write = interest.write === true ? new Writable(stream) : null;
  }

  override poll(cx: Context): Poll<Ready> {
    if (this.over) throw new PollAfterCompletionError("ready()");
    try {
      const reads = this.read === null ? Pending : this.read.poll(cx);
      const writes = this.write === null ? Pending : this.write.poll(cx);
      if (reads === Pending && writes === Pending) return Pending;
    } catch (error) {
      this.cancel();
      throw error;
    }
    this.cancel();
    return describe(this.stream.readiness);
  }

  override cancel(): void {
    this.over = true;
    this.read?.cancel();
    this.write?.cancel();
  }

  override inspect(): Inspection {
    const futures = [this.read, this.write].flatMap((each): [string, Polled][] =>
      each === null ? [] : [["", each]],
    );
    return { op: "ready()", futures, any: true };
  }
}

function describe(bits: number): Ready {
  return {
    isReadable: (bits & Readiness.Readable) !== 0,
    isWritable: (bits & Readiness.Writable) !== 0,
    isReadClosed: (bits & Readiness.ReadClosed) !== 0,
    isWriteClosed: (bits & Readiness.WriteClosed) !== 0,
    isFailed: (bits & Readiness.Failed) !== 0,
  };
}
