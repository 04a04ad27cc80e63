import { execFile } from "node:child_process";
import { once } from "node:events";
import { Agent, type IncomingMessage, request as nodeRequest } from "node:http";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { Hono } from "hono";
import { stream, streamSSE } from "hono/streaming";
import { co, copy, never } from "pollux";
import { type Dispatcher, Pool, FormData as UndiciForm } from "undici";
import { describe, expect, test } from "vitest";
import { fetchHandler, type Handler } from "../src/index.ts";
import { reactors, serving, until } from "./support/serving.ts";

const curl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)("curl", ["-s", "-S", "-i", "--max-time", "10", ...args])).stdout;

const hasCurl = await promisify(execFile)("curl", ["--version"]).then(
  () => true,
  () => false,
);

const echo: Handler = co(function* (request, response) {
  response.add("X-Method", request.method);
  yield* copy(request.body, response.stream());
});

describe.each(reactors)("real clients on the %s reactor", (_, options) => {
  const s = serving(options);

  test("curl: HTTP/1.1 and 1.0, HEAD, bodies with a length and in chunks, 100-continue, two on one connection", async (context) => {
    if (!hasCurl) context.skip("curl is not installed");
    await s.start(echo);
    expect(await curl(s.url)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(await curl("-0", s.url, "-d", "abc")).toMatch(/Connection: close\r\n\r\nabc$/);
    expect(await curl("-I", s.url)).toMatch(/X-Method: HEAD\r\n/);
    expect(await curl(s.url, "-d", "abc")).toMatch(/X-Method: POST\r\n.*abc$/s);
    expect(await curl(s.url, "-d", "abc", "-H", "Transfer-Encoding: chunked")).toMatch(/abc$/);
    expect(await curl(s.url, "-d", "abc", "-H", "Expect: 100-continue")).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 .*abc$/s,
    );
    expect((await curl(s.url, s.url)).match(/200 OK/g)).toHaveLength(2);
  });

  test("node:http: keep-alive, large bodies both ways, trailers", async () => {
    const server = await s.start(echo);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const body = Buffer.alloc(3_000_000, "0123456789");
    const send = async (): Promise<Buffer> => {
      const request = nodeRequest({ port: s.port, host: "127.0.0.1", method: "POST", agent });
      request.end(body);
      const [response] = (await once(request, "response")) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer); // No encoding was set.
      return Buffer.concat(chunks);
    };
    expect((await send()).equals(body)).toBe(true);
    expect((await send()).equals(body)).toBe(true);
    expect(server.connections).toBe(1);
    agent.destroy();
    await until(() => server.connections === 0);
  });

  test("undici: a pool, requests in a pipeline, bodies of all forms, an abort", async () => {
    const server = await s.start(
      co(function* (request, response) {
        if (request.target === "/never") yield* never();
        response.add("X-Method", request.method).add("X-Type", request.fields.get("content-type") ?? "none");
        yield* copy(request.body, response.stream());
      }),
    );
    const pool = new Pool(s.url, { connections: 2, pipelining: 5 });
    const send = async (options: Partial<Dispatcher.RequestOptions>): Promise<unknown[]> => {
      const { statusCode, headers, body } = await pool.request({ path: "/", method: "PUT", ...options });
      return [statusCode, headers["x-method"], await body.text()];
    };
    expect(await send({ body: "text" })).toEqual([200, "PUT", "text"]);
    expect(await send({ body: Buffer.from("bytes") })).toEqual([200, "PUT", "bytes"]);
    expect(await send({ body: Readable.from(["a", "b", "c"]) })).toEqual([200, "PUT", "abc"]);
    const head = await pool.request({ path: "/", method: "HEAD" });
    expect([head.headers["x-method"], await head.body.text()]).toEqual(["HEAD", ""]);
    const form = new UndiciForm();
    form.append("a", "b");
    const answer = await pool.request({ path: "/", method: "POST", body: form });
    expect(answer.headers["x-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(await answer.body.text()).toMatch(/name="a"\r\n\r\nb\r\n/);
    const all = Array.from({ length: 40 }, (_, n) => send({ method: "GET", path: `/?${n}`, body: null }));
    expect(await Promise.all(all)).toEqual(all.map(() => [200, "GET", ""]));
    expect(server.connections).toBeLessThanOrEqual(2);
    const controller = new AbortController();
    const unanswered = pool.request({ path: "/never", method: "GET", signal: controller.signal });
    setImmediate(() => controller.abort());
    await expect(unanswered).rejects.toMatchObject({ name: "AbortError" });
    await pool.close();
    await until(() => server.connections === 0);
  });

  test("fetch: a body that streams up is answered as it comes", async () => {
    await s.start(echo);
    const up = new TransformStream<Uint8Array, Uint8Array>();
    const writer = up.writable.getWriter();
    const response = fetch(s.url, { method: "POST", body: up.readable, duplex: "half" } as RequestInit);
    void writer.write(Buffer.from("one"));
    const reader = (await response).body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("one");
    void writer.write(Buffer.from("two"));
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("two");
    await writer.close();
    expect((await reader?.read())?.done).toBe(true);
  });

  describe("fetchHandler", () => {
    const hono = (): Hono => {
      const app = new Hono();
      app.get("/", (c) => c.text("hello"));
      app.get("/users/:id", (c) => c.json({ id: c.req.param("id"), q: c.req.query("q") }));
      app.post("/json", async (c) => c.json({ got: await c.req.json() }, 201));
      app.get("/cookies", (c) => {
        c.header("Set-Cookie", "a=1", { append: true });
        c.header("Set-Cookie", "b=2", { append: true });
        return c.body(null, 204);
      });
      app.get("/redirect", (c) => c.redirect("/"));
      app.get("/stream", (c) =>
        stream(c, async (out) => {
          for (let n = 0; n < 5; n++) await out.write(`${n}`);
        }),
      );
      app.get("/sse", (c) => streamSSE(c, async (out) => out.writeSSE({ data: "x", event: "e" })));
      app.get("/throws", () => {
        throw new Error("oh");
      });
      app.onError((_, c) => c.text("caught", 500));
      return app;
    };

    test("fetchHandler: a Hono app runs unchanged", async () => {
      await s.start(fetchHandler(hono().fetch));
      const get = async (path: string, init?: RequestInit): Promise<string> => {
        const response = await fetch(s.url + path, { redirect: "manual", ...init });
        return `${response.status} ${await response.text()}`;
      };
      expect(await get("/")).toBe("200 hello");
      expect(await get("/users/7?q=a%20b")).toBe('200 {"id":"7","q":"a b"}');
      expect(await get("/json", { method: "POST", body: '{"a":1}' })).toBe('201 {"got":{"a":1}}');
      expect(await get("/redirect")).toBe("302 ");
      expect(await get("/stream")).toBe("200 01234");
      expect(await get("/sse")).toBe("200 event: e\ndata: x\n\n");
      expect(await get("/throws")).toBe("500 caught");
      expect(await get("/nowhere")).toBe("404 404 Not Found");
      const cookies = await fetch(`${s.url}/cookies`);
      expect([cookies.status, cookies.headers.getSetCookie()]).toEqual([204, ["a=1", "b=2"]]);
      const head = await fetch(s.url, { method: "HEAD" });
      expect([head.status, await head.text()]).toEqual([200, ""]);
    });

    test("fetchHandler: a client that goes away aborts the signal, and the end of the function is awaited", async () => {
      const log: string[] = [];
      const server = await s.start(
        fetchHandler(async (request) => {
          log.push("begun");
          await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
          await new Promise((resolve) => setImmediate(resolve));
          log.push(`over beside ${server.connections}`);
          return new Response();
        }),
      );
      const client = await s.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await until(() => log.length === 1);
      client.socket.destroy();
      await until(() => server.connections === 0);
      expect(log).toEqual(["begun", "over beside 1"]);
    });

    test("fetchHandler: a response that is streamed is given up with its client", async () => {
      let cancelled = false;
      const server = await s.start(
        fetchHandler(
          () =>
            new Response(
              new ReadableStream({
                pull: (controller) => controller.enqueue(new Uint8Array(10_000)),
                cancel: () => {
                  cancelled = true;
                },
              }),
            ),
        ),
      );
      const client = await s.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await client.until("chunked");
      client.socket.destroy();
      await until(() => server.connections === 0 && cancelled);
    });

    test("fetchHandler: what is no Response is 500, and reported", async () => {
      // @ts-expect-error -- for callers without types
      await s.start(fetchHandler(() => "text"));
      expect((await fetch(s.url)).status).toBe(500);
      expect(s.errors.splice(0)).toEqual([expect.any(TypeError)]);
    });
  });
});
