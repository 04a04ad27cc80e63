import { constants } from "node:os";
import type { Context } from "../core/context.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { Reader } from "../io/reader.ts";
import { Writer } from "../io/writer.ts";
import { NodeBytes } from "../node/node-bytes.ts";
import { NodePush } from "../node/node-push.ts";
import type { NodeReadable, NodeWritable } from "../node/node-types.ts";
import { systemError } from "../reactor/system-error.ts";
import { KeepsHandleAlive } from "./keeps-handle-alive.ts";

/**
 * What a child writes to one of its outputs.
 *
 * @internal
 */
export class ChildOutput extends Reader {
  private readonly name: string;
  private readonly bytes: NodeBytes;

  constructor(name: string, stream: NodeReadable) {
    super();
    this.name = name;
    this.bytes = new NodeBytes(stream, new KeepsHandleAlive(stream));
    // When a child has ended, Node throws away what nobody listens for.
    this.bytes.listen();
  }

  override get inspected(): InspectionTarget {
    return { kind: "pipe", name: this.name, key: this };
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
 * What a child reads from its input. Node destroys the pipe when the child has ended: that is `EPIPE` here, as it would be
 * a moment before.
 *
 * @internal
 */
export class ChildInput extends Writer {
  private readonly name: string;
  private readonly push: NodePush;
  private hasWritten: boolean;

  constructor(name: string, stream: NodeWritable) {
    super();
    this.name = name;
    this.push = new NodePush(stream, { alive: new KeepsHandleAlive(stream) });
    this.hasWritten = false;
  }

  override get inspected(): InspectionTarget {
    return { kind: "pipe", name: this.name, key: this };
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    try {
      const size = this.push.pollWrite(cx, buf);
      this.hasWritten = true;
      return size;
    } catch (error) {
      throw asBrokenPipe(error);
    }
  }

  override pollFlush(cx: Context): Poll<void> {
    try {
      return this.push.pollFlush(cx);
    } catch (error) {
      throw asBrokenPipe(error);
    }
  }

  override pollShutdown(cx: Context): Poll<void> {
    try {
      return this.push.pollShutdown(cx);
    } catch (error) {
      // A child that has ended has seen the end of what it was never given.
      if (isPrematureClose(error) && !this.hasWritten) return undefined;
      throw asBrokenPipe(error);
    }
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

function isPrematureClose(error: unknown): boolean {
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  return code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ERR_STREAM_DESTROYED";
}

function asBrokenPipe(error: unknown): unknown {
  return isPrematureClose(error) ? systemError(-constants.errno.EPIPE, "write") : error;
}
