import type { Context } from "../core/context.ts";
import { WriteZeroError } from "../core/errors.ts";
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
export class WriteVectored extends WriteOperation<number> {
  private readonly bufs: readonly Uint8Array[];

  constructor(stream: WriteSide, bufs: readonly Uint8Array[]) {
    super(stream);
    this.bufs = bufs;
  }

  protected override get what(): string {
    return "writeVectored()";
  }

  protected override attempt(stream: WriteSide, cx: Context): Poll<number> {
    return stream.pollWriteVectored(cx, this.bufs);
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
      if (written === 0) throw new WriteZeroError();
      this.buf = this.buf.subarray(written);
    }
  }
}

/** @internal */
export class WriteAllVectored extends WriteOperation<void> {
  /** What is left: none is empty. */
  private bufs: readonly Uint8Array[];

  constructor(stream: WriteSide, bufs: readonly Uint8Array[]) {
    super(stream);
    this.bufs = bufs.filter(({ length }) => length > 0);
  }

  protected override get what(): string {
    return "writeAllVectored()";
  }

  protected override attempt(stream: WriteSide, cx: Context): Poll<void> {
    for (;;) {
      const written = stream.pollWriteVectored(cx, this.bufs);
      if (written === Pending) return Pending;
      if (written === 0 && this.bufs.length > 0) throw new WriteZeroError();
      this.bufs = without(this.bufs, written);
      if (this.bufs.length === 0) return undefined;
    }
  }
}

/** What is left of the buffers after their first bytes. */
function without(bufs: readonly Uint8Array[], written: number): readonly Uint8Array[] {
  let rest = written;
  for (const [i, buf] of bufs.entries()) {
    if (rest < buf.length) return rest === 0 ? bufs.slice(i) : [buf.subarray(rest), ...bufs.slice(i + 1)];
    rest -= buf.length;
  }
  return [];
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
