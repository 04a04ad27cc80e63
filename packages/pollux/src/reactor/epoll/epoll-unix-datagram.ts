import { Pending, type Poll } from "../../core/poll.ts";
import type { UnixAddress, UnixDatagramSource } from "../source.ts";
import { systemError, type Where } from "../system-error.ts";
import { BoundPath } from "./bound-path.ts";
import { AF_UNIX, SOCK_DGRAM } from "./constants.ts";
import { EpollDatagrams } from "./epoll-datagrams.ts";
import type { EpollParts } from "./epoll-parts.ts";
import { ADDRESS_BYTES } from "./socket-address.ts";
import { decodeUnixAddress, encodeUnixAddress } from "./unix-address.ts";

/** How long until a send is tried again to a receiver whose queue was full, in ms. */
const RETRY = 2;

/** A Unix socket for datagrams. */
export class EpollUnixDatagram extends EpollDatagrams<UnixAddress> implements UnixDatagramSource {
  private readonly name: UnixAddress;
  private bound: BoundPath | null = null;
  private readonly to = new Uint8Array(ADDRESS_BYTES);
  private toName: UnixAddress = null;
  private stopRetry: (() => void) | null = null;

  private constructor(parts: EpollParts, name: UnixAddress) {
    super(parts, "the Unix datagram socket");
    this.name = name;
  }

  /** One that is going to be bound, or to have no name. */
  static at(parts: EpollParts, name: UnixAddress): EpollUnixDatagram {
    return new EpollUnixDatagram(parts, name);
  }

  /** One that is open. */
  static of(parts: EpollParts, fd: number): EpollUnixDatagram {
    const socket = new EpollUnixDatagram(parts, null);
    socket.opened(fd);
    try {
      socket.register();
    } catch (error) {
      socket.close();
      throw error;
    }
    return socket;
  }

  protected override get unnamed(): UnixAddress {
    return null;
  }

  protected override tryBind(): Poll<void> {
    this.check();
    if (this.descriptor !== null) return undefined;
    const { native, name } = this;
    const where = name === null ? undefined : { path: name };
    const fd = native.socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0) throw systemError(fd, "socket", where);
    this.opened(fd);
    if (name !== null) {
      const result = native.bind(fd, this.encoded(name));
      if (result < 0) throw systemError(result, "bind", where);
      this.bound = new BoundPath(name);
    }
    this.register();
    return undefined;
  }

  override trySend(buf: Uint8Array, to: UnixAddress): Poll<number> {
    const size = super.trySend(buf, to);
    // The system tells a socket of room in the queue of the one that it is connected to, and of no other.
    if (size === Pending && to !== null) {
      const retry = (): void => {
        this.stopRetry = null;
        if (this.descriptor !== null) this.descriptor.canWrite = true;
        this.writing.wake();
      };
      this.stopRetry ??= this.parts.epoll.later.after(RETRY, retry, true);
    }
    return size;
  }

  protected override decode(address: Uint8Array): UnixAddress {
    return decodeUnixAddress(address);
  }

  protected override encoded(address: UnixAddress): Uint8Array {
    if (address !== this.toName && address !== null) {
      encodeUnixAddress(address, this.to);
      this.toName = address;
    }
    return this.to;
  }

  protected override where(address: UnixAddress): Where | undefined {
    return address === null ? undefined : { path: address };
  }

  override close(): void {
    this.stopRetry?.();
    this.stopRetry = null;
    if (!this.isClosed) this.bound?.remove();
    super.close();
  }
}
