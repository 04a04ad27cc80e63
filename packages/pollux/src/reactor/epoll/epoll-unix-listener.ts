import type { Poll } from "../../core/poll.ts";
import type { UnixListenOptions } from "../options.ts";
import type { UnixAddress, UnixListenerSource, UnixStreamSource } from "../source.ts";
import { BoundPath } from "./bound-path.ts";
import { AF_UNIX, EPOLLET, EPOLLIN, SOCK_STREAM } from "./constants.ts";
import { EpollListener } from "./epoll-listener.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { EpollUnixStream } from "./epoll-unix-stream.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";
import { systemError } from "./system-error.ts";
import { decodeUnixAddress, encodeUnixAddress } from "./unix-address.ts";

/** Node's own default. */
const BACKLOG = 511;

/** A socket that listens for connections on this machine. */
export class EpollUnixListener extends EpollListener<UnixStreamSource> implements UnixListenerSource {
  readonly localAddress: UnixAddress;
  private readonly backlog: number;
  private bound: BoundPath | null = null;

  constructor(parts: EpollParts, { path, backlog = BACKLOG }: UnixListenOptions) {
    super(parts, "the Unix listener");
    this.localAddress = path;
    this.backlog = backlog;
  }

  protected override tryListen(): Poll<void> {
    this.check();
    const path = this.localAddress;
    if (this.bound !== null || path === null) return undefined;
    const { native } = this.parts.epoll;
    const fd = native.socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0) throw systemError(fd, "listen", { path });
    const descriptor = this.opened(fd);
    const address = new Uint8Array(ADDRESS_BYTES);
    encodeUnixAddress(path, address);
    let result = native.bind(fd, address);
    if (result < 0) throw systemError(result, "listen", { path });
    this.bound = new BoundPath(path);
    result = native.listen(fd, this.backlog);
    if (result < 0) throw systemError(result, "listen", { path });
    descriptor.register(EPOLLIN | EPOLLET);
    return undefined;
  }

  protected override accepted(fd: number, peer: Uint8Array): UnixStreamSource {
    return EpollUnixStream.of(this.parts, fd, this.localAddress, decodeUnixAddress(peer));
  }

  override close(): void {
    if (!this.isClosed) this.bound?.remove();
    super.close();
  }
}
