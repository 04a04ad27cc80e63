import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { SocketAddress, TcpConnectOptions } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { TcpStreamSource } from "../reactor/source.ts";
import { checkFamily, checkFlag, checkHost, checkPort, checkWhole } from "./check.ts";
import { checkSocketOptions } from "./check-socket-options.ts";
import { withHostPort } from "./host-port.ts";
import { localReactor } from "./local-reactor.ts";
import { Open, opened } from "./open.ts";
import { SocketStream } from "./socket-stream.ts";

/** How a connection is made to an address that is given apart. */
export type TcpConnectSettings = Omit<TcpConnectOptions, "host" | "port">;

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
export class TcpStream extends SocketStream<TcpStreamSource> {
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
    return new Open({
      what: "TcpStream.connect()",
      op: `connect to ${options.host}:${options.port}`,
      make: (runtime) => reactorOf(runtime).tcpStream(options),
      poll: (source, cx) => source.pollConnect(cx),
      done: (source) => new TcpStream(source),
    });
  }

  /**
   * Takes over a connected TCP socket of this process: it is the stream's to close, and must be nobody else's, neither
   * Node's nor another stream's.
   *
   * Fails with the system's error (`EBADF`), and with `TypeError` for another kind of descriptor, which is left alone.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError, RangeError for what is no number of a descriptor
   */
  static fromFd(fd: number): Future<TcpStream> {
    checkWhole("a descriptor", fd, 0, "descriptors");
    return opened("TcpStream.fromFd()", (runtime) => {
      return new TcpStream(localReactor(runtime, "TcpStream.fromFd()").adoptTcp(fd));
    });
  }

  /**
   * Makes a stream of a connected `net.Socket` of Node's, on whatever reactor: of one that a server of Node's has accepted,
   * or that an HTTP server hands over at an upgrade. Nobody may have begun to read from it. It is the stream's from then on.
   *
   * Fails with `TypeError` for what is no such socket.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError for what is no object
   *
   * @example
   * ```ts
   * import { once } from "node:events";
   * import { type AddressInfo, connect, createServer } from "node:net";
   * import { co, run, TcpStream } from "pollux";
   *
   * const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
   * await once(server, "listening");
   * const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
   * await once(socket, "connect");
   * const main = co(function* () {
   *   const stream = yield* TcpStream.fromSocket(socket);
   *   console.log(yield* stream.readToString()); // "hello"
   *   stream.close();
   * });
   * await run(main());
   * server.close();
   * ```
   */
  static fromSocket(socket: object): Future<TcpStream> {
    if (typeof socket !== "object" || socket === null)
      throw new TypeError(`fromSocket needs a net.Socket of Node's; got ${String(socket)}`);
    return opened("TcpStream.fromSocket()", (runtime) => {
      return new TcpStream(localReactor(runtime, "TcpStream.fromSocket()").adoptSocket(socket));
    });
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    return { kind: "TCP stream", name: `${at(this.localAddress)} to ${at(this.peerAddress)}`, key: this };
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

function at({ host, port }: SocketAddress): string {
  return `${host}:${port}`;
}
