import { Buffer } from "node:buffer";
import { type AsyncWrite, type Context, Pending, type Poll } from "pollux";
import { Inbox } from "./inbox.ts";

/** Beyond it, bytes are not gathered but written from where they are. */
const SIZE = 65_536;

/**
 * What is to be written in the poll under way, for all connections of a thread: at its end, what the stream did not take
 * is copied to the connection's own {@link Outbox}. So an idle connection holds no buffer, and a head and its body, or
 * several answers, are one write.
 */
const gather = Buffer.allocUnsafeSlow(SIZE);
let gathered = 0;
let owner: Outbox | null = null;

/**
 * The bytes that a connection is to send.
 *
 * @internal
 */
export class Outbox {
  private readonly stream: AsyncWrite;
  /** What the stream did not take. */
  private readonly unsent: Inbox;
  /** A large body, behind all that is gathered. */
  private tail: Uint8Array | null;
  /** Bytes that the stream has taken over, in all. */
  written: number;
  /** Whether the stream itself may hold what it has taken over. */
  private isUnflushed: boolean;

  constructor(stream: AsyncWrite) {
    this.stream = stream;
    this.unsent = new Inbox();
    this.tail = null;
    this.written = 0;
    this.isUnflushed = false;
  }

  get isEmpty(): boolean {
    return !this.isUnflushed && this.isTaken;
  }

  private get isTaken(): boolean {
    return this.unsent.length === 0 && this.tail === null && (owner !== this || gathered === 0);
  }

  /** Whether so much waits that nothing further should be made for it. */
  get isFull(): boolean {
    return this.unsent.length > 0 || this.tail !== null || (owner === this && gathered > SIZE / 2);
  }

  /** Puts text of one byte a character behind what is there. */
  text(text: string): void {
    this.own();
    if (this.isGathering && text.length <= SIZE - gathered) {
      gathered += gather.write(text, gathered, "latin1");
    } else {
      this.spill();
      this.unsent.push(Buffer.from(text, "latin1"));
    }
  }

  /** As `text`, in UTF-8: so many bytes. */
  utf8(text: string, size: number): void {
    this.own();
    if (this.unsent.length === 0 && this.tail === null && size <= SIZE - gathered) {
      gathered += gather.write(text, gathered, "utf8");
    } else this.bytes(Buffer.from(text));
  }

  /** As `text`, for bytes. What is large is not copied unless it has to wait. */
  bytes(bytes: Uint8Array): void {
    this.own();
    if (this.isGathering && bytes.length <= SIZE - gathered) {
      gather.set(bytes, gathered);
      gathered += bytes.length;
    } else if (this.tail === null && bytes.length > SIZE) {
      this.tail = bytes;
    } else {
      this.spill();
      this.unsent.push(bytes);
    }
  }

  /** Whether what is gathered is the last of what is there. */
  private get isGathering(): boolean {
    return this.unsent.length === 0 && this.tail === null;
  }

  private own(): void {
    if (owner === this) return;
    owner?.spill();
    owner = this;
    gathered = 0;
  }

  /** Copies what is gathered to the connection's own buffer. */
  private spill(): void {
    if (owner === this && gathered > 0) this.unsent.push(gather, gathered);
    if (owner === this) gathered = 0;
    if (this.tail !== null) {
      this.unsent.push(this.tail);
      this.tail = null;
    }
  }

  /** Writes all; `Pending` while the stream takes no more. Gives `undefined` when nothing is left. */
  pollFlush(cx: Context): Poll<void> {
    if (!this.isTaken) {
      this.isUnflushed = true;
      if (this.pollWrite(cx) === Pending) return Pending;
    }
    if (this.stream.pollFlush(cx) === Pending) return Pending;
    this.isUnflushed = false;
    return undefined;
  }

  private pollWrite(cx: Context): Poll<void> {
    const { unsent, stream } = this;
    while (unsent.length > 0) {
      const size = stream.pollWrite(cx, unsent.buf.subarray(unsent.start, unsent.end));
      if (size === Pending) {
        this.spillGathered();
        return Pending;
      }
      unsent.skip(size);
      this.written += size;
    }
    if (owner === this && gathered > 0) {
      let at = 0;
      while (at < gathered) {
        const size = stream.pollWrite(cx, gather.subarray(at, gathered));
        if (size === Pending) {
          unsent.push(gather.subarray(at, gathered));
          gathered = 0;
          return Pending;
        }
        at += size;
        this.written += size;
      }
      gathered = 0;
    }
    while (this.tail !== null) {
      const size = stream.pollWrite(cx, this.tail);
      if (size === Pending) return Pending;
      this.written += size;
      this.tail = size === this.tail.length ? null : this.tail.subarray(size);
    }
    return undefined;
  }

  /** Before the tail, which stays where it is. */
  private spillGathered(): void {
    if (owner !== this || gathered === 0) return;
    this.unsent.push(gather, gathered);
    gathered = 0;
  }

  /** Nothing of it will be sent. */
  drop(): void {
    if (owner === this) owner = null;
    this.unsent.skip(this.unsent.length);
    this.tail = null;
    this.isUnflushed = false;
  }
}
