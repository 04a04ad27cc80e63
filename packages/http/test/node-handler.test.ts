import { once } from "node:events";
import { Agent, type IncomingMessage, request as nodeRequest, type ServerResponse } from "node:http";
import { pipeline } from "node:stream";
import { createGzip } from "node:zlib";
import express from "express";
import fastify from "fastify";
import { describe, expect, test } from "vitest";
import { type NodeListener, type NodeUpgradeListener, nodeHandler } from "../src/index.ts";
import { reactors, serving, turn, until } from "./support/serving.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe.each(reactors)("nodeHandler on the %s reactor", (_, options) => {
  const s = serving(options);

  test("nodeHandler: it is given Node's own request and response, and what that writes is what is sent", async () => {
    await s.start(
      nodeHandler((request, response) => {
        response.setHeader("X-Seen", `${request.method} ${request.url} ${request.httpVersion}`);
        response.setHeader("X-Fields", JSON.stringify([request.rawHeaders, request.headers.cookie]));
        response.statusMessage = "Fine";
        response.end("hello");
      }),
    );
    const client = await s.client();
    client.send("GET /a?b HTTP/1.1\r\nHost: a\r\nCookie: c=1\r\nCOOKIE: d=2\r\n\r\n");
    const text = await client.until("hello");
    expect(text).toMatch(/^HTTP\/1\.1 200 Fine\r\n/);
    expect(text).toContain("X-Seen: GET /a?b 1.1\r\n");
    expect(text).toContain('X-Fields: [["Host","a","Cookie","c=1","COOKIE","d=2"],"c=1; d=2"]\r\n');
    expect(text).toMatch(/\r\nDate: [^\r]+ GMT\r\n/);
    expect(text).toMatch(/\r\nContent-Length: 5\r\n\r\nhello$/);
  });

  test("nodeHandler: an Express app runs unchanged", async () => {
    const app = express();
    app.use(express.json());
    app.get("/hello/:name", (request, response) => {
      response.json({ hello: request.params.name, query: request.query, ip: request.ip });
    });
    app.post("/echo", (request, response) => {
      response.status(201).json(request.body);
    });
    app.get("/moved", (_request, response) => response.redirect("/hello/there"));
    app.get("/fails", () => {
      throw Object.assign(new Error("told apart"), { status: 418, expose: true });
    });
    await s.start(nodeHandler(app));
    const hello = await fetch(`${s.url}/hello/ada?x=1`);
    expect(await hello.json()).toEqual({ hello: "ada", query: { x: "1" }, ip: "127.0.0.1" });
    expect(hello.headers.get("etag")).not.toBe(null);
    const client = await s.client();
    client.send(
      `GET /hello/ada?x=1 HTTP/1.1\r\nHost: a\r\nIf-None-Match: ${hello.headers.get("etag")}\r\n\r\n`,
    );
    await client.until(/^HTTP\/1\.1 304 .*\r\n\r\n$/s);
    const body = JSON.stringify({ a: ["b", "ü"], long: "x".repeat(50_000) });
    const echo = await fetch(`${s.url}/echo`, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json" },
    });
    expect([echo.status, await echo.text()]).toEqual([201, body]);
    expect(await (await fetch(`${s.url}/moved`)).json()).toMatchObject({ hello: "there" });
    expect((await fetch(`${s.url}/nothing`)).status).toBe(404);
    const logged: unknown[] = [];
    app.use(((error, _request, response, _next) => {
      logged.push(error);
      response.status(error.status).end();
    }) satisfies express.ErrorRequestHandler);
    expect((await fetch(`${s.url}/fails`)).status).toBe(418);
    expect(logged).toMatchObject([{ message: "told apart" }]);
    const head = await fetch(`${s.url}/hello/ada`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length") !== "0", await head.text()]).toEqual([
      200,
      true,
      "",
    ]);
    const wrong = await fetch(`${s.url}/echo`, {
      method: "POST",
      body: "{",
      headers: { "Content-Type": "application/json" },
    });
    expect(wrong.status).toBe(400);
  });

  test("nodeHandler: a Fastify app runs unchanged", async () => {
    const app = fastify();
    app.get("/hello/:name", async (request) => ({ hello: (request.params as { name: string }).name }));
    app.post("/echo", async (request, reply) => reply.code(201).send(request.body));
    app.get("/stream", (_request, reply) => {
      const gzip = createGzip();
      gzip.end("x".repeat(200_000));
      return reply.header("Content-Encoding", "gzip").send(gzip);
    });
    await app.ready();
    await s.start(nodeHandler((request, response) => app.routing(request, response)));
    expect(await (await fetch(`${s.url}/hello/ada`)).json()).toEqual({ hello: "ada" });
    const echo = await fetch(`${s.url}/echo`, {
      method: "POST",
      body: '{"a":1}',
      headers: { "Content-Type": "application/json" },
    });
    expect([echo.status, await echo.json()]).toEqual([201, { a: 1 }]);
    expect((await (await fetch(`${s.url}/stream`)).text()).length).toBe(200_000);
    await app.close();
  });

  test("nodeHandler: bodies stream both ways, with back-pressure, and a connection is kept", async () => {
    await s.start(
      nodeHandler((request, response) => {
        pipeline(request, response, () => {
          expect(response.writableNeedDrain).toBe(false);
        });
      }),
    );
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const size = 3_000_000;
    for (let round = 0; round < 2; round++) {
      const request = nodeRequest({ port: s.port, host: "127.0.0.1", agent, method: "POST" });
      request.end(Buffer.alloc(size, "abc"));
      const [response] = (await once(request, "response")) as [IncomingMessage];
      expect(request.reusedSocket).toBe(round === 1);
      let seen = 0;
      for await (const chunk of response) seen += (chunk as Buffer).length;
      expect(seen).toBe(size);
      await turn();
    }
    agent.destroy();
  });

  test("nodeHandler: trailers of the request and of the response, and what is informational", async () => {
    await s.start(
      nodeHandler((request, response) => {
        response.writeEarlyHints({ link: "</a.css>; rel=preload" });
        request.resume();
        request.on("end", () => {
          response.writeHead(200, { Trailer: "X-Sum" });
          response.write(JSON.stringify(request.trailers));
          response.addTrailers({ "X-Sum": "7" });
          response.end();
        });
      }),
    );
    const client = await s.client();
    client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: t\r\n\r\n",
    );
    const text = await client.until("X-Sum: 7\r\n\r\n");
    expect(text).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
    expect(text).toMatch(/\r\n\r\nb\r\n\{"x-t":"t"\}\r\n0\r\nX-Sum: 7\r\n\r\n$/);
  });

  test("nodeHandler: HTTP/1.0, pipelined requests and Connection: close are Node's to frame", async () => {
    const server = await s.start(nodeHandler((request, response) => void response.end(request.url)));
    const old = await s.client();
    old.send("GET /old HTTP/1.0\r\n\r\n");
    expect(await old.end()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n\r\n\/old$/s);
    const client = await s.client();
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect((await client.end()).match(/\/\d$|\/\dHTTP|Connection: [\w-]+/g)).toEqual([
      "Connection: keep-alive",
      "/1HTTP",
      "Connection: close",
      "/2",
    ]);
    old.socket.end();
    client.socket.end();
    await until(() => server.connections === 0);
  });

  test("nodeHandler: Expect: 100-continue is answered when the body is read", async () => {
    await s.start(
      nodeHandler((request, response) => {
        if (request.url === "/no") response.writeHead(417).end();
        else pipeline(request, response, () => {});
      }),
    );
    const client = await s.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    await client.until("HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ab");
    await client.until(/200 OK.*ab/s);
    const other = await s.client();
    other.send("PUT /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    expect(await other.end()).toMatch(/^HTTP\/1\.1 417 /);
  });

  test("nodeHandler: a client that goes away is seen by both, and a promise that was given is awaited", async () => {
    const seen: string[] = [];
    let release = (): void => {};
    const server = await s.start(
      nodeHandler(async (request, response) => {
        request.on("aborted", () => seen.push("aborted"));
        request.on("close", () => seen.push("request"));
        response.on("close", () => seen.push("response"));
        response.write("begun");
        await once(response, "close");
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        seen.push("cleaned up");
      }),
    );
    const client = await s.client();
    client.send(GET);
    await client.until("begun");
    client.socket.destroy();
    await until(() => seen.length === 3);
    expect(seen.toSorted()).toEqual(["aborted", "request", "response"]);
    for (let turns = 0; turns < 5; turns++) await turn();
    expect(server.connections).toBe(1);
    release();
    await until(() => server.connections === 0);
    expect(seen.at(-1)).toBe("cleaned up");
  });

  test("nodeHandler: what the listener throws, or its promise is rejected with, is 500 and reported once", async () => {
    await s.start(
      nodeHandler((request) => {
        if (request.url === "/now") throw new Error("now");
        return Promise.reject(new Error("later"));
      }),
    );
    expect((await fetch(`${s.url}/now`)).status).toBe(500);
    expect((await fetch(`${s.url}/later`)).status).toBe(500);
    expect(s.errors.splice(0)).toMatchObject([{ message: "now" }, { message: "later" }]);
  });

  test("nodeHandler: a request whose body is too long gets 413, and the request is aborted", async () => {
    const seen: unknown[] = [];
    await s.start(
      nodeHandler((request) => {
        request.on("error", (error) => seen.push(error)).resume();
      }),
      { maxBody: 10 },
    );
    const client = await s.client();
    client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n",
    );
    expect(await client.end()).toMatch(/^HTTP\/1\.1 413 /);
    await until(() => seen.length > 0);
    expect(seen).toMatchObject([{ code: "ECONNRESET" }]);
  });

  test("nodeHandler: a response that is destroyed cuts the connection, and is no error of the handler's", async () => {
    const server = await s.start(
      nodeHandler((_request, response) => {
        response.write("a part");
        setImmediate(() => response.destroy());
      }),
    );
    const client = await s.client();
    client.send(GET);
    expect(await client.end()).not.toContain("0\r\n\r\n");
    await until(() => server.connections === 0);
  });

  test("nodeHandler: a body that nobody reads is read over, and writes after the end do no harm", async () => {
    let late: ServerResponse | undefined;
    await s.start(
      nodeHandler((_request, response) => {
        late?.on("error", () => {}).write("late");
        late = response;
        response.end("hello");
      }),
    );
    const client = await s.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde");
    client.send(GET);
    await client.until(/hello.*hello$/s);
    expect(client.text).not.toContain("late");
  });

  test("nodeHandler: a time-out that nobody hears destroys the connection; one that is heard does not", async () => {
    await s.start(
      nodeHandler((request, response) => {
        response.setTimeout(1, request.url === "/heard" ? () => response.end("late") : undefined);
      }),
    );
    const heard = await s.client();
    heard.send("GET /heard HTTP/1.1\r\nHost: a\r\n\r\n");
    await heard.until("late");
    const client = await s.client();
    client.send(GET);
    expect(await client.end()).toBe("");
  });
});

