import {
  type Context,
  co,
  copy,
  Future,
  fromPromise,
  type Inspection,
  Pending,
  type Poll,
  PollAfterCompletionError,
  readerFromWeb,
} from "pollux";
import type { Handler } from "./connection.ts";
import { Gathering } from "./gathering.ts";
import { installFetch, installRequest, LightRequest, nativeRequest } from "./light-request.ts";
import { installResponse, isResponse, LightResponse } from "./light-response.ts";
import type { HttpRequest } from "./request.ts";
import { type HttpResponse, hasNoBody } from "./response.ts";

/** A function from the Web's `Request` to its `Response`, such as the `fetch` of a Hono app. */
export type Fetch = (request: Request) => Response | PromiseLike<Response>;

/** How a {@link fetchHandler} makes requests. */
export interface FetchHandlerOptions {
  /**
   * Whether the globals `Request`, `Response` and `fetch` are replaced, for the whole thread and for good, by ones that do
   * the same and are faster here. Default `false`: they are left alone.
   *
   * The handler is given a light request then, which is a `Request` in all that it does, but is made in a fraction of the
   * time; a `Response` keeps text and bytes as they are until they are sent; and `new Request` and `fetch` take a light
   * request. What has got hold of the platform's own classes before works too, but for `new Request(request)` with that
   * class.
   */
  readonly replaceGlobals?: boolean;
}

/**
 * A handler that speaks the Web's `Request` and `Response`, so that an app of Hono runs on it unchanged:
 * `serve(options, fetchHandler(app.fetch))`. Bodies stream both ways, with back-pressure.
 *
 * When the client goes away, the request's `signal` is aborted, and what the function does then is awaited: for as long as
 * the runtime allows a cleanup.
 *
 * The platform's objects take longer to make than a request takes to answer: a server of Hono's is several times as fast with
 * {@link FetchHandlerOptions.replaceGlobals}.
 *
 * @throws TypeError if it is not given a function
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const upper = fetchHandler(async (request) => new Response((await request.text()).toUpperCase()));
 *   const server = yield* serve({ host: "127.0.0.1", port: 0 }, upper);
 *   const url = `http://127.0.0.1:${server.localAddress.port}/`;
 *   const answer = yield* fromPromise(fetch(url, { method: "POST", body: "hello" }));
 *   console.log(yield* fromPromise(answer.text())); // HELLO
 *   yield* server.close();
 * });
 * await run(main());
 * ```
 */
export function fetchHandler(fetch: Fetch, options: FetchHandlerOptions = {}): Handler {
  if (typeof fetch !== "function")
    throw new TypeError("fetchHandler needs a function: fetchHandler(app.fetch)");
  const { replaceGlobals = false } = options;
  if (typeof replaceGlobals !== "boolean") throw new TypeError("replaceGlobals must be true or false");
  if (replaceGlobals) {
    installRequest();
    installFetch();
    installResponse();
  }
  return (request, response) => {
    const light = new LightRequest(request, request.runtime);
    // All that the Web knows of it, it is asked for: the object is made at once.
    const given = replaceGlobals ? (light as unknown as Request) : nativeRequest(light); // Its prototype says so.
    const result = fetch(given);
    if (isResponse(result)) {
      if (sendWhole(result, response)) return;
      return new FetchExchange(light, request, response, null, respond(result, request, response));
    }
    return new FetchExchange(light, request, response, fromPromise(Promise.resolve(result)), null);
  };
}

/** A request that was given to a function of the Web's, until its response is sent. */
class FetchExchange extends Future<void> {
  private readonly light: LightRequest;
  private readonly request: HttpRequest;
  private readonly response: HttpResponse;
  /** The response is awaited; it is sent; what came of it too late is disposed of. Each is `null` when it is not so. */
  private waiting: Future<Response> | null;
  private sending: Future<void> | null;
  private discarding: Future<void> | null;
  private isOver: boolean;

  constructor(
    light: LightRequest,
    request: HttpRequest,
    response: HttpResponse,
    waiting: Future<Response> | null,
    sending: Future<void> | null,
  ) {
    super();
    this.light = light;
    this.request = request;
    this.response = response;
    this.waiting = waiting;
    this.sending = sending;
    this.discarding = null;
    this.isOver = false;
  }

