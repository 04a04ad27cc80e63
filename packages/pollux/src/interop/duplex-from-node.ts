import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { Duplex } from "../io/duplex.ts";
import { checkByteReadable, checkWritable } from "./check-node.ts";
import { NodePush } from "./node-push.ts";
import type { NodeDuplex as NodeStream } from "./node-types.ts";
import { NodeBytes } from "./reader-from-node.ts";

class BothSides extends Duplex {
  private readonly bytes: NodeBytes;
  private readonly push: NodePush;

  constructor(stream: NodeStream) {
    super();
    this.bytes = new NodeBytes(stream);
    this.push = new NodePush(stream);
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.bytes.poll(cx, buf);
  }

  override cancelRead(): void {
    this.bytes.cancel();
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
    this.leave();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  private async leave(): Promise<void> {
    await Promise.all([this.bytes.close(), this.push.close()]);
  }
}

/**
 * A duplex of the library over one of Node, such as a TLS socket: `readerFromNode` and `writerFromNode` in one. Its two
 * sides are independent.
 *
 * @throws TypeError if it is not given a `Duplex` of bytes
 *
 * @example
 * ```ts
 * import { PassThrough } from "node:stream";
 * import { co, duplexFromNode, run } from "pollux";
 *
 * const main = co(function* () {
 *   const echo = duplexFromNode(new PassThrough());
 *   yield* echo.writeAll(new TextEncoder().encode("hello"));
 *   const buf = new Uint8Array(100);
 *   console.log(yield* echo.read(buf)); // 5
 *   echo.close();
 * });
 * await run(main());
 * ```
 */
export function duplexFromNode(stream: NodeStream): Duplex {
  checkByteReadable("duplexFromNode", stream);
  checkWritable("duplexFromNode", stream);
  return new BothSides(stream);
}
