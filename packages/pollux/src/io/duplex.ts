import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import { checkBytes } from "./check.ts";
import { Reader } from "./reader.ts";
import { Side } from "./side.ts";
import { Flush, Shutdown, Write, WriteAll } from "./write.ts";
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

  /** See {@link Writer.flush}. */
  flush(): Future<void> {
    return new Flush(this);
  }

  /** See {@link Writer.shutdown}. */
  shutdown(): Future<void> {
    return new Shutdown(this);
  }
}
