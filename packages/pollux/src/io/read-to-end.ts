import type { Context } from "../core/context.ts";
import { TooLongError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { ByteQueue } from "./byte-queue.ts";
import { ReadOperation, type ReadSide } from "./operation.ts";
import { decodeUtf8 } from "./utf8.ts";

/** Room for each read: what is read by smaller pieces costs more than the memory. */
const PIECE = 4096;

abstract class ReadWhole<T> extends ReadOperation<T> {
  private readonly limit: number;
  private readonly queue = new ByteQueue();

  constructor(stream: ReadSide, limit: number) {
    super(stream);
    this.limit = limit;
  }

  protected abstract whole(bytes: ByteQueue): T;

  protected override attempt(stream: ReadSide, cx: Context): Poll<T> {
    const { queue, limit } = this;
    for (;;) {
      const size = stream.pollRead(cx, queue.space(PIECE));
      if (size === Pending) return Pending;
      if (size === 0) return this.whole(queue);
      queue.commit(size);
      if (queue.length > limit) throw new TooLongError("what was to be read to the end", limit);
    }
  }
}

/** @internal */
export class ReadToEnd extends ReadWhole<Uint8Array> {
  protected override get what(): string {
    return "readToEnd()";
  }

  protected override whole(queue: ByteQueue): Uint8Array {
    // A copy has just its size, where the queue has up to twice of it.
    return queue.take(queue.length);
  }
}

/** @internal */
export class ReadToString extends ReadWhole<string> {
  private readonly fatal: boolean;

  constructor(stream: ReadSide, limit: number, fatal: boolean) {
    super(stream, limit);
    this.fatal = fatal;
  }

  protected override get what(): string {
    return "readToString()";
  }

  protected override whole(queue: ByteQueue): string {
    return decodeUtf8(queue.view(), this.fatal, "what was read to the end");
  }
}
