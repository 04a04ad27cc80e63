import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";

/** What bytes can be read from, and looked at before they are taken out. `BufferedReader` puts the operations on it. */
export interface AsyncBufRead extends AsyncRead {
  /**
   * What is buffered, once that is at least so many bytes (1, unless said otherwise), or less at the end. It is not
   * taken out, and can be looked at until the next use of the reader.
   */
  pollFillBuf(cx: Context, atLeast?: number): Poll<Uint8Array>;
  /** Takes so many of the bytes that are buffered out. */
  consume(size: number): void;
}
