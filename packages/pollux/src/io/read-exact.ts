import type { Context } from "../core/context.ts";
import { UnexpectedEofError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { ReadOperation, type ReadSide } from "./operation.ts";

/** @internal */
export class ReadExact extends ReadOperation<void> {
  /** What is still to be filled. */
  private rest: Uint8Array;

  constructor(stream: ReadSide, buf: Uint8Array) {
    super(stream);
    this.rest = buf;
  }

  protected override get what(): string {
    return "readExact()";
  }

  protected override attempt(stream: ReadSide, cx: Context): Poll<void> {
    while (this.rest.length > 0) {
      const size = stream.pollRead(cx, this.rest);
      if (size === Pending) return Pending;
      if (size === 0) throw new UnexpectedEofError("what readExact() was to read");
      this.rest = this.rest.subarray(size);
    }
    return undefined;
  }
}
