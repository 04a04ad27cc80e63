import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import type { KeepsAlive } from "../reactor/waiting.ts";
import { NodePull } from "./node-pull.ts";
import type { NodeReadable } from "./node-types.ts";

/**
 * The read side of a stream of Node.
 *
 * @internal
 */
export class NodeBytes {
  private readonly pull: NodePull;
  /** What has been read of the stream, and not of this. */
  private rest: Uint8Array | null;
  private readonly most: number;

  /** @param most - bytes that are read at a time: Node puts the chunks that it has together, up to as many */
  constructor(readable: NodeReadable, alive?: KeepsAlive, most: number = Number.POSITIVE_INFINITY) {
    this.pull = new NodePull(readable, alive);
    this.rest = null;
    this.most = most;
  }

  /** See {@link NodePull.listen}. */
  listen(): void {
    this.pull.listen();
  }

  poll(cx: Context, buf: Uint8Array): Poll<number> {
    let chunk = this.rest;
    if (chunk === null) {
      const poll = this.pull.poll(cx, Math.min(buf.length, this.most));
      if (poll === Pending) return Pending;
      if (poll === End) return 0;
      // A stream that is not in object mode and has no encoding gives buffers.
      chunk = poll as Uint8Array;
    } else if (!cx.takeBudget()) return Pending;
    const size = Math.min(buf.length, chunk.length);
    buf.set(chunk.subarray(0, size));
    this.rest = size === chunk.length ? null : chunk.subarray(size);
    return size;
  }

  cancel(): void {
    this.pull.waiting.end();
  }

  close(): Promise<void> {
    this.rest = null;
    return this.pull.close();
  }
}
