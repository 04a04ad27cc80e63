import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { ReadOperation, type ReadSide } from "../io/operation.ts";

/** What can be looked into before it is read. */
interface PeekSide extends ReadSide {
  pollPeek(cx: Context, buf: Uint8Array): Poll<number>;
}

/** @internal */
export class Peek extends ReadOperation<number, PeekSide> {
  private readonly buf: Uint8Array;

  constructor(stream: PeekSide, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "peek()";
  }

  protected override attempt(stream: PeekSide, cx: Context): Poll<number> {
    return stream.pollPeek(cx, this.buf);
  }
}
