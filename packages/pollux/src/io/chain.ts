import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import { Reader } from "./reader.ts";

class Chain extends Reader {
  private readonly first: AsyncRead;
  private readonly second: AsyncRead;
  private isFirstOver = false;

  constructor(first: AsyncRead, second: AsyncRead) {
    super();
    this.first = first;
    this.second = second;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!this.isFirstOver) {
      const size = this.first.pollRead(cx, buf);
      if (size === Pending || size > 0 || buf.length === 0) return size;
      this.isFirstOver = true;
    }
    return this.second.pollRead(cx, buf);
  }

  override cancelRead(): void {
    (this.isFirstOver ? this.second : this.first).cancelRead();
  }

  override close(): void {
    try {
      this.first.close();
    } finally {
      this.second.close();
    }
  }
}

/**
 * A reader of all bytes of the first one, and then of those of the second. Both are closed with it.
 *
 * @example
 * ```ts
 * const both = chain(new Cursor(Uint8Array.of(1, 2)), new Cursor(Uint8Array.of(3)));
 * console.log(yield* both.readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
 * ```
 */
export function chain(first: AsyncRead, second: AsyncRead): Reader {
  return new Chain(first, second);
}
