import type { Future, RuntimeHandle } from "pollux";
import { filledStream } from "./body-stream.ts";
import { HttpError, type HttpErrorCode } from "./http-error.ts";
import { LightHeaders } from "./light-headers.ts";
import type { HttpRequest } from "./request.ts";
import { standsFor } from "./stands-for.ts";
import { bytesOf, textOf } from "./whole-body.ts";

const NativeRequest = globalThis.Request;
const nativeFetch = globalThis.fetch;

/** Whose names the Web takes in any case. */
const NORMAL = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]);
const FORBIDDEN = new Set(["CONNECT", "TRACE", "TRACK"]);

/** A path and a query that a parser of URLs leaves as they are … */
const PLAIN = /^\/[!$%&()*+,\-./0-9:;=?@A-Z[\]_a-z~]*$/;
/** … unless there is a segment of dots. */
const DOTS = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

/**
 * A request as a `Request` of the Web: method, URL, fields and a body that is read as a whole make no object of the Web's;
 * whatever else is asked for does, once.
 *
 * @internal
 */
export class LightRequest {
  readonly #request: HttpRequest;
  readonly #runtime: RuntimeHandle;
  readonly #method: string;
  readonly #url: string;
  readonly #hasBody: boolean;
  #headers: LightHeaders | null;
  #controller: AbortController | null;
  #reason: { readonly of: unknown } | null;
  /** The body was read as a whole, past the object of the Web's. */
  #isUsed: boolean;
  #native: Request | null;

  /** @throws HttpError for what has no form for the Web */
  constructor(request: HttpRequest, runtime: RuntimeHandle) {
    this.#request = request;
    this.#runtime = runtime;
    this.#method = methodOf(request.method);
    this.#url = urlOf(request);
    this.#hasBody = request.hasBody && this.#method !== "GET" && this.#method !== "HEAD";
    this.#headers = null;
    this.#controller = null;
    this.#reason = null;
    this.#isUsed = false;
    this.#native = null;
  }

  get method(): string {
    return this.#method;
  }

  get url(): string {
    return this.#url;
  }

  get headers(): Headers {
    this.#headers ??= new LightHeaders(this.#request.fields);
    return this.#headers as unknown as Headers; // Its prototype says so.
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#reason !== null) this.#controller.abort(this.#reason.of);
    }
    return this.#controller.signal;
  }

  /** Aborts the signal: the client has gone. */
  static abort(request: LightRequest, reason: unknown): void {
    if (request.#reason !== null) return;
    request.#reason = { of: reason };
    request.#controller?.abort(reason);
  }

  /** The object of the Web's that this one stands for. Anything else is given back as it is. */
  static unwrap<T>(input: T): T | Request {
    return typeof input === "object" && input !== null && #native in input ? input.#made() : input;
  }

  #made(): Request {
    if (this.#native !== null) return this.#native;
    const { method, url, headers, signal } = this;
    const body = this.#isUsed ? filledStream(null) : this.#hasBody ? this.#stream() : null;
    this.#native = new NativeRequest(url, {
      method,
      headers,
      signal,
      ...(body === null ? {} : { body, duplex: "half" }),
    });
    // What was read already is seen to be used up.
    if (this.#isUsed) void this.#native.arrayBuffer();
    return this.#native;
  }

  #stream(): ReadableStream<Uint8Array> {
    const reader = this.#request.body;
    return filledStream({
      read: (buf) => this.#heeded(this.#runtime.spawn(reader.read(buf))),
      close: () => reader.close(),
    });
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#hasBody ? this.#made().body : null;
  }

  get bodyUsed(): boolean {
    return this.#isUsed || (this.#native?.bodyUsed ?? false);
  }

  #whole<T>(make: (bytes: Uint8Array) => T, future: () => Future<T>): Promise<T> {
    if (!this.#hasBody) return Promise.resolve(make(NOTHING));
    if (this.#isUsed) return Promise.reject(new TypeError("Body is unusable: Body has already been read"));
    this.#isUsed = true;
    const whole = this.#request.takeWhole();
    if (whole !== null) return Promise.resolve(make(whole));
    return this.#heeded(this.#runtime.spawn(future()));
  }

  /** Who reads the body is the first to see that the client has gone in the middle of it. */
  #heeded<T>(reading: PromiseLike<T>): Promise<T> {
    return Promise.resolve(reading).catch((error: unknown) => {
      if (error instanceof HttpError && GONE.has(error.code)) LightRequest.abort(this, error);
      throw error;
    });
  }

  text(): Promise<string> {
    if (this.#native !== null) return this.#native.text();
    return this.#whole(textOf, () => this.#request.text());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    if (this.#native !== null) return this.#native.arrayBuffer();
    return this.#whole(bytesOf, () => this.#request.bytes()).then((bytes) => bytes.buffer);
  }

  bytes(): Promise<Uint8Array> {
    return this.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }

  blob(): Promise<Blob> {
    return this.#made().blob();
  }

  formData(): Promise<FormData> {
    return this.#made().formData();
  }

  clone(): Request {
    return this.#made().clone();
  }

  /** @internal */
  static other(request: LightRequest, name: (typeof OTHERS)[number]): unknown {
    return request.#made()[name];
  }
}

