import { createServer, type Server, type Socket } from "node:net";
import type { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import type { UnixListenOptions } from "../options.ts";
import type { UnixAddress, UnixListenerSource, UnixStreamSource } from "../source.ts";
import { NodeListener } from "./node-listener.ts";
import { NodeUnixStream } from "./node-unix-stream.ts";

/** A socket that listens for connections on this machine. */
export class NodeUnixListener extends NodeListener<UnixStreamSource> implements UnixListenerSource {
  private readonly options: UnixListenOptions;

  constructor(sources: LinkedList<BaseSource>, options: UnixListenOptions) {
    super(sources, "the Unix listener", options);
    this.options = options;
  }

  get localAddress(): UnixAddress {
    return this.options.path;
  }

  protected override open(): Server {
    const { path, backlog } = this.options;
    return createServer({ allowHalfOpen: true, pauseOnConnect: true }).listen({
      path,
      backlog,
      exclusive: true,
    });
  }

  protected override opened(): void {
    // Its address is the one that was asked for.
  }

  protected override accepted(socket: Socket): UnixStreamSource {
    return NodeUnixStream.of(this.sources, socket, this.localAddress);
  }
}
