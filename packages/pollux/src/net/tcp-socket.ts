import { ambient } from "../core/ambient.ts";
import type { Future } from "../core/future.ts";
import type { SocketOptions } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import { checkPort } from "./check.ts";
import { checkSocketOptions } from "./check-socket-options.ts";
import { type HostPort, parseHostPort } from "./host-port.ts";
import { TcpListener } from "./tcp-listener.ts";
import { TcpStream } from "./tcp-stream.ts";

/**
 * A TCP socket before it listens or connects, to set its options one by one. It holds nothing of the system until then:
 * what is wrong with an address comes from `listen` or `connect`.
 *
 * An option that the reactor cannot set is refused at the call with `UnsupportedError`, and never ignored.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const socket = TcpSocket.v4();
 *   socket.setKeepAlive(60_000);
 *   socket.bind("127.0.0.1:0");
 *   const listener = yield* socket.listen(128);
 *   const client = yield* TcpSocket.v4().connect(listener.localAddress);
 *   const stream = yield* listener.accept();
 *   console.log(stream.keepAlive); // 60000
 *   for (const each of [stream, client, listener]) each.close();
 * });
 * await run(main());
 * ```
 */
export class TcpSocket {
  readonly family: "IPv4" | "IPv6";
  private readonly options: Partial<SocketOptions> = {};
  private local: HostPort | null = null;

  private constructor(family: "IPv4" | "IPv6") {
    this.family = family;
  }

  /** A socket for addresses of IPv4. */
  static v4(): TcpSocket {
    return new TcpSocket("IPv4");
  }

  /** A socket for addresses of IPv6. */
  static v6(): TcpSocket {
    return new TcpSocket("IPv6");
  }

  /**
   * Where it is going to listen, or its own end when it connects.
   *
   * @throws TypeError, RangeError for what is no numeric address of the socket's family
   */
  bind(address: string | HostPort): void {
    this.local = this.checked(address, 0);
  }

  /**
   * Listens at the address that it was bound to.
   *
   * Fails as {@link TcpListener.bind} does.
   *
   * **Cancel safety.** Safe: the socket is closed again.
   *
   * @param backlog - how many connections the system holds ready for `accept`
   * @throws TypeError if it was not bound, RangeError for a backlog below 1
   */
  listen(backlog: number): Future<TcpListener> {
    if (this.local === null)
      throw new TypeError("a socket listens where it was bound to: call bind() before");
    // A socket of IPv6 is for IPv6 alone, as the one of IPv4 is for IPv4.
    const ipv6Only = this.family === "IPv6";
    return TcpListener.bind({ ...this.options, ...this.local, backlog, ipv6Only });
  }

  /**
   * Connects, from the address that it was bound to if there is one.
   *
   * Fails as {@link TcpStream.connect} does.
   *
   * **Cancel safety.** Safe: the connection is closed again.
   *
   * @throws TypeError, RangeError for what is no numeric address of the socket's family
   */
  connect(address: string | HostPort): Future<TcpStream> {
    const { family, local, options } = this;
    const end = local === null ? {} : { localAddress: local.host, localPort: local.port };
    return TcpStream.connect({ ...options, ...this.checked(address, 1), ...end, family });
  }

  private checked(address: string | HostPort, lowestPort: number): HostPort {
    const { host, port } = typeof address === "string" ? parseHostPort(address) : address;
    const family = /^\d+\.\d+\.\d+\.\d+$/.test(host) ? "IPv4" : host.includes(":") ? "IPv6" : null;
    if (family !== this.family)
      throw new RangeError(
        `a socket of ${this.family} needs an address of that, not a name or another; got ${host}`,
      );
    checkPort(port, lowestPort);
    return { host, port };
  }

  private set(options: Partial<SocketOptions>): void {
    checkSocketOptions(options);
    // Where no runtime is known yet, the reactor refuses it when the socket is opened.
    const runtime = ambient.cx?.runtime ?? ambient.defaultRuntime?.();
    if (runtime !== undefined) {
      const kinds = options.reusePort === true ? (["listener"] as const) : (["listener", "stream"] as const);
      for (const kind of kinds) reactorOf(runtime).checkOptions(kind, options);
    }
    Object.assign(this.options, options);
  }

  /** See {@link SocketOptions.noDelay}. */
  get noDelay(): boolean {
    return this.options.noDelay ?? true;
  }

  /**
   * Sets {@link TcpSocket.noDelay}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setNoDelay(on: boolean): void {
    this.set({ noDelay: on });
  }

  /** See {@link SocketOptions.keepAlive}. */
  get keepAlive(): boolean | number {
    return this.options.keepAlive ?? false;
  }

  /**
   * Sets {@link TcpSocket.keepAlive}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setKeepAlive(keepAlive: boolean | number): void {
    this.set({ keepAlive });
  }

  /** See {@link SocketOptions.linger}. */
  get linger(): number | null {
    return this.options.linger ?? null;
  }

  /**
   * Sets {@link TcpSocket.linger}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setLinger(ms: number | null): void {
    this.set({ linger: ms });
  }

  /** See {@link SocketOptions.reuseAddress}. */
  get reuseAddress(): boolean {
    return this.options.reuseAddress ?? true;
  }

  /**
   * Sets {@link TcpSocket.reuseAddress}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setReuseAddress(on: boolean): void {
    this.set({ reuseAddress: on });
  }

  /** See {@link SocketOptions.reusePort}. */
  get reusePort(): boolean {
    return this.options.reusePort ?? false;
  }

  /**
   * Sets {@link TcpSocket.reusePort}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setReusePort(on: boolean): void {
    this.set({ reusePort: on });
  }

  /** `undefined` is the system's. See {@link SocketOptions.sendBufferSize}. */
  get sendBufferSize(): number | undefined {
    return this.options.sendBufferSize;
  }

  /**
   * Sets {@link TcpSocket.sendBufferSize}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setSendBufferSize(bytes: number): void {
    this.set({ sendBufferSize: bytes });
  }

  /** `undefined` is the system's. See {@link SocketOptions.recvBufferSize}. */
  get recvBufferSize(): number | undefined {
    return this.options.recvBufferSize;
  }

  /**
   * Sets {@link TcpSocket.recvBufferSize}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setRecvBufferSize(bytes: number): void {
    this.set({ recvBufferSize: bytes });
  }

  /** `undefined` is the system's. See {@link SocketOptions.ttl}. */
  get ttl(): number | undefined {
    return this.options.ttl;
  }

  /**
   * Sets {@link TcpSocket.ttl}.
   *
   * @throws TypeError, RangeError for what it cannot be
   * @throws UnsupportedError for what the reactor in use cannot set
   */
  setTtl(hops: number): void {
    this.set({ ttl: hops });
  }
}
