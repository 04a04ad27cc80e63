import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { until } from "./serving.ts";

/** One connection to a {@link ScriptedServer}: the bytes that have come, and a way to answer with any. */
export class Peer {
  readonly socket: Socket;
  /** What was not taken out yet, and all that has come. */
  text = "";
  all = "";
  ended = false;
  closed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.text += chunk.toString("latin1");
      this.all += chunk.toString("latin1");
    });
    socket.on("end", () => (this.ended = true));
    socket.on("close", () => (this.closed = true));
    socket.on("error", () => {});
  }

  /** The head of the next request, which is then taken out. */
  async head(): Promise<string> {
    await until(() => this.text.includes("\r\n\r\n") || this.closed);
    const end = this.text.indexOf("\r\n\r\n") + 4;
    const head = this.text.slice(0, end);
    this.text = this.text.slice(end);
    return head;
  }

  async until(part: string): Promise<void> {
    await until(() => this.text.includes(part));
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** Waits until the client has closed or ended its side. */
  async gone(): Promise<void> {
    await until(() => this.ended || this.closed);
  }
}

/** A server that does what its script says, with each connection. */
export class ScriptedServer implements AsyncDisposable {
  readonly server: Server;
  readonly peers: Peer[] = [];

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(script: (peer: Peer, index: number) => unknown): Promise<ScriptedServer> {
    const server = createServer({ allowHalfOpen: true });
    const scripted = new ScriptedServer(server);
    server.on("connection", (socket) => {
      const peer = new Peer(socket);
      scripted.peers.push(peer);
      void script(peer, scripted.peers.length - 1);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return scripted;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port; // It listens on a port.
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.peers) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }
}
