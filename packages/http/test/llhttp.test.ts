import { createServer, METHODS, type Server } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectionText } from "./support/corpus.ts";
import { eventsOf } from "./support/events.ts";

/*
 * The same connections, read by our parser and by llhttp: the one that Node carries, through the connections of a
 * `node:http` server that are no sockets. (No package on npm ships it as WebAssembly and is kept well enough: the one
 * there is wants a compiler of its own as a peer.)
 *
 * What we take, llhttp takes, and reads the same in it, but for methods that it does not know. What it takes and we refuse is listed below, with the reason.
 */

interface Read {
  method: string;
  target: string;
  body: string;
}

/** Our codes where llhttp goes on, and why we do not. */
const ACCEPTED: ReadonlyMap<string, string> = new Map([
  ["HTTP_BAD_HOST", "Node wants a Host field, and takes it twice, as a list, and empty"],
  ["HTTP_BAD_TARGET", "llhttp takes a fragment, and more than one space before the version"],
  ["HTTP_BAD_CODING", "llhttp takes Transfer-Encoding in HTTP/1.0, whose peers know none"],
  ["HTTP_UNKNOWN_CODING", "llhttp leaves a coding before `chunked` to the application, which knows none"],
  ["HTTP_BAD_VERSION", "llhttp takes HTTP/0.9: a request line without a version"],
]);

let server: Server;
let read: Read[] = [];

beforeAll(() => {
  server = createServer((request, response) => {
    const found: Read = { method: request.method ?? "", target: request.url ?? "", body: "" };
    request.on("data", (chunk: Buffer) => (found.body += chunk.toString("latin1")));
    request.on("end", () => {
      read.push(found);
      response.end();
    });
  });
  // The requests before the one that is wrong are still to be read: `byNode` destroys the connection.
  server.on("clientError", () => {});
});

afterAll(() => {
  server.closeAllConnections();
});

class Connection extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

async function byNode(text: string): Promise<Read[]> {
  read = [];
  const connection = new Connection();
  connection.on("error", () => {});
  server.emit("connection", connection);
  connection.push(Buffer.from(text, "latin1"));
  // Each request is answered in a turn or two, and the next one is read after that.
  for (let turns = 0; turns < 12 && !connection.destroyed; turns++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  connection.destroy();
  return read;
}

function byUs(text: string): { read: Read[]; error: string | null; closes: boolean } {
  const found: Read[] = [];
  let error: string | null = null;
  let head: { method: string; target: string; keepAlive: boolean } | null = null;
  for (const event of eventsOf("request", text)) {
    if ("head" in event) head = { method: "", target: "", ...event.head };
    else if ("body" in event && head !== null) {
      found.push({ method: head.method, target: head.target, body: event.body });
      // Who closes reads no further.
      if (!head.keepAlive) return { read: found, error: null, closes: true };
    } else if ("error" in event) error = event.error;
  }
  return { read: found, error, closes: false };
}

/** Codes that made a difference, each with the last text that shows it. */
const differences = new Map<string, string>();

async function compare(text: string): Promise<void> {
  const ours = byUs(text);
  const theirs = await byNode(text);
  // The one thing that we take and it does not: a method beyond its list. RFC 9110 has any token for one.
  const unknown = ours.read.findIndex(({ method }) => !METHODS.includes(method));
  if (unknown !== -1) {
    expect(theirs, JSON.stringify(text)).toEqual(ours.read.slice(0, unknown));
    return;
  }
  expect(theirs.slice(0, ours.read.length), JSON.stringify(text)).toEqual(ours.read);
  if (theirs.length === ours.read.length || ours.closes) return;
  expect(ours.error, `only llhttp reads all of ${JSON.stringify(text)}`).not.toBe(null);
  differences.set(ours.error ?? "", text);
}

describe("beside llhttp", () => {
  test("what we read, it reads; what only it reads, we refuse for a reason that is listed", async () => {
    await fc.assert(
      fc.asyncProperty(connectionText, (text) => compare(text)),
      { numRuns: 3000, seed: 9 },
    );
    for (const [code, text] of differences) expect(ACCEPTED.has(code), `${code}: ${text}`).toBe(true);
  }, 60_000);
});
