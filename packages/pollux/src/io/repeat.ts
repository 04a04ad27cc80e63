import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { checkByte } from "./check.ts";
import { Reader } from "./reader.ts";

class Repeat extends Reader {
  private readonly byte: number;

  constructor(byte: number) {
    super();
    this.byte = byte;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    buf.fill(this.byte);
    return buf.length;
  }

  override cancelRead(): void {
    // Nobody ever waits.
  }

  override close(): void {
    // There is nothing to give back.
  }
}

/**
 * A reader that gives one byte again and again, and has no end.
 *
 * @throws TypeError, RangeError if it is no byte
 *
 * @example
 * ```ts
 * const buf = new Uint8Array(3);
 * yield* repeat(7).readExact(buf);
 * console.log(buf); // Uint8Array(3) [ 7, 7, 7 ]
 * ```
 */
export function repeat(byte: number): Reader {
  return new Repeat(checkByte("byte", byte));
}
