import type { Context } from "../core/context.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SocketAddress, TcpConnectOptions, TcpStreamSource } from "../reactor/reactor.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import { checkBytes, checkFlag, checkHost, checkPort } from "./check.ts";

/**
 * A TCP connection. Its two directions are independent: one task may read while another one writes.
 *
 * A failure of the connection is thrown once, as the system's error, by the operation that waits or else by the next
 * one; later operations fail with `ClosedError`, whose cause it is. Bytes that came before it can still be read.
 *
 * @example
 * ```ts
 * const echo = co(function* (stream: TcpStream) {
 *   const buf = new Uint8Array(16_384);
 *   try {
 *     for (let n: number; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
 *   } finally {
 *     stream.close();
 *   }
 * });
 * const main = co(function* () {
 *   const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
 *   const [theirs, ours] = yield* join(listener.accept(), TcpStream.connect(listener.localAddress));
 *   spawn(echo(theirs));
 *   yield* ours.writeAll(new TextEncoder().encode("hello"));
 *   yield* ours.shutdown(); // The echo reads the end, and closes.
 *   const buf = new Uint8Array(100);
 *   let size = 0;
 *   for (let n: number; (n = yield* ours.read(buf.subarray(size))) > 0; ) size += n;
 *   console.log(new TextDecoder().decode(buf.subarray(0, size))); // "hello"
 *   ours.close();
 *   listener.close();
 * });
 * await run(main());
 * ```
 */
export class TcpStream {
  private readonly source: TcpStreamSource;
  /** The operation on the read side that has begun and not ended. */
  private reader: object | null = null;
  /** The same on the write side. */
  private writer: object | null = null;

  /** @internal */
  constructor(source: TcpStreamSource) {
    this.source = source;
  }

  /**
   * Opens a connection; where a name has several addresses, to the first of them that answers.
   *
   * Fails with the system's error: `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, `ENOTFOUND`.
   *
   * **Cancel safety.** Safe: the connection is closed again.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  static connect(options: TcpConnectOptions): Future<TcpStream> {
    checkHost(options, "TcpStream.connect");
    checkPort(options.port, 1);
    checkFlag("noDelay", options.noDelay);
    return new Connect({ ...options });
  }

  /**
   * Waits until there is something to read and copies as much of it as fits into `buf`. Gives the number of bytes, at
   * least 1, or 0 once the peer has ended its side.
   *
   * **Cancel safety.** Safe: bytes that have arrived stay for the next `read`.
   *
   * @throws TypeError, RangeError if `buf` is no `Uint8Array`, or empty
   */
  read(buf: Uint8Array): Future<number> {
    checkBytes(buf, "read");
    if (buf.length === 0)
      throw new RangeError("read needs a buffer of at least one byte: 0 bytes read is the end");
    return new Read(this, buf);
  }

  /**
   * Waits until something can be written, takes over some bytes from the start of `buf`, and gives their number: at
   * least 1, unless `buf` is empty. They are sent in the background, also after a `close`; that this fails is seen by a
   * later operation. `buf` can be used again at once.
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
   * Ends the write side, once all that was written has been handed to the system: the peer reads the end of the stream.
   * The read side stays as it is. Idempotent.
   *
   * **Cancel safety.** Safe, but once it has begun the write side ends all the same.
   */
  shutdown(): Future<void> {
    return new Shutdown(this);
  }

  /**
   * Gives the connection back to the system; operations that wait fail with `ClosedError`. What has been written is
   * still sent, as long as the peer takes it; what has come in and was not read is lost. Idempotent.
   */
  close(): void {
    this.source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  /** Our end. Known also after the close. */
  get localAddress(): SocketAddress {
    return this.source.localAddress;
  }

  /** The other end. Known also after the close. */
  get peerAddress(): SocketAddress {
    return this.source.peerAddress;
  }

  /**
   * Whether small writes are sent at once rather than gathered until the peer has confirmed earlier ones
   * (`TCP_NODELAY`). On unless the options said otherwise.
   *
   * @throws ClosedError after a close
   */
  setNoDelay(on: boolean): void {
    checkFlag("noDelay", on);
    this.source.setNoDelay(on);
  }

  /** @internal */
  beginReading(operation: object): TcpStreamSource {
    if (this.reader !== operation) {
      if (this.reader !== null) throw new FutureInUseError("another read waits on this stream");
      this.reader = operation;
    }
    return this.source;
  }

  /** @internal */
  endReading(operation: object): void {
    if (this.reader !== operation) return;
    this.reader = null;
    this.source.cancelRead();
  }

  /** @internal */
  beginWriting(operation: object): TcpStreamSource {
    if (this.writer !== operation) {
      if (this.writer !== null) throw new FutureInUseError("another write or shutdown waits on this stream");
      this.writer = operation;
    }
    return this.source;
  }

  /** @internal */
  endWriting(operation: object): void {
    if (this.writer !== operation) return;
    this.writer = null;
    this.source.cancelWrite();
  }
}

class Connect extends Future<TcpStream> {
  readonly #options: TcpConnectOptions;
  #source: TcpStreamSource | null = null;
  #over = false;

