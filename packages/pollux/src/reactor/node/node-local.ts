import { fstatSync } from "node:fs";
import { Socket } from "node:net";
import { UnsupportedError } from "../../core/errors.ts";
import type { LinkedList } from "../../core/list.ts";
import type { BaseSource } from "../base-source.ts";
import { openPipe } from "../open-pipe.ts";
import type { PipeMode, UnixListenOptions } from "../options.ts";
import type { LocalReactor } from "../reactor.ts";
import type { ByteSource, TcpStreamSource, UnixListenerSource, UnixStreamSource } from "../source.ts";
import { NodePipe } from "./node-pipe.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";
import { NodeUnixListener } from "./node-unix-listener.ts";
import { NodeUnixStream } from "./node-unix-stream.ts";

/** What Node's sockets can do of Unix sockets, pipes and descriptors that were opened elsewhere. */
export class NodeLocal implements LocalReactor {
  private readonly sources: LinkedList<BaseSource>;

  constructor(sources: LinkedList<BaseSource>) {
    this.sources = sources;
  }

  unixListener(options: UnixListenOptions): UnixListenerSource {
    return new NodeUnixListener(this.sources, options);
  }

  unixStream(path: string): UnixStreamSource {
    return NodeUnixStream.to(this.sources, path);
  }

  unixDatagram(): never {
    return refuse("UnixDatagram", "Node has no Unix sockets for datagrams");
  }

  unixStreamPair(): never {
    return refuse("UnixStream.pair()", "Node makes none: connect to a UnixListener");
  }

  unixDatagramPair(): never {
    return this.unixDatagram();
  }

  pipe(): never {
    return refuse("unixPipe()", "Node makes none: a duplex in memory does for tasks of one thread");
  }

  openPipe(path: string, mode: PipeMode): ByteSource {
    return this.pipeOf(openPipe(path, mode), mode);
  }

  adoptTcp(fd: number): TcpStreamSource {
    const socket = this.socketOf(fd);
    if (socket.remoteAddress !== undefined) return NodeTcpStream.accepted(this.sources, socket, {});
    throw new TypeError(`descriptor ${fd} is not a TCP socket, or not connected`);
  }

  adoptSocket(socket: object): TcpStreamSource {
    return NodeTcpStream.adopted(this.sources, socket);
  }

  shareListener(): never {
    return refuse(
      "a listening socket of several threads",
      "Node makes no second descriptor of one: use `reusePort`",
    );
  }

  adoptUnix(fd: number): UnixStreamSource {
    return NodeUnixStream.of(this.sources, this.socketOf(fd), null);
  }

  adoptPipe(fd: number, mode: "read" | "write"): ByteSource {
    return this.pipeOf(fd, mode);
  }

  private socketOf(fd: number): Socket {
    if (!fstatSync(fd).isSocket()) throw new TypeError(`descriptor ${fd} is not a socket`);
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true, ...PAUSED });
  }

  private pipeOf(fd: number, mode: PipeMode): ByteSource {
    const [readable, writable] = [mode !== "write", mode !== "read"];
    return new NodePipe(this.sources, new Socket({ fd, readable, writable, allowHalfOpen: true, ...PAUSED }));
  }
}

/** Node's types do not have it: nothing is read before it is asked for. */
const PAUSED = { pauseOnCreate: true };

function refuse(what: string, instead: string): never {
  throw new UnsupportedError(`${what} on the node reactor`, instead);
}
