import type { Context } from "../core/context.ts";
import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { BufferedReader } from "./buffered-reader.ts";
import { decodeUtf8 } from "./utf8.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** The most bytes that are decoded at once, unless a line is longer. */
const BATCH = 65_536;

/**
 * The lines of a reader.
 *
 * To decode each line for itself costs several times as much as to cut it out of text. So all lines that are buffered
 * are decoded together, up to `BATCH` bytes; each is taken out of the buffer only when it is given. What somebody else
 * has taken out meanwhile, `taken` tells, and the text is thrown away.
 *
 * @internal
 */
export class Lines implements StreamSource<string> {
  /** `null` once over. */
  private reader: BufferedReader | null;
  private readonly limit: number;
  private readonly fatal: boolean;
  /** Whole lines, of which those from `at` on are still in the buffer, from its front on. */
  private text = "";
  private at = 0;
  /** Whether each character of `text` is one byte. */
  private isAscii = true;
  /** `reader.taken` when this was last used: the above, and `searched`, hold if it is still the same. */
  private taken = 0;
  /** Bytes of the buffer among which there is no end of a line. */
  private searched = 0;
  /** Bytes of the buffer that cannot be decoded together, since there is a line among them that is no UTF-8. */
  private singly = 0;
  /** A line that has been too long is read over, up to its end. */
  private discarding = false;

  constructor(reader: BufferedReader, limit: number, fatal: boolean) {
    this.reader = reader;
    this.limit = limit;
    this.fatal = fatal;
  }

  pollNext(cx: Context): Poll<string | End> {
    const { reader } = this;
    if (reader === null) return End;
    reader.reading.begin(this);
    try {
      return this.attempt(reader, cx);
    } finally {
      reader.reading.end(this);
    }
  }

  private attempt(reader: BufferedReader, cx: Context): Poll<string | End> {
    if (!cx.takeBudget()) return Pending;
    if (this.taken !== reader.taken) this.forget(reader);
    if (this.at < this.text.length) return this.cut(reader);
    const { buffered } = reader;
    for (;;) {
      const end = buffered.indexOf(NEWLINE, this.searched);
      if (end >= 0) {
        this.searched = 0;
        if (!this.discarding) return this.decode(reader, end);
        this.discarding = false;
        this.consume(reader, end + 1);
        continue;
      }
      if (this.discarding) this.consume(reader, buffered.length);
      else if (buffered.length > this.limit) {
        this.discarding = true;
        return this.single(reader, buffered.length, buffered.length);
      }
      this.searched = buffered.length;
      const more = reader.pollMore(cx);
      if (more === Pending) {
        cx.refundBudget();
        return Pending;
      }
      if (!more) {
        if (buffered.length > 0) return this.single(reader, buffered.length, buffered.length);
        this.reader = null;
        return End;
      }
    }
  }

  /** Decodes all whole lines that are buffered, of which the first ends at `end`, and gives that one. */
  private decode(reader: BufferedReader, end: number): string {
    const { buffered } = reader;
    const size = buffered.view().subarray(0, BATCH).lastIndexOf(NEWLINE) + 1;
    if (this.singly > 0 || size <= end + 1) return this.line(reader, end);
    try {
      this.text = decodeUtf8(buffered.view().subarray(0, size), this.fatal, "the lines");
    } catch {
      // One of them is to fail, not all.
      this.singly = size;
      return this.line(reader, end);
    }
    this.at = 0;
    this.isAscii = this.text.length === size;
    return this.cut(reader);
  }

  /** Gives the next line of `text`. */
  private cut(reader: BufferedReader): string {
    const { text, at } = this;
    const end = text.indexOf("\n", at);
    const size = this.isAscii ? end - at : reader.buffered.indexOf(NEWLINE);
    this.at = end + 1;
    this.consume(reader, size + 1);
    if (size > this.limit) throw new TooLongError("the line", this.limit);
    const line = text.slice(at, end > at && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end);
    // What is cut out of a text keeps it all in memory; with its last line goes our part in that.
    if (this.at === text.length) {
      this.text = "";
      this.at = 0;
    }
    return line;
  }

  /** Gives the line that ends at `end`. */
  private line(reader: BufferedReader, end: number): string {
    const returns = end > 0 && reader.buffered.at(end - 1) === CARRIAGE_RETURN;
    return this.single(reader, returns ? end - 1 : end, end + 1);
  }

  /** Gives a line of `length` bytes, and takes so many out. */
  private single(reader: BufferedReader, length: number, taken: number): string {
    const bytes = reader.buffered.view().subarray(0, length);
    try {
      if (length > this.limit) throw new TooLongError("the line", this.limit);
      return decodeUtf8(bytes, this.fatal, "the line");
    } finally {
      this.consume(reader, taken);
    }
  }

  private consume(reader: BufferedReader, size: number): void {
    reader.consume(size);
    this.taken = reader.taken;
    this.singly = Math.max(0, this.singly - size);
    this.searched = 0;
  }

  private forget(reader: BufferedReader): void {
    this.taken = reader.taken;
    this.text = "";
    this.at = 0;
    this.searched = 0;
    this.singly = 0;
  }

  cancel(): Poll<void> {
    this.reader?.cancelRead();
    this.reader = null;
    this.text = "";
  }
}
