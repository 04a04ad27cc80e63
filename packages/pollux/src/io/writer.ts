import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { AsyncWrite } from "./async-write.ts";
import { checkAllBytes, checkBytes } from "./check.ts";
import { Side } from "./side.ts";
import { Flush, Shutdown, Write, WriteAll, WriteAllVectored, WriteVectored } from "./write.ts";

/**
 * What bytes can be written to: the operations, over the polls of {@link AsyncWrite}. Extend it to write one.
 *
 * One operation at a time: a second gets `FutureInUseError`.
 *
 * @example A writer of one's own: counts what it is given.
 * ```ts
 * class Counter extends Writer {
 *   count = 0;
 *   override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
 *     if (!cx.takeBudget()) return Pending;
 *     this.count += buf.length;
 *     return buf.length;
 *   }
 *   override pollFlush(): Poll<void> {}
 *   override pollShutdown(): Poll<void> {}
 *   override cancelWrite(): void {} // Nobody ever waits.
 *   override close(): void {}
 * }
 * const counter = new Counter();
 * await run(counter.writeAll(new Uint8Array(1000)));
 * console.log(counter.count); // 1000
 * ```
 */
export abstract class Writer implements AsyncWrite, Disposable, AsyncDisposable {
  /** @internal */
  readonly writing: Side;

  /** @param writing - another writer's, of which this one is a part */
  constructor(writing: Side = new Side("write or shutdown")) {
    this.writing = writing;
  }

  /**
   * What a dump calls this writer, where an operation waits on it.
   * @internal
   */
  get inspected(): InspectionTarget {
    return { kind: this.constructor.name, key: this };
  }

  abstract pollWrite(cx: Context, buf: Uint8Array): Poll<number>;
  abstract pollFlush(cx: Context): Poll<void>;
  abstract pollShutdown(cx: Context): Poll<void>;
  abstract cancelWrite(): void;
  abstract close(): void;

  /** `false`, unless a subclass has a `pollWriteVectored` of its own, and says so. */
  get isWriteVectored(): boolean {
    return false;
  }

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
   * Writes all of `buf`, which must stay as it is until then. Fails with `WriteZeroError` if the writer takes no more.
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
   * As {@link write}, from several buffers in their order; gives the number of bytes in all. A writer that cannot do it
   * takes bytes from the first one that is not empty.
   *
   * **Cancel safety.** Safe: a `writeVectored` that was cancelled has written nothing.
   *
   * @throws TypeError if `bufs` is no array of `Uint8Array`s
   */
  writeVectored(bufs: readonly Uint8Array[]): Future<number> {
    checkAllBytes(bufs, "writeVectored");
    return new WriteVectored(this, bufs);
  }

  /**
   * Writes all of several buffers, in their order, without joining them first.
   *
   * **Cancel safety.** Not safe: nobody knows how much was written. Close the stream then, or use `writeVectored`.
   *
   * @throws TypeError if `bufs` is no array of `Uint8Array`s
   *
   * @example
   * ```ts
   * const [a, b] = duplex(64);
   * yield* a.writeAllVectored([Uint8Array.of(1, 2), Uint8Array.of(3)]);
   * a.close();
   * console.log(yield* b.readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
   * ```
   */
  writeAllVectored(bufs: readonly Uint8Array[]): Future<void> {
    checkAllBytes(bufs, "writeAllVectored");
    return new WriteAllVectored(this, bufs);
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
