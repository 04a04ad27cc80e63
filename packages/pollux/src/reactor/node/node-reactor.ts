import { LinkedList } from "../../core/list.ts";
import type {
  Reactor,
  TcpConnectOptions,
  TcpListenerSource,
  TcpListenOptions,
  TcpStreamSource,
} from "../reactor.ts";
import type { NodeSource } from "./node-source.ts";
import { NodeTcpListener } from "./node-tcp-listener.ts";
import { NodeTcpStream } from "./node-tcp-stream.ts";

/** The reactor that works wherever Node does: sockets of `node:net`, whose events wake the tasks that wait. */
export class NodeReactor implements Reactor {
  readonly name = "node";
  private readonly sources = new LinkedList<NodeSource>();

  get openSources(): number {
    return this.sources.size;
  }

  tcpListener(options: TcpListenOptions): TcpListenerSource {
    return new NodeTcpListener(this.sources, options);
  }

  tcpStream(options: TcpConnectOptions): TcpStreamSource {
    return new NodeTcpStream(this.sources, options);
  }

  close(): void {
    // A copy: a listener that closes takes those out with it that nobody has accepted, and they may stand next to it.
    for (const source of [...this.sources]) source.close();
  }
}
