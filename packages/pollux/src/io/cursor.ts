import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncSeek, SeekFrom } from "./async-seek.ts";
import { BufferedReader } from "./buffered-reader.ts";
import { ByteQueue } from "./byte-queue.ts";
import { checkBytes } from "./check.ts";
import { checkSeek, positionOf, Seek } from "./seek.ts";

/**
 * A reader of bytes that are there.
 *
 * @example
 * ```ts
 * const reader = new Cursor(new TextEncoder().encode("one\ntwo\n"));
 * console.log(yield* reader.readLine()); // "one"
 * console.log(reader.position); // 4
 * ```
 */
export class Cursor extends BufferedReader implements AsyncSeek {
  private readonly bytes: Uint8Array;
  /** By how much the position is behind the end. */
  private behind = 0;

  /**
   * @param bytes - not copied, and never written to
   * @throws TypeError if `bytes` is no `Uint8Array`
   */
  constructor(bytes: Uint8Array) {
    checkBytes(bytes, "Cursor");
    super(ByteQueue.of(bytes));
    this.bytes = bytes;
  }

  override pollMore(cx: Context): Poll<boolean> {
    return cx.takeBudget() ? false : Pending;
  }

  override cancelRead(): void {
    // Nobody ever waits.
  }

  /** Does nothing: there is nothing to give back. */
  override close(): void {}

  /** How many bytes come before the next one. It may lie behind the end, where there is nothing to read. */
  get position(): number {
    return this.behind + this.buffered.start;
  }

  pollSeek(cx: Context, offset: number, from: SeekFrom): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const { buffered, bytes } = this;
    const position = positionOf(offset, from, this.position, bytes.length);
    buffered.start = Math.min(position, bytes.length);
    buffered.taken++;
    this.behind = position - buffered.start;
    return position;
  }

  /**
   * Moves to `offset` bytes from the start, from where it is, or from the end, and gives the new position.
   *
   * Fails with `RangeError` if that would be before the start.
   *
   * **Cancel safety.** Safe: it is done at once or not at all.
   *
   * @throws TypeError, RangeError for arguments that make no sense
   */
  seek(offset: number, from: SeekFrom = "start"): Future<number> {
    checkSeek(offset, from);
    return new Seek(this, offset, from);
  }
}
