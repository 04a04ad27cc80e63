import { Buffer } from "node:buffer";
import { HttpError } from "../http-error.ts";

/** Where a response sends its client, and with what. */
export interface Redirect {
  readonly url: URL;
  readonly method: string;
  /** Whether the body is sent again. */
  readonly keepsBody: boolean;
  /** Another origin: it must not see what was meant for the first. */
  readonly isCrossOrigin: boolean;
}

/** What is said of a body, and of no use without. */
const OF_BODY = new Set([
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
  "content-length",
]);
/** What one origin is told in confidence. */
const OF_ORIGIN = new Set(["authorization", "cookie", "host", "proxy-authorization"]);

/**
 * The redirect that a response is, by the rules of the Fetch Standard (HTTP-redirect fetch); `null` if it is none.
 *
 * @throws HttpError for one that leads nowhere
 * @internal
 */
export function redirectOf(
  status: number,
  location: string | undefined,
  from: string,
  method: string,
): Redirect | null {
  if (!isRedirect(status) || location === undefined) return null;
  // The octets of the field are UTF-8, where they are no ASCII.
  const text = Buffer.from(location, "latin1").toString();
  if (!URL.canParse(text, from))
    throw bad(`the server redirects to ${JSON.stringify(text)}, which is no URL`);
  const url = new URL(text, from);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw bad(`the server redirects to ${url.protocol}, which is not followed`);
  const isCrossOrigin = url.origin !== new URL(from).origin;
  if (url.username !== "" || url.password !== "") throw bad("the server redirects to a URL with a user");
  const becomesGet =
    ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  return { url, method: becomesGet ? "GET" : method, keepsBody: !becomesGet, isCrossOrigin };
}

/** @internal */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Whether a field of the first request is sent with the next as well. @internal */
export function goesAlong(name: string, { keepsBody, isCrossOrigin }: Redirect): boolean {
  const lower = name.toLowerCase();
  return (keepsBody || !OF_BODY.has(lower)) && (!isCrossOrigin || !OF_ORIGIN.has(lower));
}

function bad(message: string): HttpError {
  return new HttpError(502, "HTTP_BAD_REDIRECT", message);
}
