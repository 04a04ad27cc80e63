import { Duplex } from "node:stream";
import type { SocketAddress } from "pollux";

type Done = (error?: Error | null) => void;

/** Where the bytes of a {@link NodeChannel} go. @internal */
export interface RawSink {
  /** Takes bytes over; `false` if no more should be given before `whenTaken` calls back. */
  write(bytes: string | Uint8Array): boolean;
  whenTaken(done: () => void): void;
  /** The program has destroyed the connection. */
  cut(): void;
}

/**
 * What a request and a response of `node:http` have for a socket: what is written is sent as it is. Nothing is read from
 * it.
 *
 * @internal
 */
export class NodeChannel extends Duplex {
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly remoteFamily: string | undefined;
  readonly encrypted: boolean;
  timeout: number;
  private readonly sink: RawSink;
  private timer: NodeJS.Timeout | undefined;

  constructor(sink: RawSink, peer: SocketAddress | null, encrypted: boolean) {
    // A string is text of one byte a character mostly: it is written as it is.
    super({ decodeStrings: false });
    this.remoteAddress = peer?.host;
    this.remotePort = peer?.port;
    this.remoteFamily = peer?.family;
    this.encrypted = encrypted;
    this.timeout = 0;
    this.sink = sink;
    this.timer = undefined;
  }

  override _read(): void {}

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Done): void {
    this.timer?.refresh();
    if (this.sink.write(bytesOf(chunk, encoding))) done();
    else this.sink.whenTaken(done);
  }

  override _writev(chunks: { chunk: Buffer | string; encoding: BufferEncoding }[], done: Done): void {
    this.timer?.refresh();
    let isTaken = true;
    for (const { chunk, encoding } of chunks) isTaken = this.sink.write(bytesOf(chunk, encoding));
    if (isTaken) done();
    else this.sink.whenTaken(done);
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.timer);
    this.sink.cut();
    done(error);
  }

  /** As that of `net.Socket`: `timeout` is emitted when nothing has been written for so many ms; 0 for never. */
  setTimeout(ms: number, fn?: () => void): this {
    clearTimeout(this.timer);
    this.timeout = ms;
    this.timer = ms > 0 ? setTimeout(() => this.emit("timeout"), ms).unref() : undefined;
    if (fn !== undefined) {
      if (ms > 0) this.once("timeout", fn);
      else this.off("timeout", fn);
    }
    return this;
  }

  destroySoon(): void {
    this.end(() => this.destroy());
  }

  // What only a socket of the system's has. The server has set it, and it is not the handler's to change.

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

function bytesOf(chunk: Buffer | string, encoding: BufferEncoding): string | Uint8Array {
  if (typeof chunk !== "string") return chunk;
  return encoding === "latin1" || encoding === "binary" ? chunk : Buffer.from(chunk, encoding);
}
