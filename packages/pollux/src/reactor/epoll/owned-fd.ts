import { ClosedError, WouldBlockError } from "../../core/errors.ts";
import { EAGAIN } from "./constants.ts";
import { requireNative } from "./epoll-of-thread.ts";
import { type Fd, fdOf } from "./fd-interest.ts";
import type { Native } from "./native.ts";
import { systemError } from "./system-error.ts";

/** How a timer goes on. */
export interface TimerFdOptions {
  /** ms between further expirations, 1 or more. Default: there are none. */
  everyMs?: number;
}

/**
 * A descriptor of our own, which never waits: what would, throws `WouldBlockError`. It belongs to the thread that has opened
 * it, and is closed with that at the latest.
 *
 * Failures are the system's errors (`EPIPE`, `EINVAL`). All `static` functions fail with `UnsupportedError` where the native
 * layer is not to be had, and with `EMFILE`.
 *
 * @example
 * ```ts
 * import { OwnedFd } from "pollux/reactor";
 *
 * const [reader, writer] = OwnedFd.pipe();
 * writer.write(new TextEncoder().encode("hello"));
 * console.log(reader.read(new Uint8Array(16))); // 5
 * reader.close();
 * writer.close();
 * ```
 */
export class OwnedFd implements Disposable {
  readonly fd: number;
  private readonly native: Native;
  private isOurs = true;

  private constructor(native: Native, fd: number) {
    this.native = native;
    this.fd = fd;
  }

  private static of(native: Native, result: number, syscall: string): OwnedFd {
    if (result < 0) throw systemError(result, syscall);
    return new OwnedFd(native, result);
  }

  /** The two ends of a pipe: what is written to the second can be read from the first. */
  static pipe(): [reader: OwnedFd, writer: OwnedFd] {
    const native = requireNative("OwnedFd.pipe()");
    const fds = new Int32Array(2);
    const result = native.pipe(new Uint8Array(fds.buffer));
    if (result < 0) throw systemError(result, "pipe2");
    const [reader = -1, writer = -1] = fds;
    return [new OwnedFd(native, reader), new OwnedFd(native, writer)];
  }

  /**
   * A timer on the monotonic clock (`timerfd`): it becomes readable after `ms`, 1 or more, and {@link readCount} says how
   * often it has expired.
   *
   * @throws TypeError, RangeError for times that are none
   */
  static timer(ms: number, options: TimerFdOptions = {}): OwnedFd {
    checkMs("ms", ms);
    if (options.everyMs !== undefined) checkMs("everyMs", options.everyMs);
    const native = requireNative("OwnedFd.timer()");
    return OwnedFd.of(native, native.timerFd(ms, options.everyMs ?? 0), "timerfd_create");
  }

  /** A counter (`eventfd`): {@link addCount} adds to it, and it is readable while it is not 0. */
  static event(): OwnedFd {
    const native = requireNative("OwnedFd.event()");
    return OwnedFd.of(native, native.eventFd(), "eventfd");
  }

  /**
   * Takes over a socket, pipe or the like that was opened elsewhere in this process, and has it never wait. It must be
   * nobody else's, and in particular none that Node watches.
   *
   * @throws TypeError, RangeError for what is no descriptor
   */
  static adopt(fd: Fd): OwnedFd {
    const number = fdOf(fd);
    const native = requireNative("OwnedFd.adopt()");
    return OwnedFd.of(native, native.adopt(number), "adopt");
  }

  get isClosed(): boolean {
    return !this.isOurs;
  }

  /**
   * Copies what is there into `buf`; gives the number of bytes, 0 at the end.
   *
   * @throws WouldBlockError if nothing is there
   * @throws ClosedError after a close
   */
  read(buf: Uint8Array): number {
    const fd = this.open();
    return done(this.native.read(fd, buf, 0, buf.length), "read");
  }

  /** As {@link read}, into several buffers in their order. */
  readVectored(bufs: readonly Uint8Array[]): number {
    const fd = this.open();
    return done(this.native.readVectored(fd, bufs), "readv");
  }

  /**
   * Takes over some bytes from the start of `buf`; gives their number.
   *
   * @throws WouldBlockError if there is no room
   * @throws ClosedError after a close
   */
  write(buf: Uint8Array): number {
    const fd = this.open();
    return done(this.native.write(fd, buf, 0, buf.length), "write");
  }

  /** As {@link write}, from several buffers in their order. */
  writeVectored(bufs: readonly Uint8Array[]): number {
    const fd = this.open();
    return done(this.native.writeVectored(fd, bufs), "writev");
  }

  /**
   * Of a timer, how often it has expired; of a counter, what was added: since it was last asked.
   *
   * @throws WouldBlockError if that is 0
   */
  readCount(): number {
    const count = new BigUint64Array(1);
    this.read(new Uint8Array(count.buffer));
    return Number(count[0]);
  }

  /**
   * Adds to a counter.
   *
   * @throws RangeError for what is no whole number from 1
   */
  addCount(count = 1): void {
    if (!(Number.isSafeInteger(count) && count >= 1))
      throw new RangeError(`a counter is added a whole number from 1 to; got ${count}`);
    this.write(new Uint8Array(new BigUint64Array([BigInt(count)]).buffer));
  }

  /** Hands the descriptor over to whoever is going to close it; gives its number. */
  release(): number {
    const fd = this.open();
    const result = this.native.release(fd);
    if (result < 0) throw systemError(result, "release");
    this.isOurs = false;
    return fd;
  }

  /** Idempotent. An `AsyncFd` on it is closed before. */
  close(): void {
    if (!this.isOurs) return;
    this.isOurs = false;
    this.native.close(this.fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private open(): number {
    if (this.isOurs) return this.fd;
    throw new ClosedError("the descriptor");
  }
}

function done(result: number, syscall: string): number {
  if (result >= 0) return result;
  if (result === -EAGAIN) throw new WouldBlockError(`${syscall} would wait`);
  throw systemError(result, syscall);
}

function checkMs(name: string, ms: number): void {
  if (typeof ms !== "number") throw new TypeError(`${name} must be a number; got ${typeof ms}`);
  if (!(Number.isInteger(ms) && ms >= 1 && ms <= 0x7fff_ffff))
    throw new RangeError(`${name} must be a whole number of ms, 1 or more; got ${ms}`);
}
