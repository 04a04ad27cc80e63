import { write } from "node:fs";
import type { Context } from "../core/context.ts";
import { WriteZeroError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Position } from "./position.ts";

/**
 * The writing side of a file. A write is taken over into a buffer of this, and a thread writes it: so a write that is given
 * up has written nothing, and one that was taken over goes on by itself. Its failure is thrown by the next operation.
 */
export class FileWriting {
  readonly waiting: Waiting;
  isBusy: boolean;
  /** Told whenever nothing is being written any more. */
  onIdle: () => void;
  private readonly descriptor: Descriptor;
  private readonly position: Position;
  private readonly isAppending: boolean;
  private readonly piece: number;
  private buffer: Uint8Array;
  private failure: Error | null;
  /** What is to be done when nothing is being written any more. */
  private queue: (() => void)[];

  /** @param piece - bytes that one operation takes over at most */
  constructor(descriptor: Descriptor, position: Position, isAppending: boolean, piece: number) {
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.isBusy = false;
    this.onIdle = () => {};
    this.descriptor = descriptor;
    this.position = position;
    this.isAppending = isAppending;
    this.piece = piece;
    this.buffer = new Uint8Array(0);
    this.failure = null;
    this.queue = [];
  }

  pollWrite(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    if (!this.isReady(cx)) return Pending;
    let size = 0;
    for (const buf of bufs) size += buf.length;
    size = Math.min(size, this.piece);
    if (size === 0) return 0;
    if (this.buffer.length < size) this.buffer = new Uint8Array(size);
    let filled = 0;
    for (const buf of bufs) {
      const part = buf.subarray(0, size - filled);
      this.buffer.set(part, filled);
      filled += part.length;
    }
    this.begin(size);
    return size;
  }

  /** Ready once nothing is being written. */
  pollIdle(cx: Context): Poll<void> {
    return this.isReady(cx) ? undefined : Pending;
  }

  private isReady(cx: Context): boolean {
    this.descriptor.check();
    if (!cx.takeBudget()) return false;
    if (this.isBusy) {
      cx.refundBudget();
      this.waiting.begin(cx);
      return false;
    }
    const failure = this.takeFailure();
    if (failure !== null) throw failure;
    return true;
  }

  /** What a write that was taken over has failed with; once. */
  takeFailure(): Error | null {
    const { failure } = this;
    this.failure = null;
    return failure;
  }

  /** Calls it once nothing is being written: at once, if that is so. */
  whenIdle(fn: () => void): void {
    if (this.isBusy) this.queue.push(fn);
    else fn();
  }

  private begin(size: number): void {
    this.isBusy = true;
    this.descriptor.enter();
    const at = this.isAppending ? null : this.position.forSystem;
    if (at !== null) this.position.moveTo(at + size);
    else if (this.position.isSeekable) this.position.version++;
    this.put(0, size, at, this.position.version);
  }

  /** Writes what is left. The system may take less than it is given. */
  private put(from: number, to: number, at: number | null, version: number): void {
    write(this.descriptor.fd, this.buffer, from, to - from, at, (error, count) => {
      const next = from + (error === null ? count : 0);
      if (error === null && count > 0 && next < to)
        this.put(next, to, at === null ? null : at + count, version);
      else this.ended(error ?? (count === 0 ? new WriteZeroError() : null), to - next, at !== null, version);
    });
  }

  private ended(failure: Error | null, missing: number, isPositional: boolean, version: number): void {
    // The next write goes to where this one has stopped, unless somebody has moved meanwhile.
    if (missing > 0 && isPositional && this.position.version === version)
      this.position.moveTo(this.position.offset - missing);
    this.isBusy = false;
    this.failure = failure;
    const { queue } = this;
    this.queue = [];
    for (const fn of queue) fn();
    this.onIdle();
    this.waiting.wake();
    this.descriptor.leave();
  }
}
