import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import { checkBytes, checkRoom } from "./check.ts";
import { type LimitOptions, limitOf, WHOLE_LIMIT } from "./limit.ts";
import { Read } from "./read.ts";
import { ReadExact } from "./read-exact.ts";
import { ReadToEnd, ReadToString } from "./read-to-end.ts";
import { Side } from "./side.ts";
import { isFatal, type TextOptions } from "./utf8.ts";

/**
 * What bytes can be read from: the operations, over the polls of {@link AsyncRead}. Extend it to write one.
 *
 * One operation at a time: a second gets `FutureInUseError`.
 *
 * @example A reader of one's own: counts down.
 * ```ts
 * class Countdown extends Reader {
 *   #left = 3;
 *   override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
 *     if (!cx.takeBudget()) return Pending;
 *     if (this.#left === 0) return 0; // The end.
 *     buf[0] = this.#left--;
 *     return 1;
 *   }
 *   override cancelRead(): void {} // Nobody ever waits.
 *   override close(): void {}
 * }
 * console.log(await run(new Countdown().readToEnd())); // Uint8Array(3) [ 3, 2, 1 ]
 * ```
 */
export abstract class Reader implements AsyncRead, Disposable, AsyncDisposable {
  /** @internal */
  readonly reading: Side;

  /** @param reading - another reader's, of which this one is a part */
  constructor(reading: Side = new Side("read")) {
    this.reading = reading;
  }

  /**
   * What a dump calls this reader, where an operation waits on it.
   * @internal
   */
  get inspected(): InspectionTarget {
    return { kind: this.constructor.name, key: this };
  }

  abstract pollRead(cx: Context, buf: Uint8Array): Poll<number>;
  abstract cancelRead(): void;
  abstract close(): void;

  /**
   * Waits until there is something to read and copies as much of it as fits into `buf`. Gives the number of bytes, at
   * least 1, or 0 at the end.
   *
   * **Cancel safety.** Safe: bytes that have arrived stay for the next `read`.
   *
   * @throws TypeError, RangeError if `buf` is no `Uint8Array`, or empty
   */
  read(buf: Uint8Array): Future<number> {
    checkRoom(buf, "read");
    return new Read(this, buf);
  }

  /**
   * Fills `buf`. Fails with `UnexpectedEofError` if there are not so many bytes.
   *
   * **Cancel safety.** Not safe: the bytes that were read so far are at the beginning of `buf`, and nobody knows how many.
   *
   * @throws TypeError if `buf` is no `Uint8Array`
   *
   * @example
   * ```ts
   * const header = new Uint8Array(4);
   * yield* new Cursor(Uint8Array.of(1, 2, 3, 4, 5)).readExact(header);
   * console.log(header); // Uint8Array(4) [ 1, 2, 3, 4 ]
   * ```
   */
  readExact(buf: Uint8Array): Future<void> {
    checkBytes(buf, "readExact");
    return new ReadExact(this, buf);
  }

  /**
   * All bytes up to the end; 64 MiB at most, unless `maxLength` says otherwise. What is longer fails with `TooLongError`.
   *
   * **Cancel safety.** Not safe: the bytes that were read so far are lost.
   *
   * @throws TypeError, RangeError for options that make no sense
   *
   * @example
   * ```ts
   * const bytes = yield* take(repeat(7), 3).readToEnd();
   * console.log(bytes); // Uint8Array(3) [ 7, 7, 7 ]
   * ```
   */
  readToEnd(options?: LimitOptions): Future<Uint8Array> {
    return new ReadToEnd(this, limitOf(options, WHOLE_LIMIT));
  }

  /**
   * All up to the end, as UTF-8; 64 MiB at most, unless `maxLength` says otherwise. What is longer fails with
   * `TooLongError`, what is no UTF-8 with `InvalidDataError`.
   *
   * **Cancel safety.** Not safe: the bytes that were read so far are lost.
   *
   * @throws TypeError, RangeError for options that make no sense
   *
   * @example
   * ```ts
   * const [a, b] = duplex(64);
   * yield* b.writeAll(new TextEncoder().encode("hello"));
   * b.close();
   * console.log(yield* a.readToString()); // "hello"
   * ```
   */
  readToString(options?: LimitOptions & TextOptions): Future<string> {
    return new ReadToString(this, limitOf(options, WHOLE_LIMIT), isFatal(options));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
