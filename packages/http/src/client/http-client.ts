import { ClosedError, co, type Future, Notify, now, TimeoutError, timeout } from "pollux";
import { HttpError } from "../http-error.ts";
import type { CloseOptions } from "../server.ts";
import type { ClientConnection } from "./client-connection.ts";
import { type ClientSettings, checkLimit, clientSettings, type HttpClientOptions } from "./client-options.ts";
import type { ClientResponse } from "./client-response.ts";
import type { ActiveRequest, ClientState } from "./client-state.ts";
import { Endpoints } from "./endpoint.ts";
import { Exchange } from "./exchange.ts";
import { fetchWith } from "./fetch.ts";
import { type ClientRequestOptions, type Outgoing, outgoing } from "./outgoing.ts";
import { Pool } from "./pool.ts";
import { goesAlong, isRedirect, redirectOf } from "./redirect.ts";
import { pairsOf } from "./request-head.ts";

/** A request with its URL. */
export interface ClientRequest extends ClientRequestOptions {
  readonly url: string | URL;
}

/** How often idle connections are looked at: whether they are too old, or have been ended by their server; in ms. */
const SWEEP = 1000;

/**
 * Sends requests with HTTP/1.1, and keeps connections for the next ones.
 *
 * One client serves a whole program: whatever asks the same origin shares its connections. It holds nothing before the first
 * request, and idle connections keep neither the process nor a paused clock from going on.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const server = yield* serve({ host: "127.0.0.1", port: 0 }, (request, response) => {
 *     response.add("Content-Type", "application/json").send(JSON.stringify({ path: request.target }));
 *   });
 *   const client = new HttpClient();
 *   const response = yield* client.request(`http://127.0.0.1:${server.localAddress.port}/a`);
 *   console.log(response.status, yield* response.json()); // 200 { path: "/a" }
 *   yield* client.close();
 *   yield* server.close();
 * });
 * await run(main());
 * ```
 */
export class HttpClient implements AsyncDisposable, Disposable {
  private readonly state: State;
  private readonly endpoints: Endpoints;

  /** @throws TypeError, RangeError for options that make no sense */
  constructor(options: HttpClientOptions = {}) {
    const settings = clientSettings(options);
    this.state = new State(settings);
    this.endpoints = new Endpoints(settings);
  }

  /**
   * Sends a request, and gives the response as soon as its head is there. Nothing is sent before the first poll.
   *
   * A request that can be sent twice (its method is idempotent, and so is its body there) is, once, if a connection that was
   * kept turns out to have been ended by the server.
   *
   * Fails with `HttpError` (see its codes), with the system's error if there is no connection to be had (`ECONNREFUSED`,
   * `ENOTFOUND`), with `TlsError`, with the reason of the signal, with what the body fails with, and with `ClosedError` once
   * the client is closed.
   *
   * **Cancel safety.** Safe: the connection is closed. Whether the server has acted on the request, nobody knows.
   *
   * @throws TypeError, RangeError for what cannot be sent as it is: line breaks in a field, a URL that is none, and so on
   */
  request(request: ClientRequest): Future<ClientResponse>;
  request(url: string | URL, options?: ClientRequestOptions): Future<ClientResponse>;
  request(target: ClientRequest | string | URL, options: ClientRequestOptions = {}): Future<ClientResponse> {
    const hasUrl = typeof target === "string" || target instanceof URL;
    const url = hasUrl ? target : target.url;
    const rest = hasUrl ? options : target;
    const { state, endpoints } = this;
    const first = outgoing(endpoints, state.settings, url, rest);
    const { maxRedirects = 0 } = rest;
    if (maxRedirects === 0) return new Exchange(state, first);
    return follow(state, endpoints, first, rest, checkLimit("maxRedirects", maxRedirects, 0));
  }

  /**
   * As the Web's `fetch`: with `Request`, `Response`, redirects and decoded bodies. What the network fails with is the
   * `cause` of a `TypeError`. There are no caches, cookies and CORS, and of the schemes only `http:` and `https:`.
   *
   * **Cancel safety.** As that of `request`. A response whose body is not read to its end holds its connection until
   * `response.body.cancel()`.
   *
   * @throws TypeError for what `new Request` refuses
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const server = yield* serve({ host: "127.0.0.1", port: 0 }, co(function* (request, response) {
   *     response.send((yield* request.body.readToString()).toUpperCase());
   *   }));
   *   const client = new HttpClient();
   *   const url = `http://127.0.0.1:${server.localAddress.port}/`;
   *   const response = yield* client.fetch(url, { method: "POST", body: "hello" });
   *   console.log(yield* fromPromise(response.text())); // HELLO
   *   yield* client.close();
   *   yield* server.close();
   * });
   * await run(main());
   * ```
   */
  fetch(input: string | URL | Request, init?: RequestInit): Future<Response> {
    return fetchWith(this.state, this.endpoints, input, init);
  }

