import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { ReadOperation, type ReadSide } from "./operation.ts";

/** @internal */
export class Read extends ReadOperation<number> {
  private readonly buf: Uint8Array;

  constructor(stream: ReadSide, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "read()";
  }

  protected override attempt(stream: ReadSide, cx: Context): Poll<number> {
    return stream.pollRead(cx, this.buf);
  }
}
