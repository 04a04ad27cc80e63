import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncSeek, SeekFrom } from "../io/async-seek.ts";
import type { Side } from "../io/side.ts";

/** What may have to ask the system for its end. */
export interface SeekSide extends AsyncSeek {
  /** @internal */
  readonly seeking: Side;
  /** @internal */
  readonly inspected: InspectionTarget;
  /** @internal */
  cancelSeek(cx: Context): Poll<void>;
}

/** @internal */
export class FileSeek extends Future<number> {
  /** `null` once over. */
  private stream: SeekSide | null;
  private readonly offset: number;
  private readonly from: SeekFrom;

  constructor(stream: SeekSide, offset: number, from: SeekFrom) {
    super();
    this.stream = stream;
    this.offset = offset;
    this.from = from;
  }

  override poll(cx: Context): Poll<number> {
    const { stream } = this;
    if (stream === null) throw new PollAfterCompletionError("seek()");
    let poll: Poll<number> = Pending;
    let isOver = true;
    try {
      stream.seeking.begin(this);
      poll = stream.pollSeek(cx, this.offset, this.from);
      isOver = poll !== Pending;
    } finally {
      if (isOver) this.end(stream);
    }
    return poll;
  }

  override cancel(cx: Context): Poll<void> {
    const { stream } = this;
    if (stream === null) return undefined;
    return this.end(stream) ? stream.cancelSeek(cx) : undefined;
  }

  private end(stream: SeekSide): boolean {
    this.stream = null;
    return stream.seeking.end(this);
  }

  override inspect(): Inspection {
    const { stream } = this;
    return stream === null ? { op: "seek()" } : { op: "seek() on", target: stream.inspected };
  }
}
