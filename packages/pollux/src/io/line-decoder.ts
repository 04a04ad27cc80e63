import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";
import type { Decoder } from "./codec.ts";
import { decodeUtf8 } from "./utf8.ts";

const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

/** The most bytes that are decoded at once, unless a line is longer. */
const BATCH = 65_536;

/**
 * Lines, out of a queue that others may take bytes out of too.
 *
 * To decode each line for itself costs several times as much as to cut it out of text. So all whole lines that are there
 * are decoded together, up to `BATCH` bytes; each is taken out of the queue only when it is given. What somebody else has
 * taken out meanwhile, `taken` tells, and the text is thrown away.
 *
 * @internal
 */
export class LineDecoder implements Decoder<string> {
  private readonly limit: number;
  private readonly fatal: boolean;
  /** Whole lines, of which those from `at` on are still in the queue, from its front on. */
  private text = "";
  private at = 0;
  /** Whether each character of `text` is one byte. */
  private isAscii = true;
  /** Bytes of the queue among which there is no end of a line. */
  private searched = 0;
  /** Bytes of the queue that cannot be decoded together, since there is a line among them that is no UTF-8. */
  private singly = 0;
  /** `queue.taken` when this was last used: all of the above holds if it is still the same. */
  private taken = 0;
  /** A line that has been too long is read over, up to its end. */
  private discarding = false;

  constructor(limit: number, fatal: boolean) {
    this.limit = limit;
    this.fatal = fatal;
  }

  decode(queue: ByteQueue): Poll<string> {
    if (this.taken !== queue.taken) this.forget(queue);
    if (this.at < this.text.length) return this.cut(queue);
    let end = queue.indexOf(NEWLINE, this.searched);
    if (this.discarding) {
      this.discarding = end < 0;
      this.consume(queue, end < 0 ? queue.length : end + 1);
      end = queue.indexOf(NEWLINE);
    }
    if (end >= 0) return this.first(queue, end);
    this.searched = queue.length;
    if (queue.length <= this.limit) return Pending;
    this.discarding = true;
    return this.single(queue, queue.length, queue.length);
  }

  decodeEnd(queue: ByteQueue): Poll<string> {
    const line = this.decode(queue);
    if (line !== Pending || queue.length === 0) return line;
    return this.single(queue, queue.length, queue.length);
  }

  /** Decodes all whole lines that are there, of which the first ends at `end`, and gives that one. */
  private first(queue: ByteQueue, end: number): string {
    this.searched = 0;
    const size = queue.view().subarray(0, BATCH).lastIndexOf(NEWLINE) + 1;
    if (this.singly > 0 || size <= end + 1) return this.single(queue, end, end + 1);
    try {
      this.text = decodeUtf8(queue.view().subarray(0, size), this.fatal, "the lines");
    } catch {
      // One of them is to fail, not all.
      this.singly = size;
      return this.single(queue, end, end + 1);
    }
    this.at = 0;
    this.isAscii = this.text.length === size;
    return this.cut(queue);
  }

  /** Gives the next line of `text`. */
  private cut(queue: ByteQueue): string {
    const { text, at } = this;
    const end = text.indexOf("\n", at);
    const size = this.isAscii ? end - at : queue.indexOf(NEWLINE);
    this.at = end + 1;
    this.consume(queue, size + 1);
    // What is cut out of a text keeps it all in memory; with its last line goes our part in that.
    if (this.at === text.length) {
      this.text = "";
      this.at = 0;
    }
    if (size > this.limit) throw new TooLongError("the line", this.limit);
    return text.slice(at, end > at && text.charCodeAt(end - 1) === CARRIAGE_RETURN ? end - 1 : end);
  }

  /** Gives the line of the first `length` bytes, and takes `taken` of them out. */
  private single(queue: ByteQueue, length: number, taken: number): string {
    const returns = taken > length && length > 0 && queue.at(length - 1) === CARRIAGE_RETURN;
    try {
      if (length > this.limit) throw new TooLongError("the line", this.limit);
      return decodeUtf8(queue.view().subarray(0, returns ? length - 1 : length), this.fatal, "the line");
    } finally {
      this.consume(queue, taken);
    }
  }

  private consume(queue: ByteQueue, size: number): void {
    queue.advance(size);
    this.taken = queue.taken;
    this.singly = Math.max(0, this.singly - size);
    this.searched = 0;
  }

  private forget(queue: ByteQueue): void {
    this.taken = queue.taken;
    this.text = "";
    this.at = 0;
    this.searched = 0;
    this.singly = 0;
  }
}
