import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncSeek, SeekFrom } from "./async-seek.ts";
import { inspectedOf } from "./inspected.ts";

/** @internal */
export function checkSeek(offset: number, from: SeekFrom): void {
  if (typeof offset !== "number")
    throw new TypeError(`offset must be a number of bytes, not ${typeof offset}`);
  if (!Number.isInteger(offset))
    throw new RangeError(`offset must be a whole number of bytes, not ${offset}`);
  if (from !== "start" && from !== "current" && from !== "end")
    throw new TypeError(`from must be "start", "current" or "end", not ${String(from)}`);
}

/**
 * The position that an offset stands for.
 *
 * @throws RangeError if it is before the start
 *
 * @internal
 */
export function positionOf(offset: number, from: SeekFrom, current: number, end: number): number {
  const base = from === "start" ? 0 : from === "current" ? current : end;
  const position = base + offset;
  if (position < 0) throw new RangeError(`cannot seek to ${position}, which is before the start`);
  return position;
}

/** @internal */
export class Seek extends Future<number> {
  /** `null` once over. */
  private stream: AsyncSeek | null;
  private readonly offset: number;
  private readonly from: SeekFrom;

  constructor(stream: AsyncSeek, offset: number, from: SeekFrom) {
    super();
    this.stream = stream;
    this.offset = offset;
    this.from = from;
  }

  override poll(cx: Context): Poll<number> {
    const { stream } = this;
    if (stream === null) throw new PollAfterCompletionError("seek()");
    let poll: Poll<number>;
    try {
      poll = stream.pollSeek(cx, this.offset, this.from);
    } catch (error) {
      this.stream = null;
      throw error;
    }
    if (poll !== Pending) this.stream = null;
    return poll;
  }

  override cancel(): void {
    this.stream = null;
  }

  override inspect(): Inspection {
    return this.stream === null ? { op: "seek()" } : { op: "seek() on", target: inspectedOf(this.stream) };
  }
}
