import { co, duplex, type Future, fromPromise, Runtime, spawn } from "pollux";
import { beforeEach, describe, expect, test } from "vitest";
import {
  type Fetch,
  fetchHandler,
  type Handler,
  type HttpRequest,
  nodeHandler,
  serveConnection,
} from "../src/index.ts";
import { cancelAtEveryPoll } from "./support/cancel-at-every-poll.ts";
import { turn } from "./support/serving.ts";

// What a handler waits for is cancelled at its first, second, … poll. The client is at the other end of a pipe.

const PIECES = ["ab", "cd", "ef", "gh"];
const BODY = PIECES.join("");
const LAST = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

class Cancelled extends Error {}

let errors: unknown[];
beforeEach(() => {
  errors = [];
});

/** Sends a request whose body comes in pieces, and a last one behind it; gives all that is answered. */
async function converse(handler: Handler): Promise<string> {
  const runtime = new Runtime();
  const onError = (error: unknown): void => {
    if (!(error instanceof Cancelled)) errors.push(error);
  };
  const main = co(function* () {
    const [client, server] = duplex(65_536);
    const served = spawn(serveConnection(server, handler, { onError }));
    yield* client.writeAll(
      Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY.length}\r\n\r\n`),
    );
    for (const piece of PIECES) {
      yield* fromPromise(turn());
      yield* client.writeAll(Buffer.from(piece));
    }
    yield* client.writeAll(Buffer.from(LAST));
    const text = yield* client.readToString();
    client.close();
    yield* served;
    return text;
  });
  const text = await runtime.run(main());
  expect(runtime.handle.outstanding).toBe(0);
  expect(errors).toEqual([]);
  return text;
}

/** A handler that fails if what it waits for is cancelled. */
function cancelling(
  cancelAt: (operation: Future<unknown>) => Future<boolean>,
  inner: Handler,
  whenOver: (isCancelled: boolean) => void,
): Handler {
  return co(function* (request, response) {
    if (request.target === "/last") {
      response.send("last");
      return;
    }
    const handling = inner(request, response);
    if (handling === undefined) throw new Error("it was to wait");
    const isCancelled = yield* cancelAt(handling);
    whenOver(isCancelled);
    if (isCancelled) throw new Cancelled();
  });
}

const forms: [name: string, read: (request: HttpRequest) => Future<unknown>][] = [
  ["text", (request) => request.text()],
  ["bytes", (request) => request.bytes()],
];

test.each(forms)(
  "HttpRequest.%s: cancelled at any poll, the rest can be read, and the connection goes on",
  async (_, read) => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let isCancelled = false;
      let rest = "";
      const text = await converse(
        co(function* (request, response) {
          if (request.target !== "/last") {
            isCancelled = yield* cancelAt(read(request));
            if (isCancelled) rest = yield* request.text();
          }
          response.send(request.target);
        }),
      );
      expect(text).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\n\/HTTP\/1\.1 200 [\s\S]*\r\n\r\n\/last$/);
      expect(BODY.endsWith(rest)).toBe(true);
      return isCancelled;
    });
    expect(polls).toBeGreaterThan(2);
  },
);

describe.each([
  ["light", true],
  ["native", false],
])("fetchHandler with %s requests", (_, replaceGlobals) => {
  test("cancelled at any poll: the signal is aborted once, and the function and its stream come to an end", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let aborts = 0;
      let isSettled = false;
      let stream: "none" | "open" | "read" | "cancelled" = "none";
      const answer: Fetch = async (request) => {
        request.signal.addEventListener("abort", () => aborts++);
        try {
          await turn();
          const text = await request.text();
          await turn();
          let left = 3;
          stream = "open";
          const body = new ReadableStream({
            async pull(controller) {
              await turn();
              if (left-- > 0) controller.enqueue(Buffer.from(text));
              else {
                stream = "read";
                controller.close();
              }
            },
            cancel() {
              stream = "cancelled";
            },
          });
          return new Response(body);
        } finally {
          isSettled = true;
        }
      };
      let isCancelled = false;
      let wasSettled = false;
      const text = await converse(
        cancelling(cancelAt, fetchHandler(answer, { replaceGlobals }), (cancelled) => {
          isCancelled = cancelled;
          wasSettled = isSettled;
        }),
      );
      expect(wasSettled).toBe(true);
      expect(aborts).toBe(isCancelled ? 1 : 0);
      expect(stream).not.toBe("open");
      if (!isCancelled) expect(text.split(BODY)).toHaveLength(4);
      return isCancelled;
    });
    expect(polls).toBeGreaterThan(3);
  });
});

test("nodeHandler: cancelled at any poll, request and response are closed, and the listener comes to its end", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const closed: string[] = [];
    let isSettled = false;
    const inner = nodeHandler(async (request, response) => {
      request.on("close", () => closed.push("request"));
      response.on("close", () => closed.push("response"));
      try {
        let text = "";
        for await (const chunk of request) text += String(chunk);
        for (let n = 0; n < 3; n++) {
          await turn();
          response.write(text);
        }
        response.end();
      } catch (error) {
        expect(error).toMatchObject({ code: "ECONNRESET" });
      } finally {
        await turn();
        isSettled = true;
      }
    });
    let isCancelled = false;
    let wasSettled = false;
    const text = await converse(
      cancelling(cancelAt, inner, (cancelled) => {
        isCancelled = cancelled;
        wasSettled = isSettled;
      }),
    );
    // One that is cancelled before it begins is not called.
    if (isCancelled && !wasSettled) expect(closed).toEqual([]);
    else expect(closed.sort()).toEqual(["request", "response"]);
    if (!isCancelled) expect(text.split(BODY)).toHaveLength(4);
    return isCancelled;
  });
  expect(polls).toBeGreaterThan(3);
});
