import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import { Reader } from "./reader.ts";
import { readSideOf, Side } from "./side.ts";

/** The read side of the reader whose turn it is: an operation that is not over takes its place on the second one too. */
class ChainSide extends Side {
  private current: Side;
  private readonly second: Side;
  private holder: object | null = null;

  constructor(first: Side, second: Side) {
    super("read");
    this.current = first;
    this.second = second;
  }

  override begin(operation: object): void {
    this.current.begin(operation);
    this.holder = operation;
  }

  override end(operation: object): boolean {
    if (this.holder === operation) this.holder = null;
    return this.current.end(operation);
  }

  /** @throws FutureInUseError if another operation has the second side */
  moveOn(): void {
    const { current, holder, second } = this;
    this.current = second;
    if (holder === null) return;
    current.end(holder);
    second.begin(holder);
  }
}

class Chain extends Reader {
  override readonly reading: ChainSide;
  private readonly first: AsyncRead;
  private readonly second: AsyncRead;
  private isFirstOver = false;

  constructor(first: AsyncRead, second: AsyncRead) {
    const side = new ChainSide(readSideOf(first), readSideOf(second));
    super(side);
    this.reading = side;
    this.first = first;
    this.second = second;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!this.isFirstOver) {
      const size = this.first.pollRead(cx, buf);
      if (size === Pending || size > 0 || buf.length === 0) return size;
      this.isFirstOver = true;
      this.reading.moveOn();
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
