import type { Context } from "../core/context.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SocketAddress, TcpListenOptions } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { TcpListenerSource } from "../reactor/source.ts";
import { Stream } from "../stream/stream.ts";
import { checkFlag, checkHost, checkPort, checkWhole } from "./check.ts";
import { checkSocketOptions } from "./check-socket-options.ts";
import { withHostPort } from "./host-port.ts";
import { Incoming } from "./incoming.ts";
import { TcpStream } from "./tcp-stream.ts";

/** How a listener is made at an address that is given apart. */
export type TcpListenSettings = Omit<TcpListenOptions, "host" | "port">;

/**
 * A socket that listens for TCP connections.
 *
 * @example
 * ```ts
 * const greet = co(function* (stream: TcpStream) {
 *   try {
 *     yield* stream.writeAll(new TextEncoder().encode("hello"));
 *   } finally {
 *     stream.close();
 *   }
 * });
 * const serve = co(function* (listener: TcpListener) {
 *   try {
 *     for (;;) spawn(greet(yield* listener.accept()));
 *   } finally {
 *     listener.close();
 *   }
 * });
 * const main = co(function* () {
 *   const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
 *   const server = spawn(serve(listener));
 *   const client = yield* TcpStream.connect(listener.localAddress);
 *   console.log(yield* client.read(new Uint8Array(16))); // 5
 *   client.close();
 *   server.abort();
 * });
 * await run(main());
 * ```
 */
export class TcpListener {
  private readonly source: TcpListenerSource;
  /** The `accept` that has begun and not ended. */
  private acceptor: object | null = null;

  /** @internal */
  constructor(source: TcpListenerSource) {
    this.source = source;
  }

  /**
   * Opens a listening socket. A string is `"host:port"`.
   *
   * Fails with the system's error: `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, `ENOTFOUND`, `EMFILE`; with
   * `UnsupportedError` for an option that the reactor does not have.
   *
   * **Cancel safety.** Safe: the socket is closed again.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  static bind(options: TcpListenOptions): Future<TcpListener>;
  static bind(address: string, settings?: TcpListenSettings): Future<TcpListener>;
  static bind(target: TcpListenOptions | string, settings: TcpListenSettings = {}): Future<TcpListener> {
    const options = withHostPort(target, settings, "TcpListener.bind");
    checkHost(options.host);
    checkPort(options.port, 0);
    checkWhole("backlog", options.backlog, 1, "connections");
    checkWhole("maxUnaccepted", options.maxUnaccepted, 1, "connections");
    checkFlag("ipv6Only", options.ipv6Only);
    checkFlag("exclusive", options.exclusive);
    checkSocketOptions(options);
    return new Bind(options);
  }

  /**
   * Waits for the next connection, the oldest first. One task accepts at a time.
   *
   * **Cancel safety.** Safe: a connection that has arrived stays for the next `accept`.
   *
   * Fails with `ClosedError` when the listener is closed, `FutureInUseError` while another `accept` is waiting, and the
   * system's error where a connection cannot be accepted (`EMFILE`): the listener goes on.
   */
  accept(): Future<TcpStream> {
    return new Accept(this);
  }

  /**
   * The connections as they come, as a stream that ends when the listener is closed. It borrows the listener: giving the
   * stream up leaves that open. While it waits, no `accept` may.
   *
   * An error of the system is thrown by the `next` that meets it, and the stream goes on.
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const listener = yield* TcpListener.bind("127.0.0.1:0");
   *   const client = yield* TcpStream.connect(listener.localAddress);
   *   const incoming = listener.incoming();
   *   const stream = yield* incoming.next();
   *   if (stream !== End) stream.close();
   *   client.close();
   *   listener.close();
   *   console.log((yield* incoming.next()) === End); // true
   * });
   * await run(main());
   * ```
   */
  incoming(): Stream<TcpStream> {
    return new Stream(new Incoming(this));
  }

  /** @internal */
  pollAccept(cx: Context, acceptor: object): Poll<TcpStream> {
    if (this.acceptor !== acceptor) {
      if (this.acceptor !== null) throw new FutureInUseError("another accept waits on this listener");
      this.acceptor = acceptor;
    }
    const source = this.source.pollAccept(cx);
    return source === Pending ? Pending : new TcpStream(source);
  }

  /** @internal */
  acceptEnded(acceptor: object): void {
    if (this.acceptor !== acceptor) return;
    this.acceptor = null;
    this.source.cancelAccept();
  }

  /** Where it listens: with port 0, the port that the system chose. Can be given to {@link TcpStream.connect}. */
  get localAddress(): SocketAddress {
    return this.source.localAddress;
  }

  /**
   * Connections that were reset because too many waited for an `accept`: see `maxUnaccepted`. Always 0 on a reactor that
   * leaves them with the system.
   */
  get dropped(): number {
    return this.source.dropped;
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  /**
   * Stops listening: the port is free at once, connections that nobody has accepted are dropped, and an `accept` that
   * waits fails with `ClosedError`. Connections that were accepted stay. Idempotent.
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
}

class Bind extends Future<TcpListener> {
  readonly #options: TcpListenOptions;
  #source: TcpListenerSource | null = null;
  #over = false;

  constructor(options: TcpListenOptions) {
    super();
    this.#options = options;
  }

  override poll(cx: Context): Poll<TcpListener> {
    if (this.#over) throw new PollAfterCompletionError("TcpListener.bind()");
    this.#source ??= reactorOf(cx.runtime).tcpListener(this.#options);
    const source = this.#source;
    try {
      if (source.pollListen(cx) === Pending) return Pending;
    } catch (error) {
      this.cancel();
      throw error;
    }
    this.#over = true;
    return new TcpListener(source);
  }

  override cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source?.cancelAccept();
    this.#source?.close();
  }

  override inspect(): Inspection {
    return { op: `bind to ${this.#options.host}:${this.#options.port}` };
  }
}

class Accept extends Future<TcpStream> {
  #listener: TcpListener | null;

  constructor(listener: TcpListener) {
    super();
    this.#listener = listener;
  }

  override poll(cx: Context): Poll<TcpStream> {
    const listener = this.#listener;
    if (listener === null) throw new PollAfterCompletionError("accept()");
    let poll: Poll<TcpStream>;
    try {
      poll = listener.pollAccept(cx, this);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.cancel();
    return poll;
  }

  override cancel(): void {
    this.#listener?.acceptEnded(this);
    this.#listener = null;
  }

  override inspect(): Inspection {
    const listener = this.#listener;
    if (listener === null) return { op: "accept()" };
    const { host, port } = listener.localAddress;
    return { op: "accept() on", target: { kind: "TCP listener", name: `${host}:${port}`, key: listener } };
  }
}
