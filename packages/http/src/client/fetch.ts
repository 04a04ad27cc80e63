import { Buffer } from "node:buffer";
import {
  Cursor,
  chain,
  co,
  type Future,
  fromPromise,
  type Reader,
  readerFromWeb,
  toReadableStream,
} from "pollux";
import { HttpError } from "../http-error.ts";
import type { ClientResponse } from "./client-response.ts";
import type { ClientState } from "./client-state.ts";
import type { Endpoints } from "./endpoint.ts";
import { Exchange } from "./exchange.ts";
import { type Outgoing, outgoing } from "./outgoing.ts";
import { goesAlong, isRedirect, redirectOf } from "./redirect.ts";
import type { RequestBody } from "./request-body.ts";

/** As the Fetch Standard has it. */
const MOST_REDIRECTS = 20;
/** How much of the body of a `Request` is read ahead: one that is shorter has a length, and can be sent again. */
const READ_AHEAD = 65_536;

/** @throws TypeError for what `new Request` refuses @internal */
export function fetchWith(
  state: ClientState,
  endpoints: Endpoints,
  input: string | URL | Request,
  init: RequestInit | undefined,
): Future<Response> {
  const request = input instanceof Request && init === undefined ? input : new Request(input, init);
  return fetching(state, endpoints, request, init?.body ?? null);
}

const fetching: (
  state: ClientState,
  endpoints: Endpoints,
  request: Request,
  given: unknown,
) => Future<Response> = co(function* fetching(
  state: ClientState,
  endpoints: Endpoints,
  request: Request,
  given: unknown,
) {
  const { signal } = request;
  if (signal.aborted) throw signal.reason;
  try {
    let body: RequestBody | null = null;
    if (request.body !== null) body = yield* bodyOf(request, request.body, given);
    return yield* exchanges(state, endpoints, request, body);
  } catch (error) {
    if (signal.aborted && error === signal.reason) throw error;
    throw new TypeError("fetch failed", { cause: error });
  }
});

/** What is known as a whole is sent with its length, and can be sent again; a stream goes as it comes. */
const bodyOf = co(function* bodyOf(request: Request, stream: ReadableStream<Uint8Array>, given: unknown) {
  const isWhole =
    typeof given === "string" ||
    given instanceof ArrayBuffer ||
    ArrayBuffer.isView(given) ||
    given instanceof URLSearchParams ||
    given instanceof FormData ||
    given instanceof Blob;
  if (isWhole) return new Uint8Array(yield* fromPromise(request.arrayBuffer()));
  const reader = readerFromWeb(stream);
  if (given !== null) return reader;
  return yield* readAhead(reader);
});

const readAhead = co(function* readAhead(reader: Reader) {
  const buf = Buffer.alloc(READ_AHEAD);
  let size = 0;
  let isHandedOn = false;
  try {
    while (size < buf.length) {
      const read = yield* reader.read(buf.subarray(size));
      if (read === 0) return buf.subarray(0, size);
      size += read;
    }
    isHandedOn = true;
    return chain(new Cursor(buf), reader);
  } finally {
    if (!isHandedOn) reader.close();
  }
});

const exchanges = co(function* exchanges(
  state: ClientState,
  endpoints: Endpoints,
  request: Request,
  given: RequestBody | null,
) {
  const { method, redirect: mode, signal } = request;
  let body = given;
  let headers: [string, string][] = [...request.headers];
  for (const [name, value] of DEFAULTS) if (!request.headers.has(name)) headers.push([name, value]);
  let next: Outgoing = outgoing(endpoints, state.settings, request.url, {
    method,
    headers,
    body,
    signal,
    decompress: true,
  });
  let isCrossOrigin = false;
  for (let count = 0; ; count++) {
    const response = yield* new Exchange(state, next);
    let isUsed = false;
    try {
      const isFollowed = isRedirect(response.status) && mode !== "manual";
      const to = isFollowed
        ? redirectOf(response.status, response.fields.get("location"), next.url, next.method)
        : null;
      if (isFollowed && mode === "error")
        throw bad(`the server redirects to ${response.fields.get("location")}`);
      if (to === null) {
        isUsed = true;
        return webResponse(response, next.method, count > 0, isCrossOrigin);
      }
      if (count === MOST_REDIRECTS)
        throw new HttpError(502, "HTTP_TOO_MANY_REDIRECTS", `more than ${MOST_REDIRECTS} redirects`);
      // By the standard also where the body is not needed any more.
      if (response.status !== 303 && next.body !== null && !next.body.isReplayable)
        throw bad("the server redirects a request whose body cannot be sent again");
      yield* response.discard();
      isUsed = true;
      isCrossOrigin ||= to.isCrossOrigin;
      if (!to.keepsBody) body = null;
      headers = headers.filter(([name]) => goesAlong(name, to));
      next = outgoing(endpoints, state.settings, to.url, {
        method: to.method,
        headers,
        body,
        signal,
        decompress: true,
      });
    } finally {
      if (!isUsed) response.close();
    }
  }
});

const DEFAULTS = [
  ["accept", "*/*"],
  ["user-agent", "pollux"],
] as const;

function webResponse(
  response: ClientResponse,
  method: string,
  redirected: boolean,
  isCrossOrigin: boolean,
): Response {
  const { status, reason, fields } = response;
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  const hasBody = method !== "HEAD" && status !== 204 && status !== 205 && status !== 304;
  if (!hasBody) response.close();
  const made = new Response(hasBody ? toReadableStream(response.body) : null, {
    status,
    statusText: reason,
    headers,
  });
  // The constructor has no place for these.
  Object.defineProperties(made, {
    url: { value: response.url, enumerable: true },
    redirected: { value: redirected, enumerable: true },
    type: { value: isCrossOrigin ? "cors" : "basic", enumerable: true },
  });
  return made;
}

function bad(message: string): HttpError {
  return new HttpError(502, "HTTP_BAD_REDIRECT", message);
}
