import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End } from "../core/stream-source.ts";
import { Stream } from "../stream/stream.ts";
import type { AsyncBufRead } from "./async-buf-read.ts";
import type { ByteQueue } from "./byte-queue.ts";
import { checkByte, checkSize } from "./check.ts";
import { Decoded } from "./decoded.ts";
import { DelimitedDecoder } from "./delimited-decoder.ts";
import { FillBuf } from "./fill-buf.ts";
import { FRAME_LIMIT, type LimitOptions, limitOf } from "./limit.ts";
import { LineDecoder } from "./line-decoder.ts";
import { ReadLine, ReadUntil } from "./read-until.ts";
import { Reader } from "./reader.ts";
import type { Side } from "./side.ts";
import { isFatal, type TextOptions } from "./utf8.ts";

/**
 * A reader that buffers, and so can look for a line or a delimiter: nothing is taken out before all of it is there.
 * `BufReader` makes one of any reader, `Cursor` of bytes.
 */
export abstract class BufferedReader extends Reader implements AsyncBufRead {
  /**
   * What was read and not taken out.
   * @internal
   */
  readonly buffered: ByteQueue;

  /** @internal */
  constructor(buffered: ByteQueue, reading?: Side) {
    super(reading);
    this.buffered = buffered;
  }

  /**
   * Puts more bytes into the buffer; `false` if there are no more. Takes its own unit of budget.
   * @internal
   */
  abstract pollMore(cx: Context): Poll<boolean>;

  pollFillBuf(cx: Context, atLeast = 1): Poll<Uint8Array> {
    const { buffered } = this;
    if (buffered.length >= atLeast && !cx.takeBudget()) return Pending;
    while (buffered.length < atLeast) {
      const more = this.pollMore(cx);
      if (more === Pending) return Pending;
      if (!more) break;
    }
    return buffered.view();
  }

  consume(size: number): void {
    this.buffered.advance(size);
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    const { buffered } = this;
    if (buffered.length === 0) {
      const more = this.pollMore(cx);
      if (more === Pending) return Pending;
      if (!more) return 0;
    } else if (!cx.takeBudget()) return Pending;
    return buffered.moveTo(buf);
  }

  /** What is buffered and was not taken out, without a copy: valid until the next use of the reader. */
  get buffer(): Uint8Array {
    return this.buffered.view();
  }

  /**
   * Waits until at least so many bytes are buffered and gives all that are, without taking them out; at the end, less.
   * Valid until the next use of the reader.
   *
   * **Cancel safety.** Safe: what was read stays in the buffer.
   *
   * @param atLeast - 1 unless said otherwise
   * @throws TypeError, RangeError if it is no number of bytes
   *
   * @example
   * ```ts
   * const reader = new Cursor(Uint8Array.of(1, 2, 3));
   * console.log((yield* reader.fillBuf())[0]); // 1
   * reader.consume(1);
   * console.log((yield* reader.fillBuf())[0]); // 2
   * ```
   */
  fillBuf(atLeast = 1): Future<Uint8Array> {
    return new FillBuf(this, checkSize("atLeast", atLeast, 1));
  }

  /**
   * The bytes up to a delimiter, and with it; at the end, those that are left, or none. Fails with `TooLongError`, and
   * takes nothing out, if the delimiter does not come within `maxLength` bytes, 8 MiB unless said otherwise.
   *
   * **Cancel safety.** Safe: what was read stays in the buffer.
   *
   * @param delimiter - a byte, such as 0 or 10
   * @throws TypeError, RangeError for arguments that make no sense
   *
   * @example
   * ```ts
   * const reader = new Cursor(Uint8Array.of(1, 2, 0, 3));
   * console.log(yield* reader.readUntil(0)); // Uint8Array(3) [ 1, 2, 0 ]
   * console.log(yield* reader.readUntil(0)); // Uint8Array(1) [ 3 ]
   * console.log((yield* reader.readUntil(0)).length); // 0
   * ```
   */
  readUntil(delimiter: number, options?: LimitOptions): Future<Uint8Array> {
    return new ReadUntil(this, checkByte("delimiter", delimiter), limitOf(options, FRAME_LIMIT));
  }

  /**
   * The next line, without its `"\n"` or `"\r\n"`; at the end, what is left without one; and then `End`. Fails with
   * `TooLongError`, and takes nothing out, if the line has more than `maxLength` bytes, 8 MiB unless said otherwise; with
   * `InvalidDataError` if it is no UTF-8, and takes it out.
   *
   * **Cancel safety.** Safe: what was read stays in the buffer.
   *
   * @throws TypeError, RangeError for options that make no sense
   *
   * @example
   * ```ts
   * const reader = new Cursor(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\nbody"));
   * for (let line; (line = yield* reader.readLine()) !== ""; ) console.log(line); // GET / HTTP/1.1, then Host: a
   * console.log(yield* reader.readToString()); // "body"
   * ```
   */
  readLine(options?: LimitOptions & TextOptions): Future<string | End> {
    return new ReadLine(this, limitOf(options, FRAME_LIMIT), isFatal(options));
  }

  /**
   * The lines that follow, without their `"\n"` or `"\r\n"`. It borrows the reader: each line is taken out when it is
   * given, to give up the stream leaves the reader open, and other operations can come in between: not while it waits for
   * one, then they get `FutureInUseError`.
   *
   * A line of more than `maxLength` bytes, 8 MiB unless said otherwise, is an error, `TooLongError`, and left out. So is
   * one that is no UTF-8, with `InvalidDataError`. The lines behind it follow.
   *
   * Lines are cut out of text of up to 64 KiB, which stays in memory as long as one of them does.
   *
   * @throws TypeError, RangeError for options that make no sense
   *
   * @example
   * ```ts
   * const lines = new Cursor(new TextEncoder().encode("one\ntwo\r\nthree")).lines();
   * for (let line; (line = yield* lines.next()) !== End; ) console.log(line); // one, then two, then three
   * ```
   */
  lines(options?: LimitOptions & TextOptions): Stream<string> {
    return new Stream(new Decoded(this, new LineDecoder(limitOf(options, FRAME_LIMIT), isFatal(options))));
  }

  /**
   * The pieces that follow, as bytes, each up to a delimiter and without it; otherwise as {@link lines}.
   *
   * @param delimiter - a byte, such as 0 or 10
   * @throws TypeError, RangeError for arguments that make no sense
   *
   * @example
   * ```ts
   * const pieces = new Cursor(Uint8Array.of(1, 2, 0, 3)).split(0);
   * for (let piece; (piece = yield* pieces.next()) !== End; ) console.log(piece.length); // 2, then 1
   * ```
   */
  split(delimiter: number, options?: LimitOptions): Stream<Uint8Array> {
    const delimiters = Uint8Array.of(checkByte("delimiter", delimiter));
    return new Stream(new Decoded(this, new DelimitedDecoder(delimiters, limitOf(options, FRAME_LIMIT))));
  }
}
