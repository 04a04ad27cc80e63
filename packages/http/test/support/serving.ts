import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Runtime, type RuntimeOptions, TcpListener } from "pollux";
import { afterEach, beforeEach, expect } from "vitest";
import { type Handler, type HttpServer, type ServerOptions, serve } from "../../src/index.ts";

/** The back ends that load here: epoll where its system calls do. */
export const reactors: readonly (readonly [name: string, options: RuntimeOptions])[] =
  (await best()) === "epoll"
    ? [
        ["epoll", { reactor: "epoll" }],
        ["node", { reactor: "node" }],
      ]
    : [["node", { reactor: "node" }]];

/** The one that a runtime takes by itself, once something asks for one. */
async function best(): Promise<string> {
  const runtime = new Runtime();
  const listener = await runtime.run(TcpListener.bind("127.0.0.1:0"));
  listener.close();
  return runtime.reactor;
}

export interface Serving {
  readonly runtime: Runtime;
  /** What was given to `onError`. */
  readonly errors: unknown[];
  start(handler: Handler, options?: Partial<ServerOptions>): Promise<HttpServer>;
  /** A connection of `node:net` to the server that was started last. */
  client(): Promise<Client>;
  readonly port: number;
  readonly url: string;
}

/** Starts servers on a runtime of this kind, and closes them after each test, when nothing may be left. */
export function serving(options: RuntimeOptions): Serving {
  let runtime: Runtime;
  let servers: HttpServer[] = [];
  let clients: Client[] = [];
  const errors: unknown[] = [];
  beforeEach(() => {
    runtime = new Runtime(options);
  });
  afterEach(async () => {
    for (const client of clients) client.socket.destroy();
    for (const server of servers) await runtime.spawn(server.close({ grace: 0 }));
    servers = [];
    clients = [];
    expect(runtime.handle.outstanding, "outstanding").toBe(0);
    expect(errors.splice(0), "errors that the test did not look at").toEqual([]);
  });
  return {
    get runtime() {
      return runtime;
    },
    errors,
    get port() {
      return servers.at(-1)?.localAddress.port ?? 0;
    },
    get url() {
      return `http://127.0.0.1:${this.port}`;
    },
    start: async (handler, more = {}) => {
      const server = await runtime.spawn(
        serve({ host: "127.0.0.1", port: 0, onError: (error) => errors.push(error), ...more }, handler),
      );
      servers.push(server);
      return server;
    },
    async client() {
      const socket = connect({ host: "127.0.0.1", port: this.port, allowHalfOpen: true });
      socket.on("error", () => {});
      await once(socket, "connect");
      const client = new Client(socket);
      clients.push(client);
      return client;
    },
  };
}

/** Writes bytes and waits for bytes, as they are. */
export class Client {
  readonly socket: Socket;
  text = "";
  ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => (this.text += chunk.toString("latin1")));
    socket.on("end", () => (this.ended = true));
    socket.on("close", () => (this.ended = true));
  }

  send(text: string): void {
    this.socket.write(text, "latin1");
  }

  /** All that has come, once it has this at its end or in it. */
  async until(part: string | RegExp): Promise<string> {
    await until(() => (typeof part === "string" ? this.text.includes(part) : part.test(this.text)));
    return this.text;
  }

  /** All that has come, once the server has closed. */
  async end(): Promise<string> {
    await until(() => this.ended);
    return this.text;
  }
}

/** Turns of Node's loop until something holds; the limit of the test is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
