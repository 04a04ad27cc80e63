import type { Context } from "../core/context.ts";
import { PollAfterCompletionError, WouldBlockError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { checkBytes, checkRoom } from "../io/check.ts";
import { Duplex } from "../io/duplex.ts";
import type { Side } from "../io/side.ts";
import type { SocketAddress, TcpConnectOptions } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { TcpStreamSource } from "../reactor/source.ts";
import { checkFamily, checkFlag, checkHost, checkPort, checkWhole } from "./check.ts";
import { checkSocketOptions } from "./check-socket-options.ts";
import { withHostPort } from "./host-port.ts";
import { Peek } from "./peek.ts";
import { type Interest, Readable, type Ready, WhenReady, Writable } from "./ready.ts";

/** How a connection is made to an address that is given apart. */
export type TcpConnectSettings = Omit<TcpConnectOptions, "host" | "port">;

/** The operation that has a side while one of the `try…` functions does its work. */
const ATTEMPT = {};

/**
 * A TCP connection. Its two directions are independent: one task may read while another one writes. What is written is
 * sent in the background, also after a `close`; that this fails is seen by a later operation.
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
export class TcpStream extends Duplex {
  private readonly source: TcpStreamSource;

  /** @internal */
  constructor(source: TcpStreamSource) {
    super();
    this.source = source;
  }

  /**
   * Opens a connection; where a name has several addresses, to the first of them that answers. A string is
   * `"host:port"`. The system gives up on an address that does not answer after two minutes or so: put a `timeout`
   * around it.
   *
   * Fails with the system's error: `ECONNREFUSED`, `ETIMEDOUT`, `EHOSTUNREACH`, `ENOTFOUND`, `EADDRINUSE` of our end,
   * `EMFILE`; with `UnsupportedError` for an option that the reactor does not have.
   *
   * **Cancel safety.** Safe: the connection is closed again.
   *
   * @throws TypeError, RangeError for options that make no sense
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const listener = yield* TcpListener.bind("127.0.0.1:0");
   *   const { port } = listener.localAddress;
   *   const stream = yield* timeout(1000, TcpStream.connect(`127.0.0.1:${port}`, { keepAlive: true }));
   *   console.log(stream.peerAddress.port === port); // true
   *   stream.close();
   *   listener.close();
   * });
   * await run(main());
   * ```
   */
  static connect(options: TcpConnectOptions): Future<TcpStream>;
  static connect(address: string, settings?: TcpConnectSettings): Future<TcpStream>;
  static connect(target: TcpConnectOptions | string, settings: TcpConnectSettings = {}): Future<TcpStream> {
    const options = withHostPort(target, settings, "TcpStream.connect");
    checkHost(options.host);
    checkPort(options.port, 1);
    if (options.localAddress !== undefined) checkHost(options.localAddress, "localAddress");
    if (options.localPort !== undefined) checkPort(options.localPort, 0, "localPort");
    checkFamily(options.family);
    checkFlag("happyEyeballs", options.happyEyeballs);
    checkWhole("attemptTimeout", options.attemptTimeout, 10, "ms");
    checkSocketOptions(options);
    return new Connect(options);
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    return { kind: "TCP stream", name: `${at(this.localAddress)} to ${at(this.peerAddress)}`, key: this };
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollRead(cx, buf);
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

  /**
   * Closes at once: what is not sent yet is lost, and the peer's next operation fails with `ECONNRESET`. Operations that
   * wait fail with `ClosedError`. Idempotent.
   */
  reset(): void {
    this.source.reset();
  }

  /** Our end. Known also after the close. */
  get localAddress(): SocketAddress {
    return this.source.localAddress;
  }

  /** The other end. Known also after the close. */
  get peerAddress(): SocketAddress {
    return this.source.peerAddress;
  }

  /** Bytes that reads have given. */
  get bytesRead(): number {
    return this.source.bytesRead;
  }

  /** Bytes that writes have taken over. */
  get bytesWritten(): number {
    return this.source.bytesWritten;
  }

  /** Whether small writes are sent at once. */
  get noDelay(): boolean {
    return this.source.option("noDelay");
  }

  /**
   * Whether small writes are sent at once rather than gathered until the peer has confirmed earlier ones
   * (`TCP_NODELAY`). On unless the options said otherwise.
   *
   * @throws ClosedError after a close
   */
  setNoDelay(on: boolean): void {
    checkSocketOptions({ noDelay: on });
    this.source.setOption("noDelay", on);
  }

  /** Whether a silent peer is asked for signs of life; a number is the ms of silence before. */
  get keepAlive(): boolean | number {
    return this.source.option("keepAlive");
  }

  /**
   * Whether a silent peer is asked for signs of life (`SO_KEEPALIVE`), so that one that is gone without a word is noticed.
   * A number is the ms of silence before the first question, 1000 or more, which the system rounds to seconds; its own
   * default is two hours.
   *
   * @throws ClosedError after a close
   */
  setKeepAlive(keepAlive: boolean | number): void {
    checkSocketOptions({ keepAlive });
    this.source.setOption("keepAlive", keepAlive);
  }

  /** See {@link setLinger}. */
  get linger(): number | null {
    return this.source.option("linger");
  }

  /**
   * What a {@link close} does with bytes that are unsent (`SO_LINGER`): with `null`, the default, they are sent in the
   * background; with 0 they are lost, and the connection is reset. The node reactor knows no more than these two.
   *
   * @throws ClosedError after a close
   * @throws UnsupportedError where the reactor cannot
   */
  setLinger(ms: number | null): void {
    checkSocketOptions({ linger: ms });
    this.source.setOption("linger", ms);
  }
}

/** @throws WouldBlockError if it gives `Pending` */
function attempt(side: Side, done: string, operation: () => Poll<number>): number {
  side.begin(ATTEMPT);
  try {
    const size = operation();
    if (size === Pending) throw new WouldBlockError(`nothing can be ${done} now`);
    return size;
  } finally {
    side.end(ATTEMPT);
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
