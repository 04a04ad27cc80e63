import { UnsupportedError } from "../../core/errors.ts";
import { resolve } from "../../reactor/dns-lookup.ts";
import { listenTcp } from "../../reactor/epoll/listen-tcp.ts";
import { loadNative, type Native } from "../../reactor/epoll/native.ts";
import { ADDRESS_BYTES, decodeAddress } from "../../reactor/epoll/socket-address.ts";
import { canReusePort } from "../../reactor/node/node-tcp-options.ts";
import type { SocketAddress, TcpListenOptions } from "../../reactor/options.ts";
import type { SharedListener } from "./messages.ts";

/**
 * The sockets that threads accept from: one for each, on one port, among which the system divides the connections.
 *
 * They are opened here, and a thread has but a descriptor of its own. So what stands in the queue of a socket stays there
 * while the thread that accepts from it ends and another takes its place: no connection is lost or refused.
 */
export class Listening {
  /** Where they listen. */
  readonly address: SocketAddress;
  private readonly native: Native | null;
  private readonly fds: number[];
  private readonly options: TcpListenOptions;

  private constructor(
    native: Native | null,
    fds: number[],
    options: TcpListenOptions,
    address: SocketAddress,
  ) {
    this.native = native;
    this.fds = fds;
    this.options = options;
    this.address = address;
  }

  /**
   * @throws the system's error: `EADDRINUSE`, `ENOTFOUND`
   * @throws UnsupportedError on the node reactor, where Node cannot share a port, or the port would be the system's choice
   */
  static async open(options: TcpListenOptions, count: number, reactor: string): Promise<Listening> {
    const loaded = loadNative();
    if (reactor === "node" || "reason" in loaded) return Listening.bindLater(options);
    const { native } = loaded;
    const host = await addressOf(options.host);
    const fds: number[] = [];
    let at: SocketAddress = { host, port: options.port, family: host.includes(":") ? "IPv6" : "IPv4" };
    try {
      while (fds.length < count) {
        fds.push(listenTcp(native, host, { ...options, port: at.port, reusePort: true }).fd);
        const address = new Uint8Array(ADDRESS_BYTES);
        native.name(fds[0] as number, 0, address); // Just opened.
        at = decodeAddress(address) ?? at;
      }
    } catch (error) {
      for (const fd of fds) native.close(fd);
      throw error;
    }
    return new Listening(native, fds, { ...options, host, port: at.port }, at);
  }

  private static bindLater(options: TcpListenOptions): Listening {
    const { host, port } = options;
    const { node } = process.versions;
    if (!canReusePort(node))
      throw new UnsupportedError(
        "threads that share a port on the node reactor",
        `it needs Node 22.12 or 23.1, or the epoll reactor; this is ${node}`,
      );
    if (port === 0)
      throw new UnsupportedError(
        "port 0 for threads on the node reactor",
        "each would have another one: choose it",
      );
    return new Listening(null, [], options, { host, port, family: host.includes(":") ? "IPv6" : "IPv4" });
  }

  /** What the thread of this number is given. */
  for(number: number): SharedListener {
    return { options: this.options, fd: this.fds[number] ?? null };
  }

  close(): void {
    for (const fd of this.fds.splice(0)) this.native?.close(fd);
  }
}

function addressOf(host: string): Promise<string> {
  return new Promise((found, failed) => {
    resolve(host, "any", (resolved) => {
      if ("error" in resolved) failed(resolved.error);
      else found(resolved.hosts[0] ?? host);
    });
  });
}
