import { closeSync } from "node:fs";
import { NodeTcpStream } from "../node/node-tcp-stream.ts";
import { openPipe } from "../open-pipe.ts";
import type { PipeMode, TcpListenOptions, UnixListenOptions } from "../options.ts";
import type { LocalReactor } from "../reactor.ts";
import type {
  ByteSource,
  TcpListenerSource,
  TcpStreamSource,
  UnixAddress,
  UnixDatagramSource,
  UnixListenerSource,
  UnixStreamSource,
} from "../source.ts";
import { systemError } from "../system-error.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  SO_DOMAIN,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { EpollPipe } from "./epoll-pipe.ts";
import { EpollTcpListener } from "./epoll-tcp-listener.ts";
import { EpollTcpStream } from "./epoll-tcp-stream.ts";
import { EpollUnixDatagram } from "./epoll-unix-datagram.ts";
import { EpollUnixListener } from "./epoll-unix-listener.ts";
import { EpollUnixStream } from "./epoll-unix-stream.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";
import { getInteger } from "./socket-options.ts";
import { decodeUnixAddress } from "./unix-address.ts";

const NOTHING = new Uint8Array(0);

/** Unix sockets, pipes and descriptors that were opened elsewhere. */
export class EpollLocal implements LocalReactor {
  private readonly parts: EpollParts;

  constructor(parts: EpollParts) {
    this.parts = parts;
  }

  unixListener(options: UnixListenOptions): UnixListenerSource {
    return new EpollUnixListener(this.parts, options);
  }

  unixStream(path: string): UnixStreamSource {
    return EpollUnixStream.to(this.parts, path);
  }

  unixDatagram(name: UnixAddress): UnixDatagramSource {
    return EpollUnixDatagram.at(this.parts, name);
  }

  unixStreamPair(): [UnixStreamSource, UnixStreamSource] {
    const make = (fd: number): UnixStreamSource => EpollUnixStream.of(this.parts, fd, null, null);
    return this.pair(
      make,
      (fds) => this.parts.epoll.native.socketPair(AF_UNIX, SOCK_STREAM, fds),
      "socketpair",
    );
  }

  unixDatagramPair(): [UnixDatagramSource, UnixDatagramSource] {
    const make = (fd: number): UnixDatagramSource => EpollUnixDatagram.of(this.parts, fd);
    return this.pair(
      make,
      (fds) => this.parts.epoll.native.socketPair(AF_UNIX, SOCK_DGRAM, fds),
      "socketpair",
    );
  }

  pipe(): [ByteSource, ByteSource] {
    const make = (fd: number): ByteSource => EpollPipe.of(this.parts, fd);
    return this.pair(make, (fds) => this.parts.epoll.native.pipe(fds), "pipe");
  }

  private pair<S extends { close(): void }>(
    make: (fd: number) => S,
    open: (fds: Uint8Array) => number,
    syscall: string,
  ): [S, S] {
    const fds = new Int32Array(2);
    const result = open(new Uint8Array(fds.buffer));
    if (result < 0) throw systemError(result, syscall);
    const [first = -1, second = -1] = fds;
    let one: S | null = null;
    try {
      one = make(first);
      return [one, make(second)];
    } catch (error) {
      // What could not be registered is closed already; the other one is not, if it came to that.
      if (one === null) this.parts.epoll.native.close(second);
      else one.close();
      throw error;
    }
  }

  openPipe(path: string, mode: PipeMode): ByteSource {
    const fd = openPipe(path, mode);
    const result = this.parts.epoll.native.adopt(fd);
    if (result >= 0) return EpollPipe.of(this.parts, fd);
    closeSync(fd);
    throw systemError(result, "open", { path });
  }

  adoptTcp(fd: number): TcpStreamSource {
    const family = this.adoptSocketOf(fd, [AF_INET, AF_INET6], "a TCP socket");
    const peer = this.nameOf(fd, 1);
    return EpollTcpStream.accepted(this.parts, fd, family, peer, {});
  }

  /** Its descriptor is Node's, whose loop watches it: so what Node's reactor would make of it is what it is here. */
  adoptSocket(socket: object): TcpStreamSource {
    return NodeTcpStream.adopted(this.parts.sources, socket);
  }

  shareListener(fd: number, options: TcpListenOptions): TcpListenerSource {
    return EpollTcpListener.shared(this.parts, fd, options);
  }

  adoptUnix(fd: number): UnixStreamSource {
    this.adoptSocketOf(fd, [AF_UNIX], "a Unix socket for streams");
    const [local, peer] = [this.nameOf(fd, 0), this.nameOf(fd, 1)];
    return EpollUnixStream.of(this.parts, fd, decodeUnixAddress(local), decodeUnixAddress(peer));
  }

  adoptPipe(fd: number, mode: "read" | "write"): ByteSource {
    const { native } = this.parts.epoll;
    this.adopt(fd);
    // Without a byte: whether it is open for that. Else nobody would ever tell that it is ready.
    const result = mode === "read" ? native.read(fd, NOTHING, 0, 0) : native.write(fd, NOTHING, 0, 0);
    if (result >= 0) return EpollPipe.of(this.parts, fd);
    native.release(fd);
    throw systemError(result, mode);
  }

  private adopt(fd: number): void {
    const result = this.parts.epoll.native.adopt(fd);
    if (result < 0) throw systemError(result, "adopt");
  }

  /**
   * @returns the family of its addresses
   * @throws TypeError for another kind of descriptor, and the system's error; it is left as it was then
   */
  private adoptSocketOf(fd: number, families: readonly number[], what: string): number {
    const { native } = this.parts.epoll;
    this.adopt(fd);
    try {
      const socket = { native, fd, family: 0 };
      const family = getInteger(socket, SOL_SOCKET, SO_DOMAIN);
      if (families.includes(family) && getInteger(socket, SOL_SOCKET, SO_TYPE) === SOCK_STREAM) return family;
      throw new TypeError(`descriptor ${fd} is not ${what}`);
    } catch (error) {
      native.release(fd);
      throw error;
    }
  }

  private nameOf(fd: number, ofPeer: number): Uint8Array {
    const address = new Uint8Array(ADDRESS_BYTES);
    const result = this.parts.epoll.native.name(fd, ofPeer, address);
    if (result >= 0) return address;
    this.parts.epoll.native.release(fd);
    throw systemError(result, ofPeer === 1 ? "getpeername" : "getsockname");
  }
}