const NOTHING = new Uint8Array(0);

const GONE: ReadonlySet<HttpErrorCode> = new Set(["HTTP_CLIENT_GONE", "HTTP_TRUNCATED"]);

const OTHERS = [
  "cache",
  "credentials",
  "destination",
  "duplex",
  "integrity",
  "keepalive",
  "mode",
  "redirect",
  "referrer",
  "referrerPolicy",
] as const;

for (const name of OTHERS) {
  Object.defineProperty(LightRequest.prototype, name, {
    configurable: true,
    get(this: LightRequest) {
      return LightRequest.other(this, name);
    },
  });
}

/** The global `Request`, but that it takes a {@link LightRequest} too. */
class UnwrappingRequest extends NativeRequest {
  constructor(input: string | URL | Request, init?: RequestInit) {
    super(LightRequest.unwrap(input), init);
  }
}
standsFor(UnwrappingRequest, NativeRequest, "Request");
Object.setPrototypeOf(LightRequest.prototype, UnwrappingRequest.prototype);

/** Has `new Request(request)` take the requests that a handler is given. */
export function installRequest(): void {
  if (globalThis.Request === NativeRequest) globalThis.Request = UnwrappingRequest;
}

/** The global `fetch`, but that it takes a {@link LightRequest} too. */
function unwrappingFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  return nativeFetch(LightRequest.unwrap(input), init);
}
Object.defineProperty(unwrappingFetch, "name", { value: "fetch" });

/** Has `fetch(request)` take the requests that a handler is given. */
export function installFetch(): void {
  if (globalThis.fetch === nativeFetch) globalThis.fetch = unwrappingFetch;
}

/** The object of the Web's itself. @throws HttpError for what has no form for the Web */
export function nativeRequest(request: LightRequest): Request {
  return LightRequest.unwrap(request) as Request; // It is one that stands for a request.
}

function methodOf(method: string): string {
  if (NORMAL.has(method)) return method;
  const upper = method.toUpperCase();
  if (FORBIDDEN.has(upper)) throw formless();
  return NORMAL.has(upper) ? upper : method;
}

/** The last host and its origin: it is the same in most requests. */
let host: string | null = null;
let origin = "";

function urlOf(request: HttpRequest): string {
  const { target, scheme } = request;
  try {
    if (target.charCodeAt(0) !== SLASH) return new URL(target).href;
    const authority = `${scheme}://${request.host ?? "localhost"}`;
    if (authority !== host) {
      origin = new URL(authority).origin;
      host = authority;
    }
    if (PLAIN.test(target) && !DOTS.test(target)) return origin + target;
    return new URL(origin + target).href;
  } catch (error) {
    throw formless(error);
  }
}

const SLASH = 0x2f;

function formless(cause?: unknown): HttpError {
  return new HttpError(400, "HTTP_BAD_TARGET", "the request has no form for the Web", { cause });
}
