import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import type { AsyncWrite } from "./async-write.ts";
import type { Inspected } from "./inspected.ts";
import type { Side } from "./side.ts";

/** What one operation at a time takes something from. */
export interface Readings extends Inspected {
  /** @internal */
  readonly reading: Side;
  /** Whoever waits for it waits no longer. */
  cancelRead(): void;
}

/** What one operation at a time gives something to. */
export interface Writings extends Inspected {
  /** @internal */
  readonly writing: Side;
  /** Whoever waits for it waits no longer. */
  cancelWrite(): void;
}

/** What bytes can be read from, one operation at a time. */
export interface ReadSide extends AsyncRead, Readings {}

/** What bytes can be written to, one operation at a time. */
export interface WriteSide extends AsyncWrite, Writings {}

/**
 * An operation on a side of `S`, which is its own from the first poll to the end.
 *
 * @internal
 */
abstract class Operation<S extends Inspected, T> extends Future<T> {
  /** `null` once over. */
  protected stream: S | null;

  constructor(stream: S) {
    super();
    this.stream = stream;
  }

  /** Names it in errors: `"read()"`. */
  protected abstract readonly what: string;
  protected abstract sideOf(stream: S): Side;
  protected abstract attempt(stream: S, cx: Context): Poll<T>;
  /** Nobody waits any more. */
  protected abstract leave(stream: S): void;

  override poll(cx: Context): Poll<T> {
    const { stream } = this;
    if (stream === null) throw new PollAfterCompletionError(this.what);
    let poll: Poll<T>;
    try {
      this.sideOf(stream).begin(this);
      poll = this.attempt(stream, cx);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.cancel();
    return poll;
  }

  override cancel(): void {
    const { stream } = this;
    if (stream === null) return;
    this.stream = null;
    if (this.sideOf(stream).end(this)) this.leave(stream);
  }

  override inspect(): Inspection {
    const { stream, what } = this;
    return stream === null ? { op: what } : { op: `${what} on`, target: stream.inspected };
  }
}

/** @internal */
export abstract class ReadOperation<T, S extends Readings = ReadSide> extends Operation<S, T> {
  protected override sideOf(stream: S): Side {
    return stream.reading;
  }

  protected override leave(stream: S): void {
    stream.cancelRead();
  }
}

/** @internal */
export abstract class WriteOperation<T, S extends Writings = WriteSide> extends Operation<S, T> {
  protected override sideOf(stream: S): Side {
    return stream.writing;
  }

  protected override leave(stream: S): void {
    stream.cancelWrite();
  }
}
