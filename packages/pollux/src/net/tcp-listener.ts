import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { SocketAddress, TcpListenOptions } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { TcpListenerSource, TcpStreamSource } from "../reactor/source.ts";
import { checkFlag, checkHost, checkPort, checkWhole } from "./check.ts";
import { checkSocketOptions } from "./check-socket-options.ts";
import { withHostPort } from "./host-port.ts";
import { Listener } from "./listener.ts";
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
export class TcpListener extends Listener<TcpStream, TcpStreamSource, TcpListenerSource> {
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
  static override bind(options: TcpListenOptions): Future<TcpListener>;
  static override bind(address: string, settings?: TcpListenSettings): Future<TcpListener>;
  static override bind(
    target: TcpListenOptions | string,
    settings: TcpListenSettings = {},
  ): Future<TcpListener> {
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
  override get inspected(): InspectionTarget {
    const { host, port } = this.localAddress;
    return { kind: "TCP listener", name: `${host}:${port}`, key: this };
  }

  /** @internal */
  protected override connectionOf(source: TcpStreamSource): TcpStream {
    return new TcpStream(source);
  }

  /** Where it listens: with port 0, the port that the system chose. Can be given to {@link TcpStream.connect}. */
  get localAddress(): SocketAddress {
    return this.source.localAddress;
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
