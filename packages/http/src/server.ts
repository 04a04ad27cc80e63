import {
  ClosedError,
  co,
  type Future,
  type JoinHandle,
  Notify,
  type SocketAddress,
  sleep,
  spawn,
  TcpListener,
  TimeoutError,
  timeout,
} from "pollux";
import { Connection, type Handler } from "./connection.ts";
import { checkWhole } from "./limits.ts";
import { type ServerOptions, type ServerSettings, serverSettings } from "./server-options.ts";

/** How a server is closed. */
export interface CloseOptions {
  /** How long requests under way have to end, in ms, before their handlers are cancelled. Default 10 s. */
  readonly grace?: number;
}

/** A server that runs; made by {@link serve}. */
export class HttpServer {
  private readonly listener: TcpListener;
  private readonly handler: Handler;
  private readonly settings: ServerSettings;
  private readonly open: Map<Connection, JoinHandle<void> | null>;
  private readonly changed: Notify;
  private accepting: JoinHandle<void> | null;

  /** @internal */
  constructor(listener: TcpListener, handler: Handler, settings: ServerSettings) {
    this.listener = listener;
    this.handler = handler;
    this.settings = settings;
    this.open = new Map();
    this.changed = new Notify();
    this.accepting = null;
  }

  /** @internal */
  start(): void {
    this.accepting = spawn(accept(this), { name: "accept of an HTTP server" });
  }

  /** Where it listens: with port 0, the port that the system chose. */
  get localAddress(): SocketAddress {
    return this.listener.localAddress;
  }

  /** Connections that are open. */
  get connections(): number {
    return this.open.size;
  }

  /** @internal */
  readonly acceptAll: () => Future<void> = co(function* acceptAll(this: HttpServer) {
    const { listener, handler, settings, open, changed } = this;
    const onEnd = (connection: Connection): void => {
      open.delete(connection);
      changed.notifyWaiters();
    };
    try {
      while (!listener.isClosed) {
        if (open.size >= settings.maxConnections) {
          yield* changed.notified();
          continue;
        }
        try {
          const stream = yield* listener.accept();
          const connection = new Connection(stream, handler, settings, onEnd);
          open.set(connection, null);
          open.set(connection, spawn(connection, { name: "HTTP connection" }));
        } catch (error) {
          if (error instanceof ClosedError) return;
          settings.onError(error, null);
          // Most likely there are no descriptors left: each connection that ends gives one back.
          yield* sleep(100);
        }
      }
    } finally {
      listener.close();
    }
  });

  /**
   * Stops listening, and waits until all connections have ended: idle ones at once, requests under way with their answer,
   * or, after the grace, by a cancel of their handler, whose cleanup is awaited.
   *
   * **Cancel safety.** Safe: what was closed stays so, and another `close` goes on.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  close(options: CloseOptions = {}): Future<void> {
    const { grace = 10_000 } = options;
    if (grace !== Number.POSITIVE_INFINITY) checkWhole("grace", grace, 0);
    return shutDown(this, grace);
  }

  /** @internal */
  readonly shutDown: (grace: number) => Future<void> = co(function* shutDown(
    this: HttpServer,
    grace: number,
  ) {
    this.listener.close();
    this.changed.notifyWaiters();
    if (this.accepting !== null) yield* this.accepting.ref();
    for (const connection of [...this.open.keys()]) connection.closeSoon();
    try {
      yield* timeout(grace, allEnded(this));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      for (const handle of [...this.open.values()]) handle?.abort(new ClosedError("this server"));
      yield* allEnded(this);
    }
  });

  /** @internal */
  readonly allEnded: () => Future<void> = co(function* allEnded(this: HttpServer) {
    while (this.open.size > 0) yield* this.changed.notified();
  });
}

function accept(server: HttpServer): Future<void> {
  return server.acceptAll();
}

function shutDown(server: HttpServer, grace: number): Future<void> {
  return server.shutDown(grace);
}

function allEnded(server: HttpServer): Future<void> {
  return server.allEnded();
}

/**
 * Listens, and answers requests by a handler: a function that is given a request and a response, and returns a future,
 * mostly by being a coroutine; or nothing, if it has answered at once. Each connection is a task, in which its handlers
 * run one after the other, also for requests that come before the answer to the last (pipelining).
 *
 * A handler whose client goes away is cancelled, and its cleanup is awaited; so is a client that ends its side of the
 * connection before it has its answer. Bad requests are answered with their status, and the connection is closed.
 *
 * Fails as `TcpListener.bind` does.
 *
 * **Cancel safety.** Safe: it does not listen then.
 *
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * ```ts
 * const hello = co(function* (request: HttpRequest, response: HttpResponse) {
 *   yield* sleep(1); // stands for work
 *   response.add("Content-Type", "text/plain").send(`hello from ${request.target}`);
 * });
 * const main = co(function* () {
 *   const server = yield* serve({ host: "127.0.0.1", port: 0 }, hello);
 *   const answer = yield* fromPromise(fetch(`http://127.0.0.1:${server.localAddress.port}/a`));
 *   console.log(yield* fromPromise(answer.text())); // hello from /a
 *   yield* server.close();
 * });
 * await run(main());
 * ```
 */
export function serve(options: ServerOptions, handler: Handler): Future<HttpServer> {
  if (typeof handler !== "function") throw new TypeError("serve needs a handler: serve(options, handler)");
  return start(options, handler, serverSettings(options));
}

const start = co(function* serve(options: ServerOptions, handler: Handler, settings: ServerSettings) {
  const listener = yield* TcpListener.bind(options);
  const server = new HttpServer(listener, handler, settings);
  server.start();
  return server;
});
