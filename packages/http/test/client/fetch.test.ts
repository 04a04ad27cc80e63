import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { co, defaultRuntime } from "pollux";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClientRequestOptions, HttpClient } from "../../src/index.ts";
import { codeOf, requesting } from "../support/requesting.ts";
import { reactors, until } from "../support/serving.ts";

const TEXT = "some text, and some more of it, and again some text. ".repeat(200);
const CODINGS: Record<string, (text: string) => Buffer> = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  "deflate-raw": deflateRawSync,
  br: brotliCompressSync,
  "gzip, br": (text) => brotliCompressSync(gzipSync(text)),
};

/** What the path asks for: `/status?to=/…`, `/coding?gzip`; what it was asked is told in the body. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://a");
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const [, kind = "", value = ""] = url.pathname.split("/");
    if (kind === "redirect") {
      const location = url.searchParams.get("to");
      response.writeHead(Number(value), location === null ? {} : { Location: location });
      response.end("see there");
      return;
    }
    if (kind === "coding") {
      const coding = decodeURIComponent(value);
      response.setHeader("Content-Encoding", coding.replace("-raw", ""));
      const bytes = CODINGS[coding]?.(TEXT) ?? Buffer.from(TEXT);
      response.end(url.searchParams.has("cut") ? bytes.subarray(0, -10) : bytes);
      return;
    }
    if (kind === "status") {
      response.writeHead(
        Number(value),
        "Some Reason",
        [
          ["Set-Cookie", "a=b"],
          ["Set-Cookie", "c=d"],
          ["X", "y"],
        ].flat(),
      );
      response.end(Number(value) === 204 || Number(value) === 304 ? undefined : "the body");
      return;
    }
    const { method, headers } = request;
    const told = ["content-type", "content-length", "authorization", "cookie", "x-mine", "accept"];
    const seen = Object.fromEntries(told.map((name) => [name, headers[name]]));
    const type = headers["content-type"]?.replace(/boundary=.*/, "boundary");
    const body = Buffer.concat(chunks)
      .toString()
      .replaceAll(/-{4,}formdata-[\w-]+/g, "boundary");
    // What differs by the boundary of a form.
    if (type?.includes("boundary")) seen["content-length"] = "some";
    response.setHeader("X-Path", url.pathname);
    response.end(JSON.stringify({ method, body, ...seen, "content-type": type }));
  });
}