  /** Connections: idle, in use and being opened. */
  get connections(): number {
    return this.state.pool.total;
  }

  /** Of these, the idle ones. */
  get idleConnections(): number {
    return this.state.pool.idle;
  }

  /** Requests that wait for a connection. */
  get waitingRequests(): number {
    return this.state.pool.waiting;
  }

  /** Requests under way, up to the end of their response's body. */
  get activeRequests(): number {
    return this.state.active.size;
  }

  /**
   * Takes no further requests, closes idle connections at once, and waits until the requests under way have ended, up to the
   * bodies of their responses; after the grace they are given up, with `ClosedError`.
   *
   * **Cancel safety.** Safe: what was closed stays so, and another `close` goes on.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  close(options: CloseOptions = {}): Future<void> {
    return shutDown(this.state, checkLimit("grace", options.grace ?? 10_000, 0));
  }

  /** As {@link close}, without waiting: what is under way fails with the reason. */
  destroy(reason: unknown = new ClosedError("this client")): void {
    this.state.destroy(reason);
  }

  [Symbol.dispose](): void {
    this.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

class State implements ClientState {
  readonly settings: ClientSettings;
  readonly pool: Pool<ClientConnection>;
  readonly active: Set<ActiveRequest>;
  readonly idle: Notify;
  isClosed: boolean;
  private sweeping: NodeJS.Timeout | null;

  constructor(settings: ClientSettings) {
    this.settings = settings;
    this.pool = new Pool(settings);
    this.active = new Set();
    this.idle = new Notify();
    this.isClosed = false;
    this.sweeping = null;
  }

  keepsIdle(): void {
    this.sweeping ??= this.startSweeping();
  }

  /** A timer of the host's, and not of the runtime's, as idle connections are no reason for a program not to end. */
  private startSweeping(): NodeJS.Timeout {
    const timer = setInterval(() => this.sweep(), SWEEP);
    timer.unref();
    return timer;
  }

  private sweep(): void {
    this.pool.sweep();
    if (this.pool.idle === 0) this.stopSweeping();
  }

  private stopSweeping(): void {
    if (this.sweeping !== null) clearInterval(this.sweeping);
    this.sweeping = null;
  }

  ended(request: ActiveRequest): void {
    this.active.delete(request);
    if (this.isClosed && this.active.size === 0) this.idle.notifyWaiters();
  }

  end(): void {
    this.isClosed = true;
    this.stopSweeping();
    this.pool.end();
  }

  destroy(reason: unknown): void {
    this.end();
    for (const request of [...this.active]) request.stop(reason);
  }
}

const allEnded = co(function* allEnded(state: State) {
  while (state.active.size > 0) yield* state.idle.notified();
});

const shutDown: (state: State, grace: number) => Future<void> = co(function* close(
  state: State,
  grace: number,
) {
  state.end();
  try {
    yield* timeout(grace, allEnded(state));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    state.destroy(new ClosedError("this client"));
    yield* allEnded(state);
  }
});

/** Sends a request, and then those that the responses redirect it to. */
const follow: (
  state: ClientState,
  endpoints: Endpoints,
  first: Outgoing,
  options: ClientRequestOptions,
  most: number,
) => Future<ClientResponse> = co(function* follow(
  state: ClientState,
  endpoints: Endpoints,
  first: Outgoing,
  options: ClientRequestOptions,
  most: number,
) {
  const end = now() + first.requestTimeout;
  let request = first;
  let current = options;
  for (let count = 0; ; count++) {
    const response = yield* new Exchange(state, request);
    const { method, url } = request;
    if (!isRedirect(response.status)) {
      response.redirects = count;
      return response;
    }
    let isFollowed = false;
    try {
      const redirect = redirectOf(response.status, response.fields.get("location"), url, method);
      const canFollow =
        redirect !== null && (!redirect.keepsBody || request.body === null || request.body.isReplayable);
      if (!canFollow) {
        response.redirects = count;
        isFollowed = true;
        return response;
      }
      if (count === most)
        throw new HttpError(
          502,
          "HTTP_TOO_MANY_REDIRECTS",
          `more than ${most} redirects, the last to ${redirect.url}`,
        );
      yield* response.discard();
      isFollowed = true;
      current = {
        ...current,
        method: redirect.method,
        headers: pairsOf(current.headers).filter(([name]) => goesAlong(name, redirect)),
        ...(redirect.keepsBody ? {} : { body: null, expectContinue: false }),
        requestTimeout: Math.max(Math.ceil(end - now()), 1),
      };
      const { target: _, upgrade: __, ...next } = current;
      request = outgoing(endpoints, state.settings, redirect.url, next);
    } finally {
      if (!isFollowed) response.close();
    }
  }
});
