import { standsFor } from "./stands-for.ts";

const NativeResponse = globalThis.Response;
const NativeHeaders = globalThis.Headers;

type BodyInit = NonNullable<ConstructorParameters<typeof Response>[0]>;
type HeadersInit = ConstructorParameters<typeof Headers>[0];

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What the Web takes in a value and HTTP can carry, without whitespace at its ends. */
const VALUE = /^(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?$/;

/** What a response is made of that nobody has read from. @internal */
export interface LightParts {
  readonly status: number;
  readonly body: string | Uint8Array | null;
  /** Lower-case names and values. */
  readonly headers: Iterable<readonly [name: string, value: string]>;
}

/**
 * A `Response` of text, of bytes or of nothing, which is kept as it was given: no stream is made of it unless somebody
 * reads it. One of anything else is the Web's own within.
 *
 * @internal
 */
export class LightResponse {
  #body: string | Uint8Array | null;
  #status: number;
  #lines: [name: string, value: string][];
  /** Made of the lines when it is asked for, and what counts from then on. */
  #headers: Headers | null;
  #native: Response | null;

  constructor(body: BodyInit | null = null, init: ResponseInit = NOTHING) {
    this.#body = null;
    this.#status = 200;
    this.#lines = [];
    this.#headers = null;
    this.#native = null;
    const { status = 200, statusText = "", headers } = init ?? NOTHING;
    const isPlain = body === null || typeof body === "string" || body instanceof Uint8Array;
    const lines = isPlain && statusText === "" && isFinal(status, body === null) ? linesOf(headers) : null;
    if (lines === null) {
      // The Web's own knows what to do with it, or what to throw.
      const made = new NativeResponse(body, init ?? NOTHING);
      this.#native = made;
      this.#headers = made.headers;
      this.#status = made.status;
      return;
    }
    this.#status = status;
    this.#lines = lines;
    if (typeof body === "string") {
      if (!lines.some(([name]) => name === "content-type")) lines.push(TEXT);
      this.#body = body;
    } else if (isPlain && body !== null) {
      // They may be changed later.
      this.#body = new Uint8Array(body as Uint8Array); // The other kind that is plain.
    }
  }

  static json(data: unknown, init: ResponseInit = NOTHING): LightResponse {
    const text: string | undefined = JSON.stringify(data);
    if (text === undefined) throw new TypeError("The data is not JSON serializable");
    const headers = new NativeHeaders(init.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new LightResponse(text, { ...init, headers });
  }

  /** What is to be sent; `null` for a response that only its stream can tell of. */
  static parts(response: Response): LightParts | null {
    if (!(#native in response) || response.#native !== null) return null;
    return {
      status: response.#status,
      body: response.#body,
      headers: response.#headers ?? response.#lines,
    };
  }

  #made(): Response {
    this.#native ??= new NativeResponse(this.#body as BodyInit | null, {
      status: this.#status,
      headers: this.headers,
    });
    return this.#native;
  }

  get status(): number {
    return this.#status;
  }

  get ok(): boolean {
    return this.#status >= 200 && this.#status < 300;
  }

  get headers(): Headers {
    this.#headers ??= new NativeHeaders(this.#lines);
    return this.#headers;
  }

  get statusText(): string {
    return this.#native?.statusText ?? "";
  }

  get type(): Response["type"] {
    return this.#native?.type ?? "default";
  }

  get url(): string {
    return this.#native?.url ?? "";
  }

  get redirected(): boolean {
    return this.#native?.redirected ?? false;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#body === null && this.#native === null ? null : this.#made().body;
  }

  get bodyUsed(): boolean {
    return this.#native?.bodyUsed ?? false;
  }

  text(): Promise<string> {
    return this.#made().text();
  }

  json(): Promise<unknown> {
    return this.#made().json();
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return this.#made().arrayBuffer();
  }

  bytes(): Promise<Uint8Array> {
    return this.arrayBuffer().then((buffer) => new Uint8Array(buffer));
  }

  blob(): Promise<Blob> {
    // The type is that of the headers as they are now.
    const type = this.headers.get("content-type") ?? "";
    return this.arrayBuffer().then((buffer) => new Blob([buffer], { type }));
  }

  formData(): Promise<FormData> {
    return new NativeResponse(this.#made().body, { headers: this.headers }).formData();
  }

  clone(): Response {
    const { body, statusText } = this.#made().clone();
    return new NativeResponse(body, { status: this.#status, statusText, headers: this.headers });
  }
}
standsFor(LightResponse, NativeResponse, "Response");

/** Has `new Response(…)` make light ones. */
export function installResponse(): void {
  // The members that are not here are inherited, from the class that it stands for.
  if (globalThis.Response === NativeResponse)
    globalThis.Response = LightResponse as unknown as typeof Response;
}

/** Whether something is a response, of whatever make. */
export function isResponse(value: unknown): value is Response {
  return value instanceof NativeResponse;
}

const NOTHING: ResponseInit = Object.freeze({});
const TEXT: [string, string] = ["content-type", "text/plain;charset=UTF-8"];

function isFinal(status: unknown, isEmpty: boolean): status is number {
  if (!Number.isInteger(status)) return false;
  const code = status as number; // Just seen.
  return code >= 200 && code <= 599 && (isEmpty || (code !== 204 && code !== 205 && code !== 304));
}

/** Names and values, if they are given in a form that is known here, and are right. */
function linesOf(headers: HeadersInit | undefined): [string, string][] | null {
  if (headers === undefined) return [];
  if (headers instanceof NativeHeaders) return [...headers];
  const prototype: unknown = Object.getPrototypeOf(headers);
  if ((prototype !== Object.prototype && prototype !== null) || Symbol.iterator in headers) return null;
  const lines: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string" || !NAME.test(name) || !VALUE.test(value)) return null;
    lines.push([name.toLowerCase(), value]);
  }
  return lines;
}
