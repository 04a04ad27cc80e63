import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import { checkSize } from "./check.ts";
import { Reader } from "./reader.ts";
import { readSideOf } from "./side.ts";

/** A reader of the first bytes of another one; made by {@link take}. */
export class TakeReader extends Reader {
  private readonly inner: AsyncRead;
  private left: number;

  /** @internal */
  constructor(inner: AsyncRead, left: number) {
    super(readSideOf(inner));
    this.inner = inner;
    this.left = left;
  }

  /**
   * How many bytes it still gives. It may be set anew.
   *
   * @throws TypeError, RangeError if it is no number of bytes
   */
  get limit(): number {
    return this.left;
  }

  set limit(limit: number) {
    this.left = checkSize("limit", limit, 0);
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.left === 0) return cx.takeBudget() ? 0 : Pending;
    const size = this.inner.pollRead(cx, buf.length > this.left ? buf.subarray(0, this.left) : buf);
    if (size === Pending) return Pending;
    if (size > this.left)
      throw new RangeError(`the reader says it has read ${size} bytes, where ${this.left} were asked for`);
    this.left -= size;
    return size;
  }

  override cancelRead(): void {
    this.inner.cancelRead();
  }

  override close(): void {
    this.inner.close();
  }
}

/**
 * The next bytes of a reader, `limit` at most, as a reader of its own. What comes behind them stays with the first one;
 * which is closed with this one.
 *
 * @param limit - bytes
 * @throws TypeError, RangeError if `limit` is no number of bytes
 *
 * @example
 * ```ts
 * const reader = new Cursor(Uint8Array.of(1, 2, 3, 4));
 * console.log(yield* take(reader, 3).readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
 * console.log(yield* reader.readToEnd()); // Uint8Array(1) [ 4 ]
 * ```
 */
export function take(reader: AsyncRead, limit: number): TakeReader {
  return new TakeReader(reader, checkSize("limit", limit, 0));
}
