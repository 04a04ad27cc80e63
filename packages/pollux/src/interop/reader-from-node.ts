import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Reader } from "../io/reader.ts";
import { checkByteReadable } from "./check-node.ts";
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

  constructor(readable: NodeReadable) {
    this.pull = new NodePull(readable);
    this.rest = null;
  }

  poll(cx: Context, buf: Uint8Array): Poll<number> {
    let chunk = this.rest;
    if (chunk === null) {
      const poll = this.pull.poll(cx, buf.length);
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

class NodeReader extends Reader {
  private readonly bytes: NodeBytes;

  constructor(readable: NodeReadable) {
    super();
    this.bytes = new NodeBytes(readable);
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.bytes.poll(cx, buf);
  }

  override cancelRead(): void {
    this.bytes.cancel();
  }

  override close(): void {
    this.bytes.close();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.bytes.close();
  }
}

/**
 * A reader of the bytes of a `Readable` of Node: a file, a response, a pipe of a child process. No more is read ahead than
 * the stream's own `highWaterMark`.
 *
 * A failure is thrown as it is, by the read that waits or else by the next one, and is followed by the end. A stream that
 * was destroyed before its end fails with Node's `ERR_STREAM_PREMATURE_CLOSE`. `close` destroys the stream; what that fails
 * with is known to who waits for it (`await using`, or a call of its method), else the host reports it as an unhandled
 * rejection.
 *
 * @throws TypeError if it is not given a `Readable`, or one in object mode or with an encoding
 *
 * @example
 * ```ts
 * import { Readable } from "node:stream";
 * import { co, readerFromNode, run } from "pollux";
 *
 * const main = co(function* () {
 *   const reader = readerFromNode(Readable.from([Buffer.from("hello")], { objectMode: false }));
 *   const buf = new Uint8Array(4);
 *   for (let n: number; (n = yield* reader.read(buf)) > 0; ) console.log(n); // 4, then 1
 * });
 * await run(main());
 * ```
 */
export function readerFromNode(readable: NodeReadable): Reader {
  checkByteReadable("readerFromNode", readable);
  return new NodeReader(readable);
}
