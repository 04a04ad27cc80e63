import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Duplex } from "../io/duplex.ts";
import type { SocketAddress, TcpConnectOptions, TcpStreamSource } from "../reactor/reactor.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import { checkFlag, checkHost, checkPort } from "./check.ts";

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

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollRead(cx, buf);
  }

  override cancelRead(): void {
    this.source.cancelRead();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollWrite(cx, buf);
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
   * Gives the connection back to the system; operations that wait fail with `ClosedError`. What has been written is
   * still sent, as long as the peer takes it; what has come in and was not read is lost. Idempotent.
   */
  override close(): void {
    this.source.close();
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
}
