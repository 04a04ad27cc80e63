import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import { checkAllBytes, checkBytes } from "./check.ts";
import { intoSplit, type ReadHalf, split, type WriteHalf } from "./halves.ts";
import { Reader } from "./reader.ts";
import { Side } from "./side.ts";
import { Flush, Shutdown, Write, WriteAll, WriteAllVectored, WriteVectored } from "./write.ts";
import { firstOf, type Writer } from "./writer.ts";

/**
 * What bytes can be both read from and written to, such as a connection: a {@link Reader} and a {@link Writer}. Its two
 * sides are independent: one task may read while another one writes.
 */
export abstract class Duplex extends Reader implements Writer {
  /** @internal */
  readonly writing: Side = new Side("write or shutdown");

  abstract pollWrite(cx: Context, buf: Uint8Array): Poll<number>;
  abstract pollFlush(cx: Context): Poll<void>;
  abstract pollShutdown(cx: Context): Poll<void>;
  abstract cancelWrite(): void;

  get isWriteVectored(): boolean {
    return false;
  }

  pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.pollWrite(cx, firstOf(bufs));
  }

  /** See {@link Writer.write}. */
  write(buf: Uint8Array): Future<number> {
    checkBytes(buf, "write");
    return new Write(this, buf);
  }

  /** See {@link Writer.writeAll}. */
  writeAll(buf: Uint8Array): Future<void> {
    checkBytes(buf, "writeAll");
    return new WriteAll(this, buf);
  }

  /** See {@link Writer.writeVectored}. */
  writeVectored(bufs: readonly Uint8Array[]): Future<number> {
    checkAllBytes(bufs, "writeVectored");
    return new WriteVectored(this, bufs);
  }

  /** See {@link Writer.writeAllVectored}. */
  writeAllVectored(bufs: readonly Uint8Array[]): Future<void> {
    checkAllBytes(bufs, "writeAllVectored");
    return new WriteAllVectored(this, bufs);
  }

  /** See {@link Writer.flush}. */
  flush(): Future<void> {
    return new Flush(this);
  }

  /** See {@link Writer.shutdown}. */
  shutdown(): Future<void> {
    return new Shutdown(this);
  }

  /**
   * The two sides, to be handed to whoever takes a reader or a writer. They are lent: to close one does nothing, and
   * this stream is still its owner's to use and to close.
   *
   * @example
   * ```ts
   * const [a, b] = duplex(64);
   * const [reader, writer] = a.split();
   * yield* writer.writeAll(Uint8Array.of(1, 2, 3));
   * a.close();
   * console.log(yield* b.readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
   * ```
   */
  split(): [ReadHalf<this>, WriteHalf<this>] {
    return split(this);
  }

  /**
   * The two sides, to be handed to two tasks that own them: to close the writing one ends what the other side reads, to
   * close both closes the stream. `reader.reunite(writer)` gives the stream back.
   *
   * What a buffer of the stream itself holds back is lost if its writing side is closed without a `flush` or a `shutdown`.
   *
   * @example
   * ```ts
   * const [a, b] = duplex(64);
   * const [reader, writer] = a.intoSplit();
   * yield* writer.writeAll(Uint8Array.of(1, 2, 3));
   * writer.close();
   * console.log(yield* b.readToEnd()); // Uint8Array(3) [ 1, 2, 3 ]
   * reader.close();
   * ```
   */
  intoSplit(): [ReadHalf<this>, WriteHalf<this>] {
    return intoSplit(this);
  }
}
