import { advance, co, copy, never } from "pollux";
import { describe, expect, test } from "vitest";
import type { Handler } from "../src/index.ts";
import { reactors, serving, turn, until } from "./support/serving.ts";

// Slow clients. The clock stands still, and is moved by the tests.

describe.each(reactors)("timeouts on the %s reactor", (_, options) => {
  const s = serving({ ...options, clock: "paused" });
  const settle = async (): Promise<void> => {
    for (let n = 0; n < 20; n++) await turn();
  };
  const pass = async (ms: number): Promise<void> => {
    await settle();
    await s.runtime.spawn(advance(ms));
    await settle();
  };
  const hello: Handler = (_, response) => response.send("hello");
  const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

  test("a slow-loris, byte after byte, gets 408 when the time for the head is up", async () => {
    await s.start(hello, { headTimeout: 1000 });
    const client = await s.client();
    client.send("G");
    for (let n = 0; n < 9; n++) {
      await pass(100);
      client.send("E");
    }
    expect(client.text).toBe("");
    await pass(200);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 .*Connection: close/s);
  });

  test("an idle connection is closed without a word, before the first request and after it", async () => {
    await s.start(hello, { idleTimeout: 1000 });
    const silent = await s.client();
    const served = await s.client();
    await pass(600);
    served.send(GET);
    await served.until("hello");
    await pass(500);
    expect(await silent.end()).toBe("");
    expect(served.ended).toBe(false);
    await pass(600);
    expect(await served.end()).toMatch(/hello$/);
  });

  test("a body that never ends gets 408, counting what the handler has waited for it", async () => {
    await s.start(
      co(function* (request, response) {
        response.send(yield* request.body.readToEnd());
      }),
      { bodyTimeout: 1000 },
    );
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    for (let n = 0; n < 9; n++) {
      await pass(100);
      client.send("x");
    }
    expect(client.text).toBe("");
    await pass(200);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 408 /);
  });

  test("a rest of a body that nobody reads, and that never comes, ends the connection", async () => {
    const server = await s.start(hello, { headTimeout: 1000 });
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
    await client.until("hello");
    await pass(1100);
    await client.end();
    client.socket.end();
    await until(() => server.connections === 0);
  });

  test("a client that takes nothing of its answer has its handler cancelled", async () => {
    const log: string[] = [];
    const server = await s.start(
      co(function* (_, response) {
        const body = response.stream();
        try {
          for (;;) yield* body.writeAll(Buffer.alloc(30_000));
        } finally {
          log.push("cancelled");
        }
      }),
      { writeTimeout: 1000 },
    );
    const client = await s.client();
    client.socket.pause();
    client.send(GET);
    await until(() => server.connections === 1);
    // Until the buffers of the system are full.
    for (let n = 0; n < 500; n++) await turn();
    await pass(500);
    expect(log).toEqual([]);
    await pass(1100);
    await until(() => server.connections === 0);
    expect(log).toEqual(["cancelled"]);
  });

  test("a client that takes its answer slowly gets all of it", async () => {
    const size = 20_000_000;
    await s.start((_, response) => response.send(Buffer.alloc(size, "x")), { writeTimeout: 1000 });
    const client = await s.client();
    client.socket.pause();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    for (let n = 0; n < 5; n++) {
      await pass(900);
      const { length } = client.text;
      client.socket.resume();
      await until(() => client.text.length > length + 2_000_000);
      client.socket.pause();
    }
    client.socket.resume();
    expect((await client.end()).length).toBeGreaterThan(size);
  });

  test("after the last answer, what still comes is read over for a while, and no longer", async () => {
    const server = await s.start(hello);
    const client = await s.client();
    client.send("nonsense\r\n\r\n");
    await client.end();
    expect(server.connections).toBe(1);
    await pass(1100);
    await until(() => server.connections === 0);
  });

  test("a handler that was told that its client has gone, and hangs, is cancelled after the limit of a cleanup", async () => {
    const log: string[] = [];
    const server = await s.start(
      co(function* (request, response) {
        try {
          yield* copy(request.body, response.stream());
        } catch {
          log.push("told");
        }
        try {
          yield* never();
        } finally {
          log.push("cancelled");
        }
      }),
    );
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx");
    await client.until("x");
    client.socket.resetAndDestroy();
    await until(() => log.length === 1);
    await pass(29_000);
    expect(log).toEqual(["told"]);
    await pass(1100);
    await until(() => server.connections === 0);
    expect(log).toEqual(["told", "cancelled"]);
  });
});
