import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { Writer } from "../io/writer.ts";
import { checkWritable } from "./check-node.ts";
import { NodePush } from "./node-push.ts";
import type { NodeWritable } from "./node-types.ts";

class NodeWriter extends Writer {
  private readonly push: NodePush;

  constructor(writable: NodeWritable) {
    super();
    this.push = new NodePush(writable);
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.push.pollWrite(cx, buf);
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.push.pollFlush(cx);
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.push.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.push.cancel();
  }

  override close(): void {
    this.push.close();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.push.close();
  }
}

/**
 * A writer of bytes to a `Writable` of Node: a file, a response, a pipe of a child process. A write waits while the stream
 * needs to drain, and hands on a copy, since the buffer is its owner's again at once; 64 KiB at a time. `flush` waits until
 * the stream has done with what was written, `shutdown` ends it and waits until it has finished.
 *
 * A failure of the stream is thrown once, by the operation that waits or else by the next one; later ones fail with
 * `ClosedError`, whose cause it is. `close` destroys the stream; what that fails with is known to who waits for it (`await
 * using`, or a call of its method), else the host reports it as an unhandled rejection.
 *
 * @throws TypeError if it is not given a `Writable`, or one in object mode
 *
 * @example
 * ```ts
 * import { PassThrough } from "node:stream";
 * import { co, run, writerFromNode } from "pollux";
 *
 * const through = new PassThrough();
 * const main = co(function* () {
 *   const writer = writerFromNode(through);
 *   yield* writer.writeAll(new TextEncoder().encode("hello"));
 *   yield* writer.shutdown();
 * });
 * await run(main());
 * console.log(through.read().toString()); // "hello"
 * ```
 */
export function writerFromNode(writable: NodeWritable): Writer {
  checkWritable("writerFromNode", writable);
  return new NodeWriter(writable);
}
