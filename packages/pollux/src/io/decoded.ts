import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { BufferedReader } from "./buffered-reader.ts";
import type { Decoder } from "./codec.ts";

/**
 * What a decoder makes of the bytes of a reader, which is borrowed: to give up leaves it open, and others may read in
 * between.
 *
 * @internal
 */
export class Decoded<T> implements StreamSource<T> {
  /** `null` once over. */
  private reader: BufferedReader | null;
  private readonly decoder: Required<Decoder<T>>;

  constructor(reader: BufferedReader, decoder: Required<Decoder<T>>) {
    this.reader = reader;
    this.decoder = decoder;
  }

  pollNext(cx: Context): Poll<T | End> {
    const { reader } = this;
    if (reader === null) return End;
    reader.reading.begin(this);
    let poll: Poll<T | End>;
    try {
      poll = this.attempt(reader, cx);
    } catch (error) {
      reader.reading.end(this);
      throw error;
    }
    if (poll !== Pending) reader.reading.end(this);
    return poll;
  }

  private attempt(reader: BufferedReader, cx: Context): Poll<T | End> {
    if (!cx.takeBudget()) return Pending;
    const { buffered } = reader;
    for (;;) {
      const frame = this.decoder.decode(buffered);
      if (frame !== Pending) return frame;
      const more = reader.pollMore(cx);
      if (more === Pending) {
        cx.refundBudget();
        return Pending;
      }
      if (more) continue;
      const last = this.decoder.decodeEnd(buffered);
      if (last !== Pending) return last;
      this.reader = null;
      return End;
    }
  }

  /** Another operation that waits on the reader goes on. */
  cancelNext(): void {
    const { reader } = this;
    if (reader?.reading.end(this) === true) reader.cancelRead();
  }

  cancel(): Poll<void> {
    this.cancelNext();
    this.reader = null;
  }

  inspectNext(): Inspection {
    const { reader } = this;
    return reader === null ? { op: "read" } : { op: "read from", target: reader.inspected };
  }
}
