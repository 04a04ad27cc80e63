import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BodyDecoder } from "../src/body-decoder.ts";
import { HeadParser } from "../src/head-parser.ts";
import { HttpError } from "../src/http-error.ts";
import { Inbox } from "../src/inbox.ts";
import { connectionText } from "./support/corpus.ts";
import { events } from "./support/events.ts";

// Where the pieces of a connection end makes no difference to what is read.

const LIMITS = { headBytes: 400, lineBytes: 150, fields: 8, chunkLineBytes: 30, extensionBytes: 60 };

const samples: [kind: "request" | "response", text: string][] = [
  ["request", "\r\nGET /a?b HTTP/1.1\r\nHost: a\r\nA:b\r\n\r\nGET / HTTP/1.0\r\n\r\n"],
  ["request", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcdGET / HTTP/1.1\r\nHost: b\r\n\r\n"],
  [
    "request",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nD: e\r\n\r\nGET / HTTP/1.1\r\nHost: c\r\n\r\n",
  ],
  ["request", `GET /${"x".repeat(200)} HTTP/1.1\r\nHost: a\r\n\r\n`],
  ["request", `GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(20)}\r\n`],
  ["request", `GET / HTTP/1.1\r\nHost: a\r\n${`a: ${"b".repeat(90)}\r\n`.repeat(6)}\r\n`],
  ["request", "GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n c\r\n\r\n"],
  ["request", "GET / HTTP/1.1\r\nHost: a\n\r\n"],
  ["request", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"],
  ["response", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 204 No Content\r\n\r\n"],
  [
    "response",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nHTTP/1.0 200 \r\n\r\nabc",
  ],
];

function checkEveryPiece(kind: "request" | "response", bytes: Buffer): void {
  const whole = events(kind, [bytes], LIMITS, true);
  const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
  expect(events(kind, single, LIMITS, true), "byte by byte").toEqual(whole);
  for (let at = 1; at < bytes.length; at++) {
    expect(events(kind, [bytes.subarray(0, at), bytes.subarray(at)], LIMITS, true), `cut at ${at}`).toEqual(
      whole,
    );
  }
}

describe("pieces", () => {
  test.each(samples)("a %s is the same however it is cut: %j", (kind, text) => {
    checkEveryPiece(kind, Buffer.from(text, "latin1"));
  });

  test("so are generated connections, right and wrong", () => {
    fc.assert(
      fc.property(connectionText, (text) => checkEveryPiece("request", Buffer.from(text, "latin1"))),
      { numRuns: 150, seed: 5 },
    );
  });

  test("whatever comes, there is an end, and no error but HttpError", () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom("\r\n", "GET / HTTP/1.1\r\n", "Host: a\r\n", "\r\n\r\n", "0\r\n\r\n", ":", " ", "\0")
        .map((text) => Buffer.from(text)),
      connectionText.map((text) => Buffer.from(text, "latin1")),
    );
    fc.assert(
      fc.property(
        fc.constantFrom("request", "response"),
        fc.array(piece, { maxLength: 8 }),
        (kind, pieces) => {
          events(kind as "request" | "response", pieces, LIMITS, true);
        },
      ),
      { numRuns: 3000, seed: 6 },
    );
  });

  test("no body makes the decoder throw anything but HttpError, and it never takes more than it is given room", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(-1, -2, 0, 5),
        fc.array(fc.uint8Array({ maxLength: 30 })),
        (length, pieces) => {
          const inbox = new Inbox();
          const body = new BodyDecoder();
          body.begin(length);
          const buf = new Uint8Array(4);
          try {
            for (const piece of pieces) {
              inbox.push(piece);
              const before = inbox.length;
              const size = body.take(inbox, buf);
              expect(size).toBeLessThanOrEqual(4);
              expect(inbox.length).toBeLessThanOrEqual(before - size);
            }
          } catch (error) {
            if (!(error instanceof HttpError)) throw error;
          }
        },
      ),
      { numRuns: 2000, seed: 7 },
    );
  });

  test("a head that comes byte by byte costs as much as one that comes at once", () => {
    // Searching from the start at each byte would look at some 2 million here.
    let looked = 0;
    class Counting extends Inbox {
      override lineFeed(from: number): number {
        const feed = super.lineFeed(from);
        looked += (feed === -1 ? this.length : feed + 1) - from;
        return feed;
      }
    }
    const inbox = new Counting();
    const parser = new HeadParser();
    const text = `GET / HTTP/1.1\r\nHost: a\r\nA: ${"x".repeat(2000)}\r\n\r\n`;
    for (const byte of Buffer.from(text)) {
      inbox.push(Uint8Array.of(byte));
      parser.request(inbox);
    }
    expect(looked).toBe(text.length);
  });
});
