import type { Context } from "../core/context.ts";
import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { BufferedReader } from "./buffered-reader.ts";

/**
 * What is between delimiters, as bytes.
 *
 * @internal
 */
export class Segments implements StreamSource<Uint8Array> {
  /** `null` once over. */
  private reader: BufferedReader | null;
  private readonly delimiter: number;
  private readonly limit: number;
  /** Bytes of the buffer among which there is no delimiter, if nothing was taken out since `taken`. */
  private searched = 0;
  private taken = 0;
  /** What has been too long is read over, up to its end. */
  private discarding = false;

  constructor(reader: BufferedReader, delimiter: number, limit: number) {
    this.reader = reader;
    this.delimiter = delimiter;
    this.limit = limit;
  }

  pollNext(cx: Context): Poll<Uint8Array | End> {
    const { reader } = this;
    if (reader === null) return End;
    reader.reading.begin(this);
    try {
      return this.attempt(reader, cx);
    } finally {
      reader.reading.end(this);
    }
  }

  private attempt(reader: BufferedReader, cx: Context): Poll<Uint8Array | End> {
    if (!cx.takeBudget()) return Pending;
    const { buffered } = reader;
    for (;;) {
      if (this.taken !== reader.taken) {
        this.searched = 0;
        this.taken = reader.taken;
      }
      const before = buffered.indexOf(this.delimiter, this.searched);
      if (before >= 0) {
        if (this.discarding) {
          this.discarding = false;
          reader.consume(before + 1);
          continue;
        }
        return this.give(reader, before, before + 1);
      }
      this.searched = buffered.length;
      if (this.discarding) reader.consume(buffered.length);
      else if (buffered.length > this.limit) {
        this.discarding = true;
        return this.give(reader, buffered.length, buffered.length);
      }
      const more = reader.pollMore(cx);
      if (more === Pending) {
        cx.refundBudget();
        return Pending;
      }
      if (!more) {
        if (buffered.length > 0) return this.give(reader, buffered.length, buffered.length);
        this.reader = null;
        return End;
      }
    }
  }

  private give(reader: BufferedReader, length: number, taken: number): Uint8Array {
    if (length > this.limit) {
      reader.consume(taken);
      throw new TooLongError("the piece before a delimiter", this.limit);
    }
    const bytes = reader.buffered.view().slice(0, length);
    reader.consume(taken);
    return bytes;
  }

  cancel(): Poll<void> {
    this.reader?.cancelRead();
    this.reader = null;
  }
}