test("nodeHandler: it needs a function", () => {
  expect(() => nodeHandler({} as never)).toThrow(TypeError);
});

describe.each(reactors)("nodeHandler's upgrade on the %s reactor", (_, options) => {
  const s = serving(options);
  const ASKS = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const plain: NodeListener = (request, response) => response.end(`plain ${request.url}`);

  test("nodeHandler: the listener has the whole connection, with what came behind the request", async () => {
    const server = await s.start(
      nodeHandler(plain, {
        upgrade: (request, socket, head) => {
          expect([request.url, request.headers.upgrade, request.socket.remoteAddress, head.length]).toEqual([
            "/a",
            "echo",
            "127.0.0.1",
            0,
          ]);
          socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
          socket.pipe(socket);
        },
      }),
    );
    const client = await s.client();
    client.send(`GET /first HTTP/1.1\r\nHost: a\r\n\r\n${ASKS}early`);
    expect(await client.until(/early$/)).toMatch(
      /plain \/firstHTTP\/1\.1 101 .*Upgrade: echo\r\n\r\nearly$/s,
    );
    client.send(", late");
    await client.until("early, late");
    client.socket.end();
    await client.end();
    await until(() => server.connections === 0);
  });

  test("nodeHandler: what the listener fails with, at once or later, is reported, and the connection is destroyed", async () => {
    let isLate = false;
    await s.start(
      nodeHandler(plain, {
        upgrade: () => {
          if (isLate) return turn().then(() => Promise.reject(new Error("late")));
          throw new Error("at once");
        },
      }),
    );
    for (const message of ["at once", "late"]) {
      const client = await s.client();
      client.send(ASKS);
      expect(await client.end()).toBe("");
      await until(() => s.errors.length === 1);
      expect(s.errors.splice(0)).toEqual([new Error(message)]);
      isLate = true;
    }
  });

  test("nodeHandler: without a listener, or with a body, it is a request like others", async () => {
    await s.start(nodeHandler(plain));
    const client = await s.client();
    client.send(ASKS);
    await client.until("plain /a");
    await s.start(nodeHandler(plain, { upgrade: () => expect.unreachable() }));
    const other = await s.client();
    other.send(ASKS.replace("\r\n\r\n", "\r\nContent-Length: 1\r\n\r\nx"));
    await other.until("plain /a");
  });

  test("nodeHandler: what is no function is refused at the call", () => {
    expect(() => nodeHandler(plain, { upgrade: "ws" as unknown as NodeUpgradeListener })).toThrow(TypeError);
  });

  test("nodeHandler: a socket that is destroyed, a client that resets and the end of the server leave nothing", async () => {
    let destroy: () => void = () => {};
    const server = await s.start(
      nodeHandler(plain, {
        upgrade: (_, socket) => {
          destroy = () => socket.destroy();
          socket.write("taken");
          socket.resume(); // Who does not read does not see the end.
        },
      }),
    );
    const first = await s.client();
    first.send(ASKS);
    await first.until("taken");
    destroy();
    await first.end();
    const second = await s.client();
    second.send(ASKS);
    await second.until("taken");
    second.socket.resetAndDestroy();
    await until(() => server.connections === 0);
    const third = await s.client();
    third.send(ASKS);
    await third.until("taken");
    await s.runtime.spawn(server.close({ grace: 0 }));
    await third.end();
  });
});
