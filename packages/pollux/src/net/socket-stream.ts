import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Poll } from "../core/poll.ts";
import { checkBytes, checkRoom } from "../io/check.ts";
import { Duplex } from "../io/duplex.ts";
import type { ByteSource } from "../reactor/source.ts";
import { attempt } from "./attempt.ts";
import { Peek } from "./peek.ts";
import { checkRooms, ReadVectored } from "./read-vectored.ts";
import { type Interest, Readable, type Ready, WhenReady, Writable } from "./ready.ts";
import { checkFile, type OpenFile, SendFile } from "./send-file.ts";

/** What a TCP connection and a Unix socket have in common: a {@link Duplex} over a source of the reactor. */
export abstract class SocketStream<S extends ByteSource> extends Duplex {
  /** @internal */
  protected readonly source: S;

  /** @internal */
  constructor(source: S) {
    super();
    this.source = source;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollRead(cx, buf);
  }

  /** As `pollRead`, into several buffers in their order. */
  pollReadVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.source.pollReadVectored(cx, bufs);
  }

  /** As `pollRead`, and leaves the bytes where they are. */
  pollPeek(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollPeek(cx, buf);
  }

  /** Ready when `pollRead` would be. */
  pollReadReady(cx: Context): Poll<void> {
    return this.source.pollReadReady(cx);
  }

  override cancelRead(): void {
    this.source.cancelRead();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollWrite(cx, buf);
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.source.pollWriteVectored(cx, bufs);
  }

  /** Ready when `pollWrite` would be. */
  pollWriteReady(cx: Context): Poll<void> {
    return this.source.pollWriteReady(cx);
  }

  /** What a write has taken over is on its way: nothing is held back. */
  override pollFlush(): Poll<void> {
    return undefined;
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.source.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.source.cancelWrite();
  }

  /**
   * As {@link read}, into several buffers in their order: the next is begun when the one before is full.
   *
   * **Cancel safety.** Safe: bytes that have arrived stay for the next read.
   *
   * @throws TypeError, RangeError if `bufs` are no `Uint8Array`s, or all of them empty
   *
   * @example
   * ```ts
   * const headAndBody = co(function* (stream: TcpStream) {
   *   const [head, body] = [new Uint8Array(16), new Uint8Array(4096)];
   *   const size = yield* stream.readVectored([head, body]);
   *   return size < head.length ? null : { head, body: body.subarray(0, size - head.length) };
   * });
   * ```
   */
  readVectored(bufs: readonly Uint8Array[]): Future<number> {
    checkRooms(bufs, "readVectored");
    return new ReadVectored(this, bufs);
  }

  /**
   * Waits as `read` does, and leaves what it copies into `buf` for the next `read` or `peek`.
   *
   * **Cancel safety.** Safe.
   *
   * @throws TypeError, RangeError if `buf` is no `Uint8Array`, or empty
   *
   * @example
   * ```ts
   * const isTls = co(function* (stream: TcpStream) {
   *   const first = new Uint8Array(1);
   *   return (yield* stream.peek(first)) === 1 && first[0] === 0x16;
   * });
   * ```
   */
  peek(buf: Uint8Array): Future<number> {
    checkRoom(buf, "peek");
    return new Peek(this, buf);
  }

  /**
   * Waits until there is something to read: bytes, the end, or a failure. It takes the place of a `read`.
   *
   * **Cancel safety.** Safe.
   */
  readable(): Future<void> {
    return new Readable(this);
  }

  /**
   * Waits until something can be written, or writing fails. It takes the place of a `write`.
   *
   * **Cancel safety.** Safe.
   */
  writable(): Future<void> {
    return new Writable(this);
  }

  /**
   * Waits until one of the directions is ready, and gives what is known of both.
   *
   * **Cancel safety.** Safe.
   *
   * @throws TypeError if neither is asked for
   *
   * @example
   * ```ts
   * const drain = co(function* (stream: TcpStream, buf: Uint8Array) {
   *   for (;;) {
   *     const { isReadable, isReadClosed } = yield* stream.ready({ read: true });
   *     if (isReadable && stream.tryRead(buf) === 0) return;
   *     if (isReadClosed) return;
   *   }
   * });
   * ```
   */
  ready(interest: Interest): Future<Ready> {
    if (interest?.read !== true && interest?.write !== true) {
      throw new TypeError("ready needs { read: true }, { write: true } or both");
    }
    return new WhenReady(this, interest);
  }

  /** @internal */
  get readiness(): number {
    return this.source.readiness;
  }

  /**
   * Copies what is there into `buf`, as `read` does, and does not wait. On a reactor that reads by itself (Node's), the
   * first calls may find nothing yet: wait with {@link readable}.
   *
   * @throws WouldBlockError if nothing is there
   * @throws FutureInUseError while another read waits
   */
  tryRead(buf: Uint8Array): number {
    checkRoom(buf, "tryRead");
    return attempt(this.reading, "read", () => this.source.tryRead(buf));
  }

  /** As {@link tryRead}, into several buffers in their order. */
  tryReadVectored(bufs: readonly Uint8Array[]): number {
    checkRooms(bufs, "tryReadVectored");
    return attempt(this.reading, "read", () => this.source.tryReadVectored(bufs));
  }

  /**
   * Takes over some bytes from the start of `buf`, as `write` does, and does not wait.
   *
   * @throws WouldBlockError if nothing can be written now
   * @throws FutureInUseError while another write waits
   */
  tryWrite(buf: Uint8Array): number {
    checkBytes(buf, "tryWrite");
    return attempt(this.writing, "written", () => this.source.tryWrite(buf));
  }

  /** As {@link tryWrite}, from several buffers in their order. */
  tryWriteVectored(bufs: readonly Uint8Array[]): number {
    for (const buf of bufs) checkBytes(buf, "tryWriteVectored");
    return attempt(this.writing, "written", () => this.source.tryWriteVectored(bufs));
  }

  /**
   * Gives the connection back to the system; operations that wait fail with `ClosedError`. What has been written is
   * still sent, as long as the peer takes it; what has come in and was not read is lost. Idempotent.
   */
  override close(): void {
    this.source.close();
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  /** Ready when some bytes of the file have been taken over: see {@link sendFile}. */
  pollSendFile(cx: Context, file: number, count: number): Poll<number> {
    return this.source.pollSendFile(cx, file, count);
  }

  /**
   * Sends a file from its position on, up to its end or up to `count` bytes; gives how many. On epoll they do not pass
   * through this process (`sendfile`); on Node's reactor they are copied. Either way the thread waits for the disk when the
   * system does not have the bytes in memory.
   *
   * Fails as `write` does, and with the system's error for what is no open file (`EBADF`, `EINVAL`).
   *
   * **Cancel safety.** Not safe, as `writeAll`: the position of the file says how much was read.
   *
   * @param file - of `fs.open`, or a descriptor's number; it stays open
   * @throws TypeError, RangeError for what is neither, and for a count that is none
   *
   * @example
   * ```ts
   * const serveFile = co(function* (stream: TcpStream, file: { fd: number }) {
   *   const size = yield* stream.sendFile(file);
   *   yield* stream.shutdown();
   *   return size;
   * });
   * ```
   */
  sendFile(file: OpenFile | number, count?: number): Future<number> {
    return new SendFile(this, checkFile(file, count), count ?? Number.POSITIVE_INFINITY);
  }

  /**
   * Closes the stream and gives its descriptor, which stays open and is the caller's to close: for a socket of Node's, say,
   * or another stream. Operations that wait fail with `ClosedError`.
   *
   * @throws UnsupportedError on Node's reactor
   * @throws ClosedError after a close
   *
   * @example
   * ```ts
   * import { TcpStream } from "pollux";
   * import { Socket } from "node:net";
   *
   * export const toNode = (stream: TcpStream): Socket => new Socket({ fd: stream.intoFd() });
   * ```
   */
  intoFd(): number {
    return this.source.detach();
  }

  /** Bytes that reads have given. */
  get bytesRead(): number {
    return this.source.bytesRead;
  }

  /** Bytes that writes have taken over. */
  get bytesWritten(): number {
    return this.source.bytesWritten;
  }
}
