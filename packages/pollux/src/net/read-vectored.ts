import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { checkBytes } from "../io/check.ts";
import { ReadOperation, type ReadSide } from "../io/operation.ts";

interface VectoredSide extends ReadSide {
  pollReadVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number>;
}

/** @internal */
export class ReadVectored extends ReadOperation<number, VectoredSide> {
  private readonly bufs: readonly Uint8Array[];

  constructor(stream: VectoredSide, bufs: readonly Uint8Array[]) {
    super(stream);
    this.bufs = bufs;
  }

  protected override get what(): string {
    return "readVectored()";
  }

  protected override attempt(stream: VectoredSide, cx: Context): Poll<number> {
    return stream.pollReadVectored(cx, this.bufs);
  }
}

/**
 * Of buffers to read into.
 *
 * @internal
 */
export function checkRooms(bufs: readonly Uint8Array[], what: string): void {
  if (!Array.isArray(bufs)) throw new TypeError(`${what} needs an array of Uint8Arrays`);
  for (const buf of bufs) checkBytes(buf, what);
  if (bufs.every(({ length }) => length === 0))
    throw new RangeError(`${what} needs a buffer of at least one byte: 0 bytes read is the end`);
}
