import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { WriteOperation, type WriteSide } from "./operation.ts";

/** @internal */
export class Write extends WriteOperation<number> {
  private readonly buf: Uint8Array;

  constructor(stream: WriteSide, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "write()";
  }

  protected override attempt(stream: WriteSide, cx: Context): Poll<number> {
    return stream.pollWrite(cx, this.buf);
  }
}

/** @internal */
export class WriteAll extends WriteOperation<void> {
  /** What is left. */
  private buf: Uint8Array;

  constructor(stream: WriteSide, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "writeAll()";
  }

  protected override attempt(stream: WriteSide, cx: Context): Poll<void> {
    for (;;) {
      const written = stream.pollWrite(cx, this.buf);
      if (written === Pending) return Pending;
      if (written === this.buf.length) return undefined;
      this.buf = this.buf.subarray(written);
    }
  }
}

/** @internal */
export class Flush extends WriteOperation<void> {
  protected override get what(): string {
    return "flush()";
  }

  protected override attempt(stream: WriteSide, cx: Context): Poll<void> {
    return stream.pollFlush(cx);
  }
}

/** @internal */
export class Shutdown extends WriteOperation<void> {
  protected override get what(): string {
    return "shutdown()";
  }

  protected override attempt(stream: WriteSide, cx: Context): Poll<void> {
    return stream.pollShutdown(cx);
  }
}
