import { describe, expect, test } from "vitest";
import { type Fetch, fetchHandler } from "../../../src/index.ts";
import { type Client, serving, until } from "../../support/serving.ts";

// The behaviours of Hono's adapter for Node, `@hono/node-server`, by its `listener.test.ts`.

const s = serving({});
const { Request, Response, fetch } = globalThis;

/** Has a function looked at twice: with the platform's objects, and with light ones in their place. */
async function both(fn: Fetch, look: () => Promise<void>): Promise<void> {
  for (const replaceGlobals of [false, true]) {
    await s.start(fetchHandler(fn, { replaceGlobals }));
    try {
      await look();
    } finally {
      Object.assign(globalThis, { Request, Response, fetch });
    }
  }
}

async function ask(head: string): Promise<Client> {
  const client = await s.client();
  client.send(`${head}\r\n\r\n`);
  return client;
}

describe("Invalid request", () => {
  const never: Fetch = () => expect.unreachable();

  test("w/o host header: 400, and no function is called", () =>
    both(never, async () => {
      for (const head of ["GET / HTTP/1.1", "GET / HTTP/1.1\r\nHost:"])
        expect(await (await ask(head)).end()).toMatch(/^HTTP\/1\.1 400 /);
    }));

  test("invalid host header: 400", () =>
    both(never, async () => {
      expect(await (await ask("GET / HTTP/1.1\r\nHost: a b")).end()).toMatch(/^HTTP\/1\.1 400 /);
    }));

  test("host header with path: 400", () =>
    both(never, async () => {
      expect(await (await ask("GET / HTTP/1.1\r\nHost: a/b")).end()).toMatch(/^HTTP\/1\.1 400 /);
    }));

  test("malformed response: 500, and it is reported", () =>
    both((() => ({ body: "content" })) as unknown as Fetch, async () => {
      expect((await fetch(s.url)).status).toBe(500);
      expect(s.errors.splice(0)).toEqual([expect.any(TypeError)]);
    }));
});

test("Response headers > null body: there is no type", () =>
  both(
    () => new globalThis.Response(null),
    async () => expect((await fetch(s.url)).headers.get("content-type")).toBe(null),
  ));

describe("Abort request", () => {
  /** Notes whose signal was aborted. */
  const aborted: Request[] = [];
  let begun = 0;
  const waits: Fetch = async (request) => {
    begun++;
    await new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve()));
    aborted.push(request);
    return new globalThis.Response("late");
  };
  const leave = async (method: string): Promise<void> => {
    const before = begun;
    const client = await ask(`${method} /abort HTTP/1.1\r\nHost: a`);
    await until(() => begun === before + 1);
    client.socket.destroy();
    await until(() => aborted.length === 1);
    const [request] = aborted.splice(0);
    expect([request instanceof Request, request?.signal.aborted]).toEqual([true, true]);
  };

  test("request is aborted: its signal is, whatever the method", () =>
    both(waits, async () => {
      for (const method of ["GET", "PUT", "PATCH", "DELETE"]) await leave(method);
    }));

  test("multiple requests: each has a signal of its own", () =>
    both(waits, async () => {
      for (const method of ["GET", "POST", "HEAD", "PATCH", "DELETE", "PUT"]) {
        await leave(method);
        await leave(method);
      }
    }));

  test("without requestCache: a function that never looks at the signal is waited for", async () => {
    let end: () => void = () => {};
    let isBegun = false;
    const late: Fetch = async () => {
      isBegun = true;
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      return new globalThis.Response("late");
    };
    await both(late, async () => {
      isBegun = false;
      const client = await ask("POST /abort HTTP/1.1\r\nHost: a");
      await until(() => isBegun);
      client.socket.destroy();
      end();
    });
  });
});

describe("Abort request - cacheable response path", () => {
  test("sync Blob: its body and its type are sent", () =>
    both(
      () => new globalThis.Response(new Blob(["blob"], { type: "text/css" })),
      async () => {
        const response = await fetch(s.url);
        expect([response.headers.get("content-type"), await response.text()]).toEqual(["text/css", "blob"]);
      },
    ));

  test("sync ReadableStream: a client that goes away aborts the signal and cancels the stream", async () => {
    let seen: string[] = [];
    const streams: Fetch = (request) => {
      request.signal.addEventListener("abort", () => seen.push("aborted"));
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new Uint8Array([97])),
        cancel: () => void seen.push("cancelled"),
      });
      return new globalThis.Response(body);
    };
    await both(streams, async () => {
      seen = [];
      const client = await ask("GET / HTTP/1.1\r\nHost: a");
      await client.until(/\r\na\r\n$/);
      client.socket.destroy();
      await until(() => seen.length === 2);
      expect(seen.sort()).toEqual(["aborted", "cancelled"]);
    });
  });
});
