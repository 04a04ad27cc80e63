import type { Context } from "../core/context.ts";
import { ClosedError, describe } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Reader } from "../io/reader.ts";
import { checkUnlocked } from "./check.ts";
import type { FromWebOptions } from "./from-readable-stream.ts";
import { WebPull } from "./web-pull.ts";

class WebReader extends Reader {
  private readonly pull: WebPull<unknown>;
  /** What has been read of the stream and not of this reader. */
  private rest: Uint8Array;
  private closed: boolean;

  constructor(stream: ReadableStream<unknown>, preventCancel: boolean) {
    super();
    this.pull = new WebPull(stream, preventCancel);
    this.rest = NOTHING;
    this.closed = false;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.closed) throw new ClosedError("this reader");
    if (this.rest.length > 0) {
      if (!cx.takeBudget()) return Pending;
      return this.give(buf);
    }
    // An empty chunk is not the end.
    while (this.rest.length === 0) {
      const chunk = this.pull.pollNext(cx);
      if (chunk === Pending) return Pending;
      if (chunk === End) return 0;
      this.rest = bytesOf(chunk);
    }
    return this.give(buf);
  }

  private give(buf: Uint8Array): number {
    const size = Math.min(buf.length, this.rest.length);
    buf.set(this.rest.subarray(0, size));
    this.rest = size === this.rest.length ? NOTHING : this.rest.subarray(size);
    return size;
  }

  override cancelRead(): void {
    this.pull.waiting.end();
  }

  override close(): void {
    this.leave();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.leave();
  }

  private leave(): Promise<void> {
    this.closed = true;
    this.rest = NOTHING;
    return this.pull.close(new ClosedError("this reader"));
  }
}

const NOTHING = new Uint8Array(0);

/** @throws TypeError for a chunk that is no bytes */
function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  const advice =
    typeof chunk === "string" ? "pipe it through a TextEncoderStream" : "read it with fromReadableStream";
  throw new TypeError(
    `readerFromWeb needs a stream of bytes, and this chunk is ${describe(chunk)}: ${advice}`,
  );
}

/**
 * A reader of the bytes of a `ReadableStream` of the Web, such as the body of a `fetch` or of a `Blob`. The next chunk is
 * asked for when all of the one before has been read. The `ReadableStream` is locked from the first read to the end.
 *
 * `close` cancels it. Whether that fails is known to who waits for it (`await using`, or a call of its method); else the
 * host reports it, as it does any rejection that nobody handles.
 *
 * @throws TypeError if it is not given a `ReadableStream`, or a locked one. A read fails with it for a chunk that is no
 *   bytes.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const reader = readerFromWeb(new Blob(["hello"]).stream());
 *   const buf = new Uint8Array(4);
 *   for (let n: number; (n = yield* reader.read(buf)) > 0; ) console.log(n); // 4, then 1
 *   reader.close();
 * });
 * await run(main());
 * ```
 */
export function readerFromWeb(stream: ReadableStream<unknown>, options: FromWebOptions = {}): Reader {
  checkUnlocked("readerFromWeb", "ReadableStream", stream);
  return new WebReader(stream, options.preventCancel === true);
}
