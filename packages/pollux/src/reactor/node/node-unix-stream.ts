import { connect, type Socket } from "node:net";
import { UnsupportedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { BaseSource } from "../base-source.ts";
import type { UnixCredentials } from "../options.ts";
import type { UnixAddress, UnixStreamSource } from "../source.ts";
import { NodeByteStream } from "./node-byte-stream.ts";

/** A connection of Unix sockets. */
export class NodeUnixStream extends NodeByteStream implements UnixStreamSource {
  readonly localAddress: UnixAddress;
  readonly peerAddress: UnixAddress;

  private constructor(sources: LinkedList<BaseSource>, local: UnixAddress, peer: UnixAddress) {
    super(sources, "Unix stream");
    this.localAddress = local;
    this.peerAddress = peer;
  }

  /** One that is going to be connected. */
  static to(sources: LinkedList<BaseSource>, path: string): NodeUnixStream {
    return new NodeUnixStream(sources, null, path);
  }

  /** One that is connected, and has not been read from. */
  static of(sources: LinkedList<BaseSource>, socket: Socket, local: UnixAddress): NodeUnixStream {
    const stream = new NodeUnixStream(sources, local, null);
    stream.attach(socket);
    stream.onConnect(socket);
    return stream;
  }

  protected override tryConnect(): Poll<void> {
    this.check();
    if (this.connected) return undefined;
    if (this.socket === null && this.peerAddress !== null) {
      const socket = connect({ path: this.peerAddress, allowHalfOpen: true });
      socket.pause();
      socket.on("connect", () => this.onConnect(socket));
      this.attach(socket);
    }
    return Pending;
  }

  get peerCredentials(): UnixCredentials {
    throw new UnsupportedError("peerCredentials on the node reactor", "Node's sockets do not tell");
  }
}
