import { co, copy, type Future, fromPromise, readerFromWeb, toReadableStream } from "pollux";
import type { Handler } from "./connection.ts";
import { HttpError } from "./http-error.ts";
import type { HttpRequest } from "./request.ts";
import { type HttpResponse, hasNoBody } from "./response.ts";

/** A function from the Web's `Request` to its `Response`, such as the `fetch` of a Hono app. */
export type Fetch = (request: Request) => Response | PromiseLike<Response>;

/**
 * A handler that speaks the Web's `Request` and `Response`, so that an app of Hono runs on it unchanged:
 * `serve(options, fetchHandler(app.fetch))`. Bodies stream both ways, with back-pressure.
 *
 * When the client goes away, the request's `signal` is aborted, and what the function does then is awaited: for as long as
 * the runtime allows a cleanup.
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
export function fetchHandler(fetch: Fetch): Handler {
  if (typeof fetch !== "function")
    throw new TypeError("fetchHandler needs a function: fetchHandler(app.fetch)");
  return (request, response) => answer(fetch, request, response);
}

const answer: (fetch: Fetch, request: HttpRequest, response: HttpResponse) => Future<void> = co(
  function* answer(fetch: Fetch, request: HttpRequest, response: HttpResponse) {
    const result = yield* fromPromise(async (signal) => await fetch(webRequest(request, signal)), {
      awaitCleanup: true,
    });
    if (!(result instanceof Response))
      throw new TypeError("the function of a fetchHandler must give a Response");
    yield* respond(result, request, response);
  },
);

const respond = co(function* respond(result: Response, request: HttpRequest, response: HttpResponse) {
  const { body, headers, status } = result;
  response.status = status;
  let length: number | undefined;
  for (const [name, value] of headers) {
    if (name === "content-length") length = lengthOf(value);
    // The state of the connection is the server's.
    else if (name !== "transfer-encoding" && name !== "connection") response.add(name, value);
  }
  if (body === null || request.method === "HEAD" || hasNoBody(status)) {
    if (body !== null) yield* fromPromise(body.cancel());
    if (length !== undefined && (request.method === "HEAD" || status === 304)) response.stream(length);
    return;
  }
  const reader = readerFromWeb(body);
  try {
    yield* copy(reader, response.stream(length));
  } finally {
    reader.close();
  }
});

function lengthOf(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new TypeError(`the Content-Length of a Response is ${value}`);
  return Number(value);
}

/** @throws HttpError for a method or a target that the Web's `Request` does not know */
function webRequest(request: HttpRequest, signal: AbortSignal): Request {
  const { method, target, fields, host } = request;
  const url = target.startsWith("/") ? `http://${host ?? "localhost"}${target}` : target;
  const headers: [string, string][] = [...fields];
  const hasBody = request.hasBody && method !== "GET" && method !== "HEAD";
  try {
    return new Request(url, {
      method,
      headers,
      signal,
      ...(hasBody ? { body: toReadableStream(request.body), duplex: "half" } : {}),
    });
  } catch (error) {
    throw new HttpError(400, "HTTP_BAD_TARGET", "the request has no form for the Web", { cause: error });
  }
}