const servers: Server[] = [];
const origins: string[] = [];
beforeAll(async () => {
  for (let n = 0; n < 2; n++) {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    servers.push(server);
    origins.push(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }
});
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** What can be compared of the outcome of a fetch. */
async function outcome(response: Promise<Response>): Promise<object> {
  try {
    const { status, statusText, redirected, url, headers, ok, type, ...rest } = await response.then(
      async (got) => ({
        status: got.status,
        statusText: got.statusText,
        redirected: got.redirected,
        url: got.url,
        ok: got.ok,
        type: got.type,
        hasBody: got.body !== null,
        cookies: got.headers.getSetCookie(),
        headers: [...got.headers].filter(
          ([name]) => name !== "date" && name !== "keep-alive" && name !== "connection",
        ),
        text: await got.text(),
      }),
    );
    return { status, statusText, redirected, url, headers, ok, type, ...rest };
  } catch (error) {
    return { failed: (error as Error).name };
  }
}

describe("fetch as Node's own", () => {
  const client = new HttpClient();
  afterAll(() => client.destroy());

  const same = async (path: string, make: () => RequestInit | undefined): Promise<void> => {
    const url = (origins[0] ?? "") + path;
    const [ours, theirs] = [
      await outcome(defaultRuntime().spawn(client.fetch(url, make())).then()),
      await outcome(fetch(url, make())),
    ];
    expect(ours).toEqual(theirs);
  };

  const bodies: readonly (readonly [string, () => NonNullable<RequestInit["body"]>])[] = [
    ["text", () => "some text"],
    ["bytes", () => new Uint8Array([104, 105])],
    ["URLSearchParams", () => new URLSearchParams({ a: "b c", d: "\u00e4" })],
    [
      "FormData",
      () => {
        const form = new FormData();
        form.append("a", "b");
        form.append("file", new Blob(["content"], { type: "text/plain" }), "name.txt");
        return form;
      },
    ],
    ["Blob", () => new Blob(["blob"], { type: "text/x" })],
    ["stream", () => new Blob(["streamed"]).stream()],
  ];

  test.each(bodies)("HttpClient.fetch: a body of %s, and its redirects", async (name, body) => {
    for (const path of [
      "/echo",
      ...[301, 302, 303, 307, 308].map((status) => `/redirect/${status}?to=/echo`),
    ]) {
      // Of bytes, Node 20 forgets that they can be sent again; the standard does not.
      for (const method of ["POST", "PUT"]) {
        if (name === "bytes" && /30[1278]/.test(path)) {
          // Node 20 does not send bytes again; by the standard they are, as their source is known.
          const init = { method, body: body() };
          const response = await defaultRuntime().spawn(client.fetch(`${origins[0]}${path}`, init));
          const isGet = method === "POST" && /30[12]/.test(path);
          expect(await response.json()).toMatchObject(
            isGet ? { method: "GET", body: "" } : { method, body: "hi", "content-length": "2" },
          );
          continue;
        }
        await same(path, () => ({ method, body: body(), duplex: "half" }) as RequestInit);
      }
    }
  });

  test.each([200, 201, 204, 205, 206, 300, 304, 400, 404, 418, 500, 503])(
    "HttpClient.fetch: status %i",
    async (status) => {
      for (const method of ["GET", "HEAD", "POST", "DELETE"])
        await same(`/status/${status}`, () => ({ method }));
    },
  );

  test.each(Object.keys(CODINGS))("HttpClient.fetch: a body with %s", async (coding) => {
    await same(`/coding/${encodeURIComponent(coding)}`, () => undefined);
    await same(`/coding/${encodeURIComponent(coding)}`, () => ({ method: "HEAD" }));
  });

  test("HttpClient.fetch: codings that are not known, or are none", async () => {
    await same("/coding/identity", () => undefined);
    await same("/coding/unheard", () => undefined);
  });

  test("HttpClient.fetch: a generated corpus of redirects and methods", { timeout: 60_000 }, async () => {
    const path = fc.oneof(fc.constant("/echo"), fc.constant("/status/404"), fc.constant("/coding/gzip"));
    const chain = fc.tuple(
      fc.array(fc.tuple(fc.constantFrom(301, 302, 303, 307, 308), fc.boolean(), fc.boolean()), {
        maxLength: 4,
      }),
      path,
    );
    await fc.assert(
      fc.asyncProperty(
        chain,
        fc.constantFrom("GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS"),
        fc.boolean(),
        fc.constantFrom<NonNullable<RequestInit["redirect"]>>(
          "follow",
          "follow",
          "follow",
          "manual",
          "error",
        ),
        async ([hops, end], method, hasBody, redirect) => {
          const to = hops.reduceRight<string>((to, [status, isOther, isRelative]) => {
            const target = isRelative ? to : new URL(to, origins[isOther ? 1 : 0]).href;
            return `/redirect/${status}?to=${encodeURIComponent(target)}`;
          }, end);
          await same(to, () => ({
            method,
            redirect,
            headers: { authorization: "secret", cookie: "a=b", "x-mine": "c" },
            ...(hasBody && method !== "GET" && method !== "HEAD" ? { body: "some body" } : {}),
          }));
        },
      ),
      { numRuns: 150 },
    );
  });

  test("HttpClient.fetch: redirects without end, and to nowhere", async () => {
    for (const to of ["http://[", "ftp://a/", "http://u:p@127.0.0.1/"])
      await same(`/redirect/302?to=${encodeURIComponent(to)}`, () => undefined);
    await same("/redirect/302", () => undefined);
    const error = await defaultRuntime()
      .spawn(client.fetch(`${origins[0]}/redirect/302?to=`))
      .then(null, (error: unknown) => error);
    expect(error).toMatchObject({ name: "TypeError", cause: { code: "HTTP_TOO_MANY_REDIRECTS" } });
  });
});

describe.each(reactors)("fetch and redirects on the %s reactor", (_, options) => {
  const r = requesting(options);

  test("HttpClient.fetch: a Request, whose body is sent again after a redirect", async () => {
    const client = r.client();
    for (const size of [10, 100_000]) {
      const request = new Request(`${origins[0]}/redirect/307?to=/echo`, {
        method: "POST",
        body: "x".repeat(size),
      });
      if (size > 65_536) {
        expect(await codeOf(r.run(client.fetch(request)))).toBe("HTTP_BAD_REDIRECT");
        continue;
      }
      const response = await r.run(client.fetch(request));
      expect(await response.json()).toMatchObject({
        method: "POST",
        body: "x".repeat(size),
        "content-length": `${size}`,
      });
    }
  });

  test("HttpClient.fetch: an abort, before and while the body is read", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    });
    const client = r.client();
    const reason = new Error("enough");
    await expect(r.run(client.fetch(server.url, { signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
    const controller = new AbortController();
    const response = await r.run(client.fetch(server.url, { signal: controller.signal }));
    const text = response.text();
    controller.abort(reason);
    await expect(text).rejects.toBe(reason);
    expect(client.connections).toBe(0);
  });

  test("HttpClient.fetch: a body that is cancelled gives its connection up", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    });
    const client = r.client();
    const response = await r.run(client.fetch(server.url));
    expect(client.connections).toBe(1);
    await response.body?.cancel();
    expect(client.connections).toBe(0);
    await server.peers[0]?.gone();
  });

  test("HttpClient: maxRedirects, and what a response tells of them", async () => {
    const client = r.client();
    const main = co(function* (url: string, request: ClientRequestOptions) {
      const response = yield* client.request(url, request);
      yield* response.discard();
      return { status: response.status, redirects: response.redirects, url: response.url };
    });
    const url = `${origins[0]}/redirect/302?to=${encodeURIComponent("/redirect/302?to=/echo")}`;
    expect(await r.run(main(url, {}))).toEqual({ status: 302, redirects: 0, url });
    expect(await r.run(main(url, { maxRedirects: 2 }))).toEqual({
      status: 200,
      redirects: 2,
      url: `${origins[0]}/echo`,
    });
    expect(await codeOf(r.run(main(url, { maxRedirects: 1 })))).toBe("HTTP_TOO_MANY_REDIRECTS");
    // What cannot be sent again is not redirected.
    const once = { method: "POST", body: ["a"], maxRedirects: 2 };
    expect((await r.run(main(`${origins[0]}/redirect/307?to=/echo`, once))).status).toBe(307);
    expect(client.connections).toBe(client.idleConnections);
  });

  test.each(Object.keys(CODINGS))("ClientResponse: a body with %s, whole and cut short", async (coding) => {
    const client = r.client();
    const main = co(function* (path: string) {
      const response = yield* client.request(`${origins[0]}/coding/${encodeURIComponent(coding)}${path}`, {
        decompress: true,
      });
      return yield* response.text();
    });
    expect(await r.run(main(""))).toBe(TEXT);
    expect(client.idleConnections).toBe(1);
    expect(await codeOf(r.run(main("?cut")))).toBe("HTTP_BAD_ENCODING");
    expect(client.activeRequests).toBe(0);
  });

  test("ClientResponse: a bomb fills no memory: it is decoded as it is read", async () => {
    const bomb = gzipSync(Buffer.alloc(200_000_000));
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
      peer.socket.write(bomb);
    });
    const client = r.client();
    const main = co(function* () {
      const response = yield* client.request(server.url, { decompress: true });
      const buf = new Uint8Array(1000);
      for (let n = 0; n < 100; n++) yield* response.body.read(buf);
      const { external, arrayBuffers } = process.memoryUsage();
      expect(external + arrayBuffers).toBeLessThan(before + 20_000_000);
      response.close();
      const other = yield* client.request(server.url, { decompress: true });
      yield* other.bytes({ maxLength: 1_000_000 });
    });
    const before = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    expect(await codeOf(r.run(main()))).toBe("POLLUX_TOO_LONG");
    await until(() => client.connections === 0);
  });

  test("ClientResponse: too many codings are refused", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send(
        `HTTP/1.1 200 OK\r\nContent-Encoding: ${Array(5).fill("gzip").join(",")}\r\nContent-Length: 2\r\n\r\nhi`,
      );
    });
    const client = r.client();
    const main = co(function* () {
      yield* (yield* client.request(server.url, { decompress: true })).text();
    });
    expect(await codeOf(r.run(main()))).toBe("HTTP_BAD_ENCODING");
    expect(client.connections).toBe(0);
  });
});
