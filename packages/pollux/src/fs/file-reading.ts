import { read } from "node:fs";
import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";
import type { Descriptor } from "./descriptor.ts";
import type { FileWriting } from "./file-writing.ts";
import type { Position } from "./position.ts";

/** Nothing is there; a thread reads; bytes, the end or an error are there. */
const Idle = 0;
const Busy = 1;
const Ready = 2;

/**
 * The reading side of a file. A thread reads into a buffer of this, since that of a poll is borrowed for the call alone;
 * what it has read when the read is given up stays for the next one.
 */
export class FileReading {
  readonly waiting: Waiting;
  private readonly descriptor: Descriptor;
  private readonly position: Position;
  private readonly writing: FileWriting;
  private readonly piece: number;
  private buffer: Uint8Array;
  private state: number;
  /** The bytes that are there, in the buffer. Both are 0 at the end of the file. */
  private start: number;
  private end: number;
  private error: Error | null;
  /** The position's, when the thread began. */
  private version: number;

  /** @param piece - bytes that one operation reads at most */
  constructor(descriptor: Descriptor, position: Position, writing: FileWriting, piece: number) {
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.descriptor = descriptor;
    this.position = position;
    this.writing = writing;
    this.piece = piece;
    this.buffer = new Uint8Array(0);
    this.state = Idle;
    this.start = 0;
    this.end = 0;
    this.error = null;
    this.version = 0;
  }

  poll(cx: Context, buf: Uint8Array): Poll<number> {
    this.descriptor.check();
    if (!cx.takeBudget()) return Pending;
    if (this.state === Ready && this.version !== this.position.version) this.forget();
    if (this.state === Ready) return this.give(buf);
    // What is being written is to be read.
    if (this.state === Idle && !(this.position.isSeekable && this.writing.isBusy)) this.begin(buf.length);
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  private give(buf: Uint8Array): number {
    const { error, start } = this;
    if (error !== null) {
      this.forget();
      throw error;
    }
    const size = Math.min(buf.length, this.end - start);
    buf.set(this.buffer.subarray(start, start + size));
    this.start += size;
    this.position.offset += size;
    if (this.start === this.end) this.forget();
    return size;
  }

  private forget(): void {
    this.state = Idle;
    this.error = null;
    this.start = 0;
    this.end = 0;
  }

  private begin(room: number): void {
    const size = Math.min(room, this.piece);
    if (this.buffer.length < size) this.buffer = new Uint8Array(size);
    this.state = Busy;
    this.version = this.position.version;
    this.descriptor.enter();
    read(this.descriptor.fd, this.buffer, 0, size, this.position.forSystem, (error, count) => {
      this.state = Ready;
      this.error = error;
      this.end = error === null ? count : 0;
      this.waiting.wake();
      this.descriptor.leave();
    });
  }
}
