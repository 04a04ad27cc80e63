import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { SocketAddress, TcpListenOptions } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { TcpListenerSource, TcpStreamSource } from "../reactor/source.ts";
import { Stream } from "../stream/stream.ts";
import { Accept, Acceptance } from "./accept.ts";
import { checkFlag, checkHost, checkPort, checkWhole } from "./check.ts";
import { checkSocketOptions } from "./check-socket-options.ts";
import { withHostPort } from "./host-port.ts";
import { Incoming } from "./incoming.ts";
import { localReactor } from "./local-reactor.ts";
import { Open, opened } from "./open.ts";
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
  private readonly acceptance: Acceptance<TcpStreamSource, TcpStream>;

  /** @internal */
  constructor(source: TcpListenerSource) {
    this.source = source;
    this.acceptance = new Acceptance(
      source,
      (connection) => new TcpStream(connection),
      () => ({
        kind: "TCP listener",
        name: `${this.localAddress.host}:${this.localAddress.port}`,
        key: this,
      }),
    );
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
    checkListenOptions(options);
    return new Open({
      what: "TcpListener.bind()",
      op: `bind to ${options.host}:${options.port}`,
      make: (runtime) => reactorOf(runtime).tcpListener(options),
      poll: (source, cx) => source.pollListen(cx),
      done: (source) => new TcpListener(source),
    });
  }

  /**
   * Accepts from a socket that another thread of this process has opened and keeps open.
   *
   * @internal
   */
  static share(fd: number, options: TcpListenOptions): Future<TcpListener> {
    return opened("TcpListener.share()", (runtime) => {
      const local = localReactor(runtime, "a listening socket of several threads");
      return new TcpListener(local.shareListener(fd, options));
    });
  }

  /** @internal */
  get inspected(): InspectionTarget {
    const { host, port } = this.localAddress;
    return { kind: "TCP listener", name: `${host}:${port}`, key: this };
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
    return new Accept(this.acceptance);
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
    return new Stream(new Incoming(this.acceptance));
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

/**
 * @throws TypeError, RangeError for options that make no sense
 * @internal
 */
export function checkListenOptions(options: TcpListenOptions): void {
  checkHost(options.host);
  checkPort(options.port, 0);
  checkWhole("backlog", options.backlog, 1, "connections");
  checkWhole("maxUnaccepted", options.maxUnaccepted, 1, "connections");
  checkFlag("ipv6Only", options.ipv6Only);
  checkFlag("exclusive", options.exclusive);
  checkSocketOptions(options);
}
