import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import type { AsyncWrite } from "./async-write.ts";
import { checkBytes } from "./check.ts";
import { Side } from "./side.ts";
import { Flush, Shutdown, Write, WriteAll } from "./write.ts";

/**
 * What bytes can be written to: the operations, over the polls of {@link AsyncWrite}. Extend it to write one.
 *
 * One operation at a time: a second gets `FutureInUseError`.
 */
export abstract class Writer implements AsyncWrite, Disposable, AsyncDisposable {
  /** @internal */
  readonly writing: Side = new Side("write or shutdown");

  abstract pollWrite(cx: Context, buf: Uint8Array): Poll<number>;
  abstract pollFlush(cx: Context): Poll<void>;
  abstract pollShutdown(cx: Context): Poll<void>;
  abstract cancelWrite(): void;
  abstract close(): void;

  /** The first buffer that is not empty, unless a subclass knows how to take over several at once. */
  pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.pollWrite(cx, firstOf(bufs));
  }

  /**
   * Waits until something can be written, takes over some bytes from the start of `buf`, and gives their number: at
   * least 1, unless `buf` is empty. `buf` can be used again at once.
   *
   * **Cancel safety.** Safe: a `write` that was cancelled has written nothing.
   *
   * @throws TypeError if `buf` is no `Uint8Array`
   */
  write(buf: Uint8Array): Future<number> {
    checkBytes(buf, "write");
    return new Write(this, buf);
  }

  /**
   * Writes all of `buf`, which must stay as it is until then.
   *
   * **Cancel safety.** Not safe: nobody knows how much was written. Close the stream then, or use `write`.
   *
   * @throws TypeError if `buf` is no `Uint8Array`
   */
  writeAll(buf: Uint8Array): Future<void> {
    checkBytes(buf, "writeAll");
    return new WriteAll(this, buf);
  }

  /**
   * Waits until nothing that was written is held back in a buffer of this writer.
   *
   * **Cancel safety.** Safe: the rest stays in the buffer.
   */
  flush(): Future<void> {
    return new Flush(this);
  }

  /**
   * Flushes, and ends the write side: the other side reads the end. Idempotent.
   *
   * **Cancel safety.** Safe, but once it has begun the write side ends all the same.
   */
  shutdown(): Future<void> {
    return new Shutdown(this);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}

const NOTHING = new Uint8Array(0);

/**
 * The buffer that a vectored write begins with.
 *
 * @internal
 */
export function firstOf(bufs: readonly Uint8Array[]): Uint8Array {
  for (const buf of bufs) if (buf.length > 0) return buf;
  return NOTHING;
}
