import {
  ClosedError,
  co,
  type Duplex,
  type Future,
  type JoinHandle,
  Notify,
  type SocketAddress,
  sleep,
  spawn,
  TcpListener,
  type TcpStream,
  TimeoutError,
  type TlsAcceptor,
  type TlsStream,
  timeout,
} from "pollux";
import { Connection, type Handler } from "./connection.ts";
import { checkWhole } from "./limits.ts";
import {
  mostConnections,
  type ServerOptions,
  type ServerSettings,
  serverSettings,
  tlsAcceptor,
} from "./server-options.ts";

/** How a server is closed. */
export interface CloseOptions {
  /** How long requests under way have to end, in ms, before their handlers are cancelled. Default 10 s. */
  readonly grace?: number;
}

/** A connection that was accepted; one of TLS has yet to agree on keys. */
interface Accepted {
  task: JoinHandle<void> | null;
  connection: Connection | null;
}

/** A server that runs; made by {@link serve}. */
export class HttpServer {
  private readonly listener: TcpListener;
  private readonly handler: Handler;
  private readonly settings: ServerSettings;
  private readonly maxConnections: number;
  private readonly tls: TlsAcceptor | null;
  private readonly onTlsError: ServerOptions["onTlsError"];
  private readonly open: Set<Accepted>;
  private readonly changed: Notify;
  private accepting: JoinHandle<void> | null;

  /** @internal */
  constructor(listener: TcpListener, handler: Handler, parts: ServerParts) {
    this.listener = listener;
    this.handler = handler;
    this.settings = parts.settings;
    this.maxConnections = parts.maxConnections;
    this.tls = parts.tls;
    this.onTlsError = parts.onTlsError;
    this.open = new Set();
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
    const { listener, settings, open, changed } = this;
    try {
      while (!listener.isClosed) {
        if (open.size >= this.maxConnections) {
          yield* changed.notified();
          continue;
        }
        try {
          this.accepted(yield* listener.accept());
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

  private accepted(stream: TcpStream): void {
    const one: Accepted = { task: null, connection: null };
    this.open.add(one);
    const connection = this.tls === null ? this.connect(one, stream, stream) : secured(this, one, stream);
    one.task = spawn(connection, { name: "HTTP connection" });
  }

  private connect(one: Accepted, stream: Duplex, { peerAddress }: TcpStream): Connection {
    const connection = new Connection(stream, peerAddress, this.handler, this.settings, () =>
      this.ended(one),
    );
    one.connection = connection;
    // It may have taken as long to agree on keys.
    if (this.listener.isClosed) connection.closeSoon();
    return connection;
  }

  private ended(one: Accepted): void {
    this.open.delete(one);
    this.changed.notifyWaiters();
  }

  /** @internal */
  readonly secure: (one: Accepted, stream: TcpStream) => Future<void> = co(function* secure(
    this: HttpServer,
    one: Accepted,
    stream: TcpStream,
  ) {
    try {
      const acceptor = this.tls as TlsAcceptor; // Or there is no need of this.
      const secure: TlsStream = yield* acceptor.accept(stream);
      yield* this.connect(one, secure, stream);
    } catch (error) {
      // What comes of a connection that there is, the connection has seen to.
      if (one.connection !== null) throw error;
      this.onTlsError?.(error, stream.peerAddress);
    } finally {
      stream.close();
      this.ended(one);
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
    for (const { connection } of [...this.open]) connection?.closeSoon();
    try {
      yield* timeout(grace, allEnded(this));
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      for (const { task } of [...this.open]) task?.abort(new ClosedError("this server"));
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

function secured(server: HttpServer, one: Accepted, stream: TcpStream): Future<void> {
  return server.secure(one, stream);
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
  const tls = tlsAcceptor(options);
  const { onTlsError } = options;
  if (onTlsError !== undefined && typeof onTlsError !== "function")
    throw new TypeError("onTlsError must be a function");
  return start(options, handler, {
    settings: serverSettings(options, tls === null ? "http" : "https"),
    maxConnections: mostConnections(options),
    tls,
    onTlsError,
  });
}

/** What the options of a server come to. */
interface ServerParts {
  readonly settings: ServerSettings;
  readonly maxConnections: number;
  readonly tls: TlsAcceptor | null;
  readonly onTlsError: ServerOptions["onTlsError"];
}

const start = co(function* serve(options: ServerOptions, handler: Handler, parts: ServerParts) {
  const listener = yield* TcpListener.bind(options);
  const server = new HttpServer(listener, handler, parts);
  server.start();
  return server;
});
