import type { Poll } from "../../core/poll.ts";
import type { UnixCredentials } from "../options.ts";
import type { UnixAddress, UnixStreamSource } from "../source.ts";
import { systemError } from "../system-error.ts";
import { CONNECTION } from "./connecting.ts";
import { AF_UNIX, SO_PEERCRED, SOCK_STREAM, SOL_SOCKET } from "./constants.ts";
import { EpollByteStream } from "./epoll-byte-stream.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";
import { encodeUnixAddress } from "./unix-address.ts";

/** A connection of Unix sockets. */
export class EpollUnixStream extends EpollByteStream implements UnixStreamSource {
  readonly localAddress: UnixAddress;
  readonly peerAddress: UnixAddress;

  private constructor(parts: EpollParts, local: UnixAddress, peer: UnixAddress) {
    super(parts, "the Unix stream");
    this.localAddress = local;
    this.peerAddress = peer;
  }

  /** One that is going to be connected. */
  static to(parts: EpollParts, path: string): EpollUnixStream {
    return new EpollUnixStream(parts, null, path);
  }

  /** One that is connected. */
  static of(parts: EpollParts, fd: number, local: UnixAddress, peer: UnixAddress): EpollUnixStream {
    const stream = new EpollUnixStream(parts, local, peer);
    const descriptor = stream.opened(fd);
    try {
      descriptor.register(CONNECTION);
    } catch (error) {
      stream.close();
      throw error;
    }
    return stream;
  }

  /** The system connects at once, or refuses: there is nothing to wait for. */
  protected override tryConnect(): Poll<void> {
    this.check();
    const { native, peerAddress: path } = this;
    if (this.descriptor !== null || path === null) return undefined;
    const fd = native.socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) throw systemError(fd, "connect", { path });
    const descriptor = this.opened(fd);
    const address = new Uint8Array(ADDRESS_BYTES);
    encodeUnixAddress(path, address);
    const result = native.connect(fd, address);
    if (result < 0) throw systemError(result, "connect", { path });
    descriptor.register(CONNECTION);
    return undefined;
  }

  get peerCredentials(): UnixCredentials {
    const { descriptor, native } = this;
    if (descriptor === null) return this.refuse();
    const bytes = new Uint8Array(12);
    const result = native.getOption(descriptor.fd, SOL_SOCKET, SO_PEERCRED, bytes);
    if (result < 0) throw systemError(result, "getsockopt");
    const [pid = 0] = new Int32Array(bytes.buffer, 0, 1);
    const [uid = 0, gid = 0] = new Uint32Array(bytes.buffer, 4, 2);
    return { pid, uid, gid };
  }
}