  constructor(options: TcpConnectOptions) {
    super();
    this.#options = options;
  }

  override poll(cx: Context): Poll<TcpStream> {
    if (this.#over) throw new PollAfterCompletionError("TcpStream.connect()");
    this.#source ??= reactorOf(cx.runtime).tcpStream(this.#options);
    const source = this.#source;
    try {
      if (source.pollConnect(cx) === Pending) return Pending;
    } catch (error) {
      this.cancel();
      throw error;
    }
    this.#over = true;
    return new TcpStream(source);
  }

  override cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source?.cancelWrite();
    this.#source?.close();
  }

  override inspect(): Inspection {
    const { host, port } = this.#options;
    return { op: `connect to ${host}:${port}` };
  }
}

function at({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}

/** An operation on one side of a stream, which is its own from the first poll to the end. */
abstract class Operation<T> extends Future<T> {
  /** `null` once over. */
  private stream: TcpStream | null;

  constructor(stream: TcpStream) {
    super();
    this.stream = stream;
  }

  protected abstract readonly what: string;
  protected abstract attempt(stream: TcpStream, cx: Context): Poll<T>;
  protected abstract leave(stream: TcpStream): void;

  override poll(cx: Context): Poll<T> {
    const { stream } = this;
    if (stream === null) throw new PollAfterCompletionError(this.what);
    let poll: Poll<T>;
    try {
      poll = this.attempt(stream, cx);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.cancel();
    return poll;
  }

  override cancel(): void {
    const { stream } = this;
    if (stream === null) return;
    this.stream = null;
    this.leave(stream);
  }

  override inspect(): Inspection {
    const { stream } = this;
    if (stream === null) return { op: this.what };
    const name = `${at(stream.localAddress)} to ${at(stream.peerAddress)}`;
    return { op: `${this.what} on`, target: { kind: "TCP stream", name, key: stream } };
  }
}

class Read extends Operation<number> {
  private readonly buf: Uint8Array;

  constructor(stream: TcpStream, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "read()";
  }

  protected override attempt(stream: TcpStream, cx: Context): Poll<number> {
    return stream.beginReading(this).pollRead(cx, this.buf);
  }

  protected override leave(stream: TcpStream): void {
    stream.endReading(this);
  }
}

abstract class WriteOperation<T> extends Operation<T> {
  protected override leave(stream: TcpStream): void {
    stream.endWriting(this);
  }
}

class Write extends WriteOperation<number> {
  private readonly buf: Uint8Array;

  constructor(stream: TcpStream, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "write()";
  }

  protected override attempt(stream: TcpStream, cx: Context): Poll<number> {
    return stream.beginWriting(this).pollWrite(cx, this.buf);
  }
}

class WriteAll extends WriteOperation<void> {
  /** What is left. */
  private buf: Uint8Array;

  constructor(stream: TcpStream, buf: Uint8Array) {
    super(stream);
    this.buf = buf;
  }

  protected override get what(): string {
    return "writeAll()";
  }

  protected override attempt(stream: TcpStream, cx: Context): Poll<void> {
    const source = stream.beginWriting(this);
    for (;;) {
      const written = source.pollWrite(cx, this.buf);
      if (written === Pending) return Pending;
      if (written === this.buf.length) return undefined;
      this.buf = this.buf.subarray(written);
    }
  }
}

class Shutdown extends WriteOperation<void> {
  protected override get what(): string {
    return "shutdown()";
  }

  protected override attempt(stream: TcpStream, cx: Context): Poll<void> {
    return stream.beginWriting(this).pollShutdown(cx);
  }
}
