import { co, copy, type Future, fromPromise, never, sleep, spawn } from "pollux";
import { describe, expect, test } from "vitest";
import type { Handler } from "../src/index.ts";
import { reactors, serving, turn, until } from "./support/serving.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const post = (length: number, more = "") =>
  `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n${more}\r\n`;

const echo: Handler = co(function* (request, response) {
  yield* copy(request.body, response.stream());
});
const hello: Handler = (_, response) => response.send("hello");

describe.each(reactors)("serve on the %s reactor", (name, options) => {
  const s = serving(options);

  test("serve: a flush sends the head before there is a body", async () => {
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await s.start(
      co(function* (_, response) {
        response.status = 202;
        const body = response.stream();
        yield* body.flush();
        yield* fromPromise(released);
        yield* body.writeAll(Buffer.from("late"));
      }),
    );
    const client = await s.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.until(/^HTTP\/1\.1 202 .*Transfer-Encoding: chunked\r\n\r\n$/s);
    release();
    await client.until(/\r\n\r\n4\r\nlate\r\n0\r\n\r\n$/);
  });

  test("serve: the runtime is on this reactor", async () => {
    await s.start(hello);
    expect(s.runtime.reactor).toBe(name);
  });

  test("serve: one write has head and body, with a Date and a length", async () => {
    await s.start(hello);
    const client = await s.client();
    client.send(GET);
    expect(await client.until("hello")).toMatch(
      /^HTTP\/1\.1 200 OK\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\r\nContent-Length: 5\r\n\r\nhello$/,
    );
  });

  test("serve: a connection is kept, and closed when the client says so", async () => {
    const server = await s.start(hello);
    const client = await s.client();
    client.send(GET);
    await client.until("hello");
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await client.end()).toMatch(/hello.*Connection: close\r\n\r\nhello$/s);
    client.socket.end();
    await until(() => server.connections === 0);
  });

  test("serve: HTTP/1.0 is closed unless it asks to be kept, and has no chunks", async () => {
    await s.start(
      co(function* (_, response) {
        const body = response.stream();
        yield* body.writeAll(Buffer.from("piece"));
      }),
    );
    const client = await s.client();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(await client.end()).toMatch(
      /^HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\nConnection: close\r\n\r\npiece$/,
    );
  });

  test("serve: HTTP/1.0 is kept if the body has a length", async () => {
    await s.start(hello);
    const client = await s.client();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    expect(await client.until("hello")).toContain("Connection: keep-alive");
    client.send("GET / HTTP/1.0\r\n\r\n");
    expect(await client.end()).toMatch(/Connection: close\r\n\r\nhello$/);
  });

  test("serve: pipelined requests are answered in order, one handler at a time", async () => {
    let running = 0;
    await s.start(
      co(function* (request, response) {
        expect(++running).toBe(1);
        yield* sleep(request.target === "/0" ? 5 : 0);
        running--;
        response.send(`<${request.target}>`);
      }),
    );
    const client = await s.client();
    client.send([0, 1, 2, 3].map((n) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    const text = await client.until("</3>");
    expect(text.match(/<[^>]+>/g)).toEqual(["</0>", "</1>", "</2>", "</3>"]);
  });

  test("serve: a thousand pipelined requests are no reason to keep others waiting", async () => {
    await s.start(hello);
    const client = await s.client();
    client.send(GET.repeat(1000));
    await until(() => client.text.split("hello").length === 1001);
  });

  test("serve: who pipelines and never reads is not read from for ever", async () => {
    const body = Buffer.alloc(100_000, "x");
    let handled = 0;
    await s.start((_, response) => {
      handled++;
      response.send(body);
    });
    const client = await s.client();
    client.socket.pause();
    client.send(GET.repeat(2000));
    let before = -1;
    while (before !== handled) {
      before = handled;
      for (let n = 0; n < 200; n++) await turn();
    }
    // What fits into the buffers of the system: not 200 MB.
    expect(handled).toBeLessThan(500);
  });

  test("serve: a body streams in and out", async () => {
    await s.start(echo);
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    await client.until("ab\r\n");
    client.send("3\r\ncde\r\n0\r\n\r\n");
    expect(await client.until("0\r\n\r\n")).toMatch(/chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n$/);
    client.send(`${post(3)}xyz`);
    await client.until("xyz");
  });

  test("serve: trailers are there after the body", async () => {
    await s.start(
      co(function* (request, response) {
        const text = yield* request.body.readToString();
        response.send(`${text}+${request.trailers.get("digest")}`);
      }),
    );
    const client = await s.client();
    client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nDigest: z\r\n\r\n",
    );
    await client.until("a+z");
  });

  test("serve: 100 Continue is sent when the handler reads, and not otherwise", async () => {
    await s.start(
      co(function* (request, response) {
        if (request.target === "/no") response.status = 403;
        else response.send(yield* request.body.readToEnd());
      }),
    );
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    await client.until("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ok");
    await client.until(/200 OK.*ok$/s);
    const other = await s.client();
    other.send("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    expect(await other.end()).toMatch(/^HTTP\/1\.1 403 .*Connection: close/s);
  });

  test("serve: HEAD has the head alone, 204 and 304 have no body and no length", async () => {
    await s.start((request, response) => {
      if (request.target !== "/") response.status = Number(request.target.slice(1));
      else response.send("hello");
    });
    const client = await s.client();
    client.send(
      "HEAD / HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\nGET /304 HTTP/1.1\r\nHost: a\r\n\r\n",
    );
    const text = await client.until(/304 .*\r\n\r\n$/s);
    expect(text).toMatch(
      /^HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\nContent-Length: 5\r\n\r\nHTTP\/1\.1 204 No Content\r\nDate: [^\r]+\r\n\r\nHTTP\/1\.1 304 Not Modified\r\nDate: [^\r]+\r\n\r\n$/,
    );
  });

  test.each([
    ["GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400],
    ["GET / HTTP/3.0\r\n\r\n", 505],
    [`GET /${"x".repeat(9000)} HTTP/1.1\r\n`, 414],
    [`GET / HTTP/1.1\r\nHost: a\r\n${"a: b\r\n".repeat(101)}\r\n`, 431],
    [post(99_999_999), 413],
    ["POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501],
  ])("serve: %j is answered with %i, and the connection is closed", async (text, status) => {
    await s.start(echo);
    const client = await s.client();
    client.send(`${GET}${text}`);
    expect(await client.end()).toMatch(
      new RegExp(`^HTTP/1.1 200 .*HTTP/1.1 ${status} .*Connection: close`, "s"),
    );
  });

  test("serve: a body that breaks in the middle gets its status, if no answer is on its way", async () => {
    await s.start(
      co(function* (request, response) {
        response.send(yield* request.body.readToEnd());
      }),
    );
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /);
    const other = await s.client();
    other.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n");
    const piece = "x".repeat(65_536);
    for (let sent = 0; sent <= 0x1000001; sent += piece.length) other.send(piece);
    expect(await other.end()).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("serve: a handler that throws gives 500, and is reported once", async () => {
    const error = new Error("oh");
    await s.start(
      co(function* () {
        yield* sleep(0);
        throw error;
      }),
    );
    const client = await s.client();
    client.send(GET);
    expect(await client.end()).toMatch(/^HTTP\/1\.1 500 Internal Server Error/);
    expect(s.errors.splice(0)).toEqual([error]);
  });

  test("serve: a handler that throws in the middle of its answer cuts that short", async () => {
    const error = new Error("oh");
    await s.start(
      co(function* (_, response) {
        yield* response.stream().writeAll(Buffer.from("part"));
        throw error;
      }),
    );
    const client = await s.client();
    client.send(GET);
    const text = await client.end();
    expect(text).toContain("part");
    expect(text).not.toContain("0\r\n\r\n");
    expect(s.errors.splice(0)).toEqual([error]);
  });

  test("serve: an answer shorter than its length is cut short, and reported", async () => {
    await s.start(
      co(function* (_, response) {
        yield* response.stream(10).writeAll(Buffer.from("part"));
      }),
    );
    const client = await s.client();
    client.send(GET);
    expect(await client.end()).toMatch(/Content-Length: 10\r\n\r\npart$/);
    expect(s.errors.splice(0)).toEqual([expect.any(RangeError)]);
  });

  test("serve: writes after the end fail, and do no harm", async () => {
    const caught: unknown[] = [];
    await s.start(
      co(function* (_, response) {
        const body = response.stream(2);
        yield* body.writeAll(Buffer.from("ab"));
        yield* body.shutdown();
        try {
          yield* body.writeAll(Buffer.from("c"));
        } catch (error) {
          caught.push(error);
        }
        try {
          response.send("d");
        } catch (error) {
          caught.push(error);
        }
      }),
    );
    const client = await s.client();
    client.send(`${GET}${GET}`);
    expect(await client.until(/ab.*ab/s)).not.toMatch(/abc|abd/);
    expect(caught).toMatchObject(Array(4).fill({ code: "POLLUX_CLOSED" }));
  });

  test("serve: a body that nobody reads is read over, or the connection is closed", async () => {
    await s.start(hello);
    const client = await s.client();
    client.send(`${post(1000)}${"x".repeat(1000)}${GET}`);
    await client.until(/hello.*hello$/s);
    const other = await s.client();
    other.send(`${post(1_000_000)}${"x".repeat(1_000_000)}${GET}`);
    expect((await other.end()).split("hello")).toHaveLength(2);
  });

  test("serve: an upgrade gives the stream, with what came behind the request", async () => {
    await s.start(
      co(function* (_, response) {
        const stream = yield* response.upgrade("echo");
        const buf = new Uint8Array(100);
        for (let n: number; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
      }),
    );
    const client = await s.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly");
    expect(await client.until("early")).toMatch(/^HTTP\/1\.1 101 .*Upgrade: echo\r\n\r\nearly$/s);
    client.send(" late");
    await client.until(" late");
    client.socket.end();
    await client.end();
  });

  test("serve: tasks that a handler leaves behind, and that wait for its exchange, learn that it is over", async () => {
    const caught: unknown[] = [];
    const outlive = co(function* (future: Future<unknown>) {
      try {
        yield* future;
      } catch (error) {
        caught.push(error);
      }
    });
    await s.start(
      co(function* (request, response) {
        if (request.method === "POST") spawn(outlive(request.body.readToEnd()));
        else {
          const body = response.stream();
          yield* body.writeAll(Buffer.from("a"));
          spawn(outlive(body.writeAll(Buffer.alloc(100_000_000))));
        }
        for (let n = 0; n < 5; n++) yield* sleep(1);
      }),
    );
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n");
    await client.until("Content-Length: 0\r\n");
    await until(() => caught.length === 1);
    const other = await s.client();
    other.socket.pause();
    other.send(GET);
    await until(() => caught.length === 2);
    expect(caught).toMatchObject([{ code: "POLLUX_CLOSED" }, { code: "POLLUX_CLOSED" }]);
  });

  // A client that goes away: at each stage.

  test.each([
    ["before a byte", ""],
    ["within a head", "GET / HT"],
    ["within a body that nobody reads", `${post(10)}abc`],
  ])("serve: a client that vanishes %s leaves nothing", async (_, text) => {
    const server = await s.start(hello);
    const client = await s.client();
    client.send(text);
    await until(() => server.connections === 1);
    for (let n = 0; n < 20; n++) await turn();
    client.socket.destroy();
    await until(() => server.connections === 0);
  });

  test.each<[string, Handler, string]>([
    ["that hangs", () => never(), GET],
    [
      "that reads the body",
      co(function* (request) {
        yield* request.body.readToEnd();
      }),
      `${post(10)}abc`,
    ],
    ["that does not read the body", () => never(), `${post(10)}abc`],
    [
      "that writes without end",
      co(function* (_, response) {
        const body = response.stream();
        for (;;) yield* body.writeAll(Buffer.alloc(10_000));
      }),
      GET,
    ],
  ])(
    "serve: a handler %s is cancelled when the client vanishes, and its cleanup is awaited",
    async (_, handler, text) => {
      const log: string[] = [];
      const server = await s.start(
        co(function* (request, response) {
          log.push("begun");
          try {
            // Each of these gives a future.
            yield* handler(request, response) as ReturnType<typeof never>;
          } finally {
            yield* sleep(5);
            log.push(`cleaned up beside ${server.connections}`);
          }
        }),
      );
      const client = await s.client();
      client.send(text);
      await until(() => log.length === 1);
      for (let n = 0; n < 20; n++) await turn();
      client.socket.resetAndDestroy();
      await until(() => server.connections === 0);
      expect(log).toEqual(["begun", "cleaned up beside 1"]);
    },
  );

  // Closing

  test("close: idle connections are closed at once, and a request under way is answered", async () => {
    let go = false;
    const server = await s.start(
      co(function* (_, response) {
        while (!go) yield* sleep(1);
        response.send("done");
      }),
    );
    const idle = await s.client();
    const busy = await s.client();
    busy.send(GET);
    await until(() => server.connections === 2);
    for (let n = 0; n < 20; n++) await turn();
    const closed = s.runtime.spawn(server.close());
    await idle.end();
    expect(busy.ended).toBe(false);
    go = true;
    expect(await busy.end()).toMatch(/Connection: close\r\n\r\ndone$/);
    busy.socket.end();
    await closed;
    expect(server.connections).toBe(0);
  });

  test("close: what outlasts the grace is cancelled, and its cleanup is awaited", async () => {
    const log: string[] = [];
    const server = await s.start(
      co(function* () {
        log.push("begun");
        try {
          yield* never();
        } finally {
          yield* sleep(5);
          log.push("cleaned up");
        }
      }),
    );
    const client = await s.client();
    client.send(GET);
    await until(() => log.length === 1);
    await s.runtime.spawn(server.close({ grace: 10 }));
    expect(log).toEqual(["begun", "cleaned up"]);
  });

  test("serve: bad options throw at the call", async () => {
    await expect(s.start(hello, { maxBody: -1 })).rejects.toThrow(RangeError);
    await expect(s.start(hello, { idleTimeout: 0.5 })).rejects.toThrow(RangeError);
    // @ts-expect-error -- for callers without types
    await expect(s.start("handler")).rejects.toThrow(TypeError);
  });

  test("serve: an answer that makes no sense is refused where it is made", async () => {
    const caught: unknown[] = [];
    const attempt = (fn: () => unknown): void => {
      try {
        fn();
      } catch (error) {
        caught.push((error as Error).constructor.name);
      }
    };
    await s.start((_, response) => {
      attempt(() => response.add("a b", "c"));
      attempt(() => response.add("a", "b\r\nc: d"));
      attempt(() => response.add("a", "\u{1f600}"));
      attempt(() => response.add("Content-Length", "1"));
      attempt(() => (response.status = 99));
      attempt(() => (response.status = 600));
      attempt(() => response.upgrade("x"));
    });
    const client = await s.client();
    client.send(GET);
    expect(await client.until("Content-Length: 0\r\n\r\n")).not.toContain("d");
    expect(caught).toEqual([...Array(4).fill("TypeError"), "RangeError", "RangeError", "TypeError"]);
  });
});