  override poll(cx: Context): Poll<void> {
    if (this.isOver) throw new PollAfterCompletionError("the handler of a request");
    try {
      if (this.waiting !== null) {
        const result = this.waiting.poll(cx);
        if (result === Pending) return Pending;
        this.waiting = null;
        if (!isResponse(result)) throw new TypeError("the function of a fetchHandler must give a Response");
        if (sendWhole(result, this.response)) {
          this.isOver = true;
          return undefined;
        }
        this.sending = respond(result, this.request, this.response);
      }
      if (this.sending?.poll(cx) === Pending) return Pending;
      this.isOver = true;
      return undefined;
    } catch (error) {
      this.isOver = true;
      // Somebody may still be at work on the rest of it.
      LightRequest.abort(this.light, error);
      throw error;
    }
  }

  override cancel(cx: Context): Poll<void> {
    if (this.isOver) return undefined;
    LightRequest.abort(this.light, abortReason(cx.cancelReason));
    if (this.waiting !== null) {
      let result: Poll<Response>;
      try {
        result = this.waiting.poll(cx);
      } catch (error) {
        this.isOver = true;
        if (isAbort(error, this.light.signal.reason)) return undefined;
        throw error;
      }
      if (result === Pending) return Pending;
      this.waiting = null;
      if (isResponse(result)) this.discarding = discard(result);
    }
    const last = this.discarding ?? this.sending;
    if (last === this.discarding ? last?.poll(cx) === Pending : last?.cancel(cx) === Pending) return Pending;
    this.isOver = true;
    return undefined;
  }

  override inspect(): Inspection {
    const inner = this.discarding ?? this.sending ?? this.waiting;
    return { op: "a fetch handler", futures: inner === null ? [] : [["", inner]] };
  }
}

/** Without a reason, the platform's own: an `AbortError`. */
function abortReason(reason: unknown): unknown {
  return reason ?? new DOMException("This operation was aborted", "AbortError");
}

/** Whether a promise was rejected with this because its signal was aborted. */
function isAbort(error: unknown, reason: unknown): boolean {
  if (error === reason) return true;
  return error instanceof Error && (error.name === "AbortError" || error.cause === reason);
}

/** Ends the body of a response that nobody can receive any more. */
const discard: (response: Response) => Future<void> = co(function* discard(response: Response) {
  if (LightResponse.parts(response) !== null) return;
  const { body } = response;
  if (body !== null && !body.locked) yield* fromPromise(body.cancel());
});

/** Sends a response that is there as a whole; gives whether it is. */
function sendWhole(result: Response, response: HttpResponse): boolean {
  const parts = LightResponse.parts(result);
  if (parts === null) return false;
  const { status, body, headers } = parts;
  response.status = status;
  let length: number | undefined;
  for (const [name, value] of headers) {
    if (name === "content-length") length = lengthOf(value);
    // The state of the connection is the server's.
    else if (name !== "transfer-encoding" && name !== "connection") response.add(name, value);
  }
  if (body !== null) response.send(body);
  // It is that of the body that there would be.
  else if (length !== undefined && (response.isHead || status === 304)) response.stream(length);
  return true;
}

const respond = co(function* respond(result: Response, request: HttpRequest, response: HttpResponse) {
  const { body, headers, status } = result;
  response.status = status;
  let length: number | undefined;
  for (const [name, value] of headers) {
    if (name === "content-length") length = lengthOf(value);
    else if (name !== "transfer-encoding" && name !== "connection") response.add(name, value);
  }
  if (body === null || request.method === "HEAD" || hasNoBody(status)) {
    if (body !== null) yield* fromPromise(body.cancel());
    if (length !== undefined && (request.method === "HEAD" || status === 304)) response.stream(length);
    return;
  }
  const reader = readerFromWeb(body);
  try {
    let first: Uint8Array = NOTHING;
    // An app that names the coding itself wants each part to be sent when it is there.
    if (!headers.has("transfer-encoding")) {
      const gathering = new Gathering(reader);
      const isWhole = yield* gathering;
      first = gathering.bytes;
      if (isWhole && (length === undefined || length === first.length)) {
        response.send(first);
        return;
      }
    }
    const writer = response.stream(length);
    if (first.length > 0) yield* writer.writeAll(first);
    // The client sees that there is an answer, however long its first part takes.
    yield* writer.flush();
    yield* copy(reader, writer);
  } finally {
    reader.close();
  }
});

const NOTHING = new Uint8Array(0);

function lengthOf(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new TypeError(`the Content-Length of a Response is ${value}`);
  return Number(value);
}
