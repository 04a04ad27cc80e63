import { METHODS } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { RequestHead } from "../src/index.ts";
import { connectionText } from "./support/corpus.ts";
import { events } from "./support/events.ts";
import { byLlhttp, type LlhttpRequest } from "./support/llhttp.ts";

/*
 * The same bytes, in the same pieces, read by our parser and by llhttp in its strict mode, which is what undici carries as
 * WebAssembly. What we take, llhttp takes, and reads the same in it. What it takes and we refuse is listed, with the reason.
 */
const ACCEPTED: ReadonlyMap<string, string> = new Map([
  ["HTTP_BAD_HOST", "llhttp leaves the Host field to the application: RFC 9112, 3.2 has it refused"],
  [
    "HTTP_BAD_TARGET",
    "llhttp takes any visible octet, a fragment, `*` for any method, and more than one space after",
  ],
  ["HTTP_BAD_CODING", "llhttp takes Transfer-Encoding in HTTP/1.0, whose peers know none: RFC 9112, 6.1"],
  ["HTTP_UNKNOWN_CODING", "llhttp leaves a coding before `chunked` to the application, which knows none"],
  ["HTTP_UNKNOWN_EXPECTATION", "llhttp leaves Expect to the application"],
  ["HTTP_BAD_VERSION", "llhttp takes HTTP/0.9: a request line without a version"],
  ["HTTP_VERSION_NOT_SUPPORTED", "llhttp takes 2.0 for a version"],
  [
    "HTTP_BAD_LINE",
    "llhttp passes over any number of empty lines before a request: RFC 9112, 2.2 speaks of one",
  ],
  ["HTTP_BAD_METHOD", "llhttp passes over a lone CR before a method"],
  ["HTTP_BAD_CHUNK", "llhttp takes extensions with an empty name or value"],
  [
    "HTTP_BAD_TRAILER",
    "llhttp takes Host, Content-Length and Transfer-Encoding for trailers: RFC 9110, 6.5.1",
  ],
]);

/** What llhttp refuses and we do not, for which the specification is on our side. */
const ALLOWED: readonly (readonly [text: RegExp, reason: string])[] = [
  [/content-length:[ \t]*\d+ *\t/i, "a tab behind a length is whitespace as any: RFC 9110, 5.6.3"],
];

type RequestEvent = Omit<RequestHead, "fields"> & { fields: [string, string][] };

interface Ours {
  /** How many come before the first with a method that llhttp does not know: RFC 9110 has any token for one. */
  known: number;
  requests: LlhttpRequest[];
  error: string | null;
}

function byUs(pieces: readonly Uint8Array[]): Ours {
  const requests: LlhttpRequest[] = [];
  let known = Number.POSITIVE_INFINITY;
  let head: RequestEvent | null = null;
  for (const event of events("request", pieces)) {
    if ("head" in event) {
      head = event.head as RequestEvent; // By the kind.
      if (!METHODS.includes(head.method)) known = Math.min(known, requests.length);
    } else if ("error" in event) return { known, requests, error: event.error };
    else if ("body" in event && head !== null) {
      const { target, fields, keepAlive } = head;
      requests.push({ target, fields: [...fields, ...event.trailers], body: event.body, keepAlive });
      if (!keepAlive || head.upgrade !== null || head.method === "CONNECT")
        return { known, requests, error: null };
    }
  }
  return { known, requests, error: null };
}

const found = new Map<string, string>();

function compare(pieces: readonly Uint8Array[], text: string): void {
  const ours = byUs(pieces);
  const theirs = byLlhttp(pieces);
  const where = JSON.stringify(text);
  if (ours.known !== Number.POSITIVE_INFINITY) {
    expect(theirs.requests, where).toEqual(ours.requests.slice(0, ours.known));
    return;
  }
  if (theirs.refused && theirs.requests.length < ours.requests.length) {
    expect(
      ALLOWED.some(([pattern]) => pattern.test(text)),
      `only we read all of ${where}`,
    ).toBe(true);
    return;
  }
  expect(theirs.requests.slice(0, ours.requests.length), where).toEqual(ours.requests);
  if (theirs.requests.length === ours.requests.length) return;
  // Behind a request that ends the connection nothing is read.
  const last = ours.requests.at(-1);
  if (ours.error === null && last !== undefined && !last.keepAlive) return;
  expect(ours.error, `only llhttp reads all of ${where}`).not.toBe(null);
  found.set(ours.error ?? "", text);
}

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

function cut(whole: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...places.map((place) => place % (whole.length + 1)), whole.length].toSorted(
    (a, b) => a - b,
  );
  return sorted
    .slice(1)
    .map((end, at) => whole.subarray(sorted[at], end))
    .filter((piece) => piece.length > 0);
}

/** RFC 9112's own requests, and bodies of all kinds. */
const EXAMPLES = [
  "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\nAccept-Language: en, mi\r\n\r\n",
  "GET /where?q=now HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
  "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: www.example.org\r\n\r\n",
  "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
  "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX-T: t\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
];

describe("beside llhttp as WebAssembly", () => {
  test.each(EXAMPLES)("%j is read alike, wherever it is cut in two, and byte by byte", (text) => {
    const whole = bytes(text);
    expect(byUs([whole]).error).toBe(null);
    expect(byUs([whole]).requests.length).toBeGreaterThan(0);
    for (let at = 0; at <= whole.length; at++) compare(cut(whole, [at]), text);
    compare(
      [...whole].map((octet) => Uint8Array.of(octet)),
      text,
    );
  });

  test("generated connections, right and wrong, are read alike however they are cut, or differ for a reason that is listed", () => {
    fc.assert(
      fc.property(connectionText, fc.array(fc.nat(), { maxLength: 6 }), (text, places) =>
        compare(cut(bytes(text), places), text),
      ),
      { numRuns: 4000, seed: 12 },
    );
    for (const [code, text] of found)
      expect(ACCEPTED.has(code), `${code}: ${JSON.stringify(text)}`).toBe(true);
  }, 60_000);

  test("so is one octet more, less or another, at each place of each example", () => {
    for (const text of EXAMPLES) {
      for (let at = 0; at < text.length; at++) {
        for (const octet of ["", "\0", "\n", "\r", " ", ":", "\x7f", "\xff", "x"]) {
          for (const rest of [text.slice(at), text.slice(at + 1)]) {
            const changed = text.slice(0, at) + octet + rest;
            compare([bytes(changed)], changed);
          }
        }
      }
    }
    for (const [code, text] of found)
      expect(ACCEPTED.has(code), `${code}: ${JSON.stringify(text)}`).toBe(true);
  }, 60_000);

  test("each difference that is listed is there", () => {
    for (const text of [
      "PUT / HTTP/1.1\r\nHost: a\r\nExpect: much\r\nContent-Length: 0\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: b\r\n\r\n",
    ])
      compare([bytes(text)], text);
    expect([...ACCEPTED.keys()].filter((code) => !found.has(code))).toEqual([]);
  });
});
