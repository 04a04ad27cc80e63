import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import type { AsyncRead } from "./async-read.ts";
import { checkRoom } from "./check.ts";
import { Read } from "./read.ts";
import { Side } from "./side.ts";

/**
 * What bytes can be read from: the operations, over the polls of {@link AsyncRead}. Extend it to write one.
 *
 * One operation at a time: a second gets `FutureInUseError`.
 */
export abstract class Reader implements AsyncRead, Disposable, AsyncDisposable {
  /** @internal */
  readonly reading: Side = new Side("read");

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

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
