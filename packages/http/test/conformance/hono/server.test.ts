import { once } from "node:events";
import { type IncomingMessage, request as nodeRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { networkInterfaces } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gunzipSync, inflateSync } from "node:zlib";
import { Hono } from "hono";
import { basicAuth } from "hono/basic-auth";
import { compress } from "hono/compress";
import { etag } from "hono/etag";
import { poweredBy } from "hono/powered-by";
import { stream } from "hono/streaming";
import { describe, expect, test } from "vitest";
import { ca, server as certificate } from "../../../../pollux/test/support/tls-certificates.ts";
import { type Fetch, fetchHandler, type ServerOptions } from "../../../src/index.ts";
import { serving, turn, until } from "../../support/serving.ts";

// The behaviours of Hono's adapter for Node, `@hono/node-server`, by its `server.test.ts`: apps of Hono, as they are.

const s = serving({});
const { Request, Response, fetch } = globalThis;

/** Has an app looked at twice: with the platform's objects, and with light ones in their place. */
async function both(
  app: Hono,
  look: (url: string) => Promise<void>,
  options: Partial<ServerOptions> = {},
): Promise<void> {
  for (const replaceGlobals of [false, true]) {
    // Hono's may also be given bindings.
    await s.start(fetchHandler(app.fetch as Fetch, { replaceGlobals }), options);
    try {
      await look(s.url);
    } finally {
      Object.assign(globalThis, { Request, Response, fetch });
    }
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What is seen of a response as a whole. */
async function seen(url: string, init?: RequestInit): Promise<unknown[]> {
  const response = await fetch(url, { redirect: "manual", ...init });
  return [response.status, response.headers.get("content-type"), await response.text()];
}

/** The platform's type of a text, or Hono's. */
const PLAIN = expect.stringMatching(/^text\/plain; ?charset=UTF-8$/);

describe("Basic", () => {
  const app = new Hono();
  app.get("/", (c) => c.text("Hello"));
  app.get("/url", (c) => c.text(c.req.url));
  app.get("/posts", (c) => c.text(`page ${c.req.query("page")}`));
  app.get("/user-agent", (c) => c.text(c.req.header("user-agent") ?? "none"));
  app.post("/posts", (c) => c.redirect("/posts"));
  app.delete("/posts/:id", (c) => c.text(`deleted ${c.req.param("id")}`));
  app.get("/invalid", (() => "text") as never);
  app.post("/unread", (c) => c.text(String(c.req.raw.body !== null)));
  app.post("/cancelled", (c) => {
    void c.req.raw.body?.cancel();
    return c.text("cancelled");
  });
  app.post("/partly", async (c) => {
    const chunk = await c.req.raw.body?.getReader().read();
    return c.text(`${chunk?.value?.length} read`);
  });
  app.post("/partly-cancelled", async (c) => {
    const reader = c.req.raw.body?.getReader();
    await reader?.read();
    void reader?.cancel();
    return c.text("partly");
  });
  const post = { method: "POST", body: "hello" };

  test("GET /: text with its type", () =>
    both(app, async (url) => expect(await seen(`${url}/`)).toEqual([200, PLAIN, "Hello"])));

  test("GET /url: a request has its whole URL", () =>
    both(app, async (url) => expect(await seen(`${url}/url?a=b`)).toEqual([200, PLAIN, `${url}/url?a=b`])));

  test("GET /posts?page=2: a query is found", () =>
    both(app, async (url) => expect(await seen(`${url}/posts?page=2`)).toEqual([200, PLAIN, "page 2"])));

  test("GET /user-agent: a field is found", () =>
    both(app, async (url) => {
      const headers = { "user-agent": "test" };
      expect(await seen(`${url}/user-agent`, { headers })).toEqual([200, PLAIN, "test"]);
    }));

  test("POST /posts: a redirect", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/posts`, { method: "POST", redirect: "manual" });
      expect([response.status, response.headers.get("location")]).toEqual([302, "/posts"]);
    }));

  test("POST /no-body-consumed: a body that is not read is no obstacle", () =>
    both(app, async (url) => expect(await seen(`${url}/unread`, post)).toEqual([200, PLAIN, "true"])));

  test("POST /body-cancelled: nor is one that is cancelled", () =>
    both(app, async (url) =>
      expect(await seen(`${url}/cancelled`, post)).toEqual([200, PLAIN, "cancelled"]),
    ));

  test("POST /partially-consumed: nor one of which a part is read", () =>
    both(app, async (url) => expect(await seen(`${url}/partly`, post)).toEqual([200, PLAIN, "5 read"])));

  test("POST /partially-consumed-and-cancelled: nor one of which a part is read and the rest cancelled", () =>
    both(app, async (url) =>
      expect(await seen(`${url}/partly-cancelled`, post)).toEqual([200, PLAIN, "partly"]),
    ));

  test("DELETE /posts/123: another method", () =>
    both(app, async (url) =>
      expect(await seen(`${url}/posts/123`, { method: "DELETE" })).toEqual([200, PLAIN, "deleted 123"]),
    ));

  test("GET /invalid: what is no response is 500 and is reported", () =>
    both(app, async (url) => {
      expect((await fetch(`${url}/invalid`)).status).toBe(500);
      expect(s.errors.splice(0)).toEqual([expect.any(TypeError)]);
    }));
});

describe("various response body types", () => {
  let release: () => void = () => {};
  /** Two chunks, of which the second one waits for `release`; the first one too if it is told so. */
  const chunks = (first: string, second: string, isHeld: boolean): ReadableStream => {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    return new ReadableStream({
      async start(controller) {
        if (isHeld) await released;
        controller.enqueue(bytes(first));
        await released;
        controller.enqueue(bytes(second));
        controller.close();
      },
    });
  };
  const make: Record<string, () => globalThis.Response> = {
    "/": () => new globalThis.Response("Hello"),
    "/large": () => new globalThis.Response("a".repeat(10 * 1024 * 1024)),
    "/uint8array": () => new globalThis.Response(new Uint8Array([1, 2, 3])),
    "/blob": () => new globalThis.Response(new Blob([new Uint8Array([1, 2, 3])])),
    "/stream": () => new globalThis.Response(chunks("Hello", " there", true)),
    "/stream-with-coding": () =>
      new globalThis.Response(new Blob(["Hello"]).stream(), { headers: { "transfer-encoding": "chunked" } }),
    "/events": () =>
      new globalThis.Response(chunks("data: 1\n\n", "data: 2\n\n", false), {
        headers: { "content-type": "text/event-stream", "transfer-encoding": "chunked" },
      }),
    "/events-without-coding": () =>
      new globalThis.Response(chunks("data: 1\n\n", "data: 2\n\n", false), {
        headers: { "content-type": "text/event-stream" },
      }),
    "/buffer": () =>
      new globalThis.Response(Buffer.from("Hello"), { headers: { "content-type": "text/plain" } }),
    "/length-object": () => new globalThis.Response("Hello", { headers: { "content-length": "0005" } }),
    "/length-headers": () =>
      new globalThis.Response("Hello", { headers: new Headers({ "content-length": "0005" }) }),
    "/length-array": () => new globalThis.Response("Hello", { headers: [["content-length", "0005"]] }),
    "/cookies": () =>
      new globalThis.Response("Hello", {
        headers: [
          ["content-type", "text/plain"],
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      }),
  };
  const app = new Hono();
  app.use("/etag/*", etag());
  app.get("/etag/buffer", () => new globalThis.Response(Buffer.from("Hello")));
  app.get("*", (c) => make[c.req.path]?.() ?? c.notFound());

  test("GET /: text", () => both(app, async (url) => expect((await seen(`${url}/`))[2]).toBe("Hello")));

  test("GET /large: ten megabytes of text", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/large`);
      expect((await response.text()).length).toBe(10 * 1024 * 1024);
    }));

  for (const name of ["uint8array", "blob"]) {
    test(`GET /${name}: bytes as they are`, () =>
      both(app, async (url) => {
        const response = await fetch(`${url}/${name}`);
        expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3]);
      }));
  }

  test("GET /readable-stream: the head is sent before the first chunk is there", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/stream`);
      expect([response.headers.get("transfer-encoding"), response.headers.get("content-length")]).toEqual([
        "chunked",
        null,
      ]);
      release();
      expect(await response.text()).toBe("Hello there");
    }));

  test("GET /readable-stream-with-transfer-encoding: an app that names the coding changes nothing", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/stream-with-coding`);
      expect([response.headers.get("transfer-encoding"), await response.text()]).toEqual([
        "chunked",
        "Hello",
      ]);
    }));

  for (const [name, path] of [
    ["event-stream", "/events"],
    ["event-stream-without-transfer-encoding", "/events-without-coding"],
  ]) {
    test(`GET /${name}: each event is sent when it is there`, () =>
      both(app, async (url) => {
        const response = await fetch(url + path);
        expect(response.headers.get("content-type")).toBe("text/event-stream");
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
        expect((await reader?.read())?.value).toBe("data: 1\n\n");
        release();
        expect((await reader?.read())?.value).toBe("data: 2\n\n");
        expect((await reader?.read())?.done).toBe(true);
      }));
  }

  test("GET /buffer: a buffer has its length", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/buffer`);
      expect([await response.text(), response.headers.get("content-type")]).toEqual(["Hello", "text/plain"]);
    }));

  for (const form of ["object", "headers", "array"]) {
    test(`GET /text-with-content-length-${form}: a length that the app gives is sent once`, () =>
      both(app, async (url) => {
        const response = await fetch(`${url}/length-${form}`);
        expect([await response.text(), response.headers.get("content-length")]).toEqual(["Hello", "5"]);
      }));
  }

  test("GET /text-with-set-cookie-array: each cookie has a line of its own", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/cookies`);
      expect([await response.text(), response.headers.getSetCookie()]).toEqual(["Hello", ["a=1", "b=2"]]);
    }));

  test("GET /etag/buffer: a middleware that reads the body leaves it whole", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/etag/buffer`);
      expect([await response.text(), response.headers.get("etag")]).toEqual([
        "Hello",
        expect.stringMatching(/^"\w+"$/),
      ]);
    }));
});

describe("Routing", () => {
  const book = new Hono();
  book.get("/", (c) => c.text("all"));
  book.get("/:id", (c) => c.text(`one ${c.req.param("id")}`));
  book.post("/", (c) => c.text("made"));
  const app = new Hono();
  app.route("/book", book);
  const chained = new Hono();
  chained
    .get("/chained/:name", (c) => c.text(`got ${c.req.param("name")}`))
    .post((c) => c.text("posted"))
    .put((c) => c.text("put"));

  test("Nested Route: each finds its way", () =>
    both(app, async (url) => {
      expect((await seen(`${url}/book`))[2]).toBe("all");
      expect((await seen(`${url}/book/7`))[2]).toBe("one 7");
      expect((await seen(`${url}/book`, { method: "POST" }))[2]).toBe("made");
    }));

  test("Chained route: each method finds its way", () =>
    both(chained, async (url) => {
      expect((await seen(`${url}/chained/a`))[2]).toBe("got a");
      expect((await seen(`${url}/chained/a`, { method: "POST" }))[2]).toBe("posted");
      expect((await seen(`${url}/chained/a`, { method: "PUT" }))[2]).toBe("put");
    }));
});

describe("Request body", () => {
  const app = new Hono();
  app.post("/json", async (c) => c.json(await c.req.json()));
  app.post("/form", async (c) => c.json(await c.req.parseBody()));

  test("JSON body: it is parsed", () =>
    both(app, async (url) =>
      expect((await seen(`${url}/json`, { method: "POST", body: '{"a":"b"}' }))[2]).toBe('{"a":"b"}'),
    ));

  test("form body: it is parsed", () =>
    both(app, async (url) => {
      const body = new URLSearchParams({ a: "b" });
      expect((await seen(`${url}/form`, { method: "POST", body }))[2]).toBe('{"a":"b"}');
    }));
});

describe("Response body", () => {
  const app = new Hono();
  app.get("/json", (c) => c.json({ a: "b" }));
  app.get("/json-async", async (c) => c.json({ a: "b" }));
  app.get("/html", (c) => c.html("<h1>a</h1>"));
  app.get("/html-async", async (c) => c.html("<h1>a</h1>"));
  const headers = { "content-type": "application/json" };
  app.get("/json-blob", () => new globalThis.Response(new Blob(['{"a":"b"}']), { headers }));
  app.get(
    "/json-buffer",
    () => new globalThis.Response(bytes('{"a":"b"}').buffer as ArrayBuffer, { headers }),
  );

  for (const [name, path] of [
    ["JSON body", "json"],
    ["JSON body from /json-async", "json-async"],
    ["JSON body from /json-blob", "json-blob"],
    ["JSON body from /json-buffer", "json-buffer"],
  ]) {
    test(`${name}: it has its type`, () =>
      both(app, async (url) =>
        expect(await seen(`${url}/${path}`)).toEqual([200, "application/json", '{"a":"b"}']),
      ));
  }

  for (const [name, path] of [
    ["HTML", "html"],
    ["HTML from /html-async", "html-async"],
  ]) {
    test(`${name}: it has its type`, () =>
      both(app, async (url) =>
        expect(await seen(`${url}/${path}`)).toEqual([200, "text/html; charset=UTF-8", "<h1>a</h1>"]),
      ));
  }
});

describe("Middleware", () => {
  const app = new Hono();
  app.use("*", poweredBy());
  app.use("*", async (c, next) => {
    await next();
    c.header("x-after", "1");
  });
  app.get("/", (c) => c.text("Hello"));

  test("header values: what middlewares add before and behind the handler is sent", () =>
    both(app, async (url) => {
      const { headers } = await fetch(url);
      expect([headers.get("x-powered-by"), headers.get("x-after")]).toEqual(["Hono", "1"]);
    }));
});

/** With a page of its own for what is not found and for what fails. */
function withErrors(app: Hono): Hono {
  app.notFound((c) => c.text("Custom NotFound", 404));
  app.onError((_, c) => c.text("Custom Error!", 500));
  app.get("/error", () => {
    throw new Error("told to Hono alone");
  });
  return app;
}

describe("Error handling", () => {
  const app = withErrors(new Hono());

  test("404 response: the app's page is sent", () =>
    both(app, async (url) => expect(await seen(`${url}/none`)).toEqual([404, PLAIN, "Custom NotFound"])));

  test("500 response: the app's page is sent", () =>
    both(app, async (url) => expect(await seen(`${url}/error`)).toEqual([500, PLAIN, "Custom Error!"])));

  test("404 response - PURGE method: a method that is none of the Web's reaches the app", () =>
    both(app, async (url) =>
      expect(await seen(`${url}/none`, { method: "PURGE" })).toEqual([404, PLAIN, "Custom NotFound"]),
    ));
});

describe("Basic Auth Middleware", () => {
  const app = new Hono();
  app.use("/auth/*", basicAuth({ username: "hono", password: "secret" }));
  app.use("/unicode/*", basicAuth({ username: "炎", password: "秘密" }));
  app.get("*", (c) => c.text("in"));
  const as = (text: string) => ({
    headers: { authorization: `Basic ${Buffer.from(text).toString("base64")}` },
  });

  test("not authorized: 401", () =>
    both(app, async (url) => expect((await seen(`${url}/auth/a`))[0]).toBe(401)));

  test("authorized: the handler is reached", () =>
    both(app, async (url) => expect((await seen(`${url}/auth/a`, as("hono:secret")))[2]).toBe("in")));

  test("authorize Unicode: the field is as it was sent", () =>
    both(app, async (url) => expect((await seen(`${url}/unicode/a`, as("炎:秘密")))[2]).toBe("in")));
});

describe("Stream and non-stream response", () => {
  const app = new Hono();
  app.get("/json", (c) => c.json({ a: "b" }));
  app.get("/text", (c) => c.text("Hello"));
  app.get("/json-stream", (c) => {
    c.header("content-type", "application/json");
    return stream(c, async (to) => {
      for (let n = 0; n < 3; n++) await turn();
      await to.write('{"a":"b"}');
    });
  });
  let go: () => void = () => {};
  app.get("/stream", (c) =>
    c.body(
      new ReadableStream({
        async start(controller) {
          for (const word of ["one", "two"]) {
            for (let n = 0; n < 3; n++) await turn();
            controller.enqueue(bytes(word));
          }
          controller.close();
        },
      }),
    ),
  );
  app.get("/error-stream", (c) => {
    const gone = new Promise<void>((resolve) => {
      go = resolve;
    });
    return c.body(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(bytes("one"));
          await gone;
          controller.error(new Error("broken off"));
        },
      }),
    );
  });

  for (const [name, path, text] of [
    ["JSON body", "json", '{"a":"b"}'],
    ["text body", "text", "Hello"],
  ] as const) {
    test(`${name}: it has its length`, () =>
      both(app, async (url) => {
        const response = await fetch(`${url}/${path}`);
        expect([response.headers.get("content-length"), await response.text()]).toEqual([
          `${text.length}`,
          text,
        ]);
      }));
  }

  for (const [name, path, text] of [
    ["JSON body - stream", "json-stream", '{"a":"b"}'],
    ["text body - stream", "stream", "onetwo"],
  ] as const) {
    test(`${name}: it has chunked coding and no length`, () =>
      both(app, async (url) => {
        const response = await fetch(`${url}/${path}`);
        const { headers } = response;
        expect([
          headers.get("content-length"),
          headers.get("transfer-encoding"),
          await response.text(),
        ]).toEqual([null, "chunked", text]);
      }));
  }

  test("error - stream without app crashing: the client sees that it is cut short and the failure is reported", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/error-stream`);
      go();
      await expect(response.text()).rejects.toThrow();
      await until(() => s.errors.length === 1);
      expect(s.errors.splice(0)).toEqual([new Error("broken off")]);
      expect((await seen(`${url}/text`))[2]).toBe("Hello");
    }));
});

describe("SSL", () => {
  const app = new Hono();
  app.get("/", (c) => c.text("Hello"));
  app.get("/url", (c) => c.text(c.req.url));
  const get = async (path: string): Promise<string> => {
    const request = httpsRequest({
      host: "127.0.0.1",
      port: s.port,
      path,
      ca,
      servername: "localhost",
      agent: false,
    });
    const [response] = (await once(request.end(), "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response) text += String(chunk);
    return text;
  };

  test("GET /: it is answered over TLS", () =>
    both(app, async () => expect(await get("/")).toBe("Hello"), { tls: certificate }));

  test("GET /url: the URL says so", () =>
    both(app, async () => expect(await get("/url")).toBe(`https://127.0.0.1:${s.port}/url`), {
      tls: certificate,
    }));
});

for (const [group, encoding, decode] of [
  ["Hono compression default gzip", "gzip", gunzipSync],
  ["Hono compression deflate", "deflate", inflateSync],
] as const) {
  describe(group, () => {
    const app = new Hono();
    app.use("*", encoding === "gzip" ? compress() : compress({ encoding }));
    app.get("/one", (c) => c.text("one ".repeat(500_000)));
    withErrors(app);
    /** Undecoded. */
    const raw = async (url: string): Promise<unknown[]> => {
      const request = nodeRequest(url, { headers: { "accept-encoding": "gzip, deflate" }, agent: false });
      const [response] = (await once(request.end(), "response")) as [IncomingMessage];
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer); // No encoding was set.
      const body = decode(Buffer.concat(chunks)).toString();
      return [response.statusCode, response.headers["content-encoding"], body];
    };

    test("GET /one: a large answer is compressed as it is sent", () =>
      both(app, async (url) => {
        const [status, coding, body] = await raw(`${url}/one`);
        expect([status, coding, String(body).length]).toEqual([200, encoding, 2_000_000]);
      }));

    test("404 Custom NotFound: so is a page that was not found", () =>
      both(app, async (url) => expect(await raw(`${url}/none`)).toEqual([404, encoding, "Custom NotFound"])));

    test("500 Custom Error!: and one of an error", () =>
      both(app, async (url) => expect(await raw(`${url}/error`)).toEqual([500, encoding, "Custom Error!"])));
  });
}

describe("set child response to c.res", () => {
  const app = new Hono();
  app.use("*", async (c, next) => {
    await next();
    c.res = new globalThis.Response("", c.res);
    void c.res.headers;
  });
  app.get("/json", (c) => c.json({}));

  test("GET /json: a response that is made of another one has its fields", () =>
    both(app, async (url) =>
      expect((await seen(`${url}/json`)).slice(0, 2)).toEqual([200, "application/json"]),
    ));
});

describe("Headers appended to a raw Response after construction", () => {
  const app = new Hono();
  app.use("*", async (c, next) => {
    await next();
    c.res = new globalThis.Response(c.res.body, c.res);
  });
  app.post("/test", () => {
    const response = new globalThis.Response("Hello", { headers: { "content-type": "text/plain" } });
    response.headers.append("Set-Cookie", "a=b");
    return response;
  });

  test("Set-Cookie header: it is in a copy that is made later", () =>
    both(app, async (url) => {
      const response = await fetch(`${url}/test`, { method: "POST" });
      expect([await response.text(), response.headers.getSetCookie()]).toEqual(["Hello", ["a=b"]]);
    }));
});

describe("overrideGlobalObjects", () => {
  const app = new Hono();

  test("true: the globals are replaced", () => {
    fetchHandler(app.fetch as Fetch, { replaceGlobals: true });
    try {
      expect([globalThis.Request === Request, globalThis.Response === Response]).toEqual([false, false]);
    } finally {
      Object.assign(globalThis, { Request, Response, fetch });
    }
  });

  test("false: they are left alone", () => {
    fetchHandler(app.fetch as Fetch, { replaceGlobals: false });
    expect([globalThis.Request === Request, globalThis.Response === Response]).toEqual([true, true]);
  });
});

describe("Memory leak test", () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void; // So the flag has it.
  let left = 0;
  const registry = new FinalizationRegistry(() => left--);
  const app = new Hono();
  app.use(async (c, next) => {
    left++;
    registry.register(c.req.raw.signal, undefined);
    await next();
  });
  let aborted: () => void = () => {};
  app.get("/", (c) => c.text("Hello"));
  app.post("/", async (c) => c.json(await c.req.json()));
  app.get("/abort", async (c) => {
    const { signal } = c.req.raw;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    aborted();
    return c.text("late");
  });
  const collected = async (): Promise<void> => {
    await until(() => {
      gc();
      return left === 0;
    });
  };

  test("GET /: nothing of a request is left behind its answer", () =>
    both(app, async (url) => {
      await seen(url);
      await collected();
    }));

  test("POST /: nor of one with a body", () =>
    both(app, async (url) => {
      await seen(url, { method: "POST", body: "{}" });
      await collected();
    }));

  test("GET /abort: nor of one whose client has gone", () =>
    both(app, async () => {
      const gone = new Promise<void>((resolve) => {
        aborted = resolve;
      });
      const client = await s.client();
      client.send("GET /abort HTTP/1.1\r\nHost: a\r\n\r\n");
      await until(() => left === 1);
      client.socket.destroy();
      await gone;
      await collected();
    }));
});

describe("serve", () => {
  const app = new Hono();
  app.get("/", (c) => c.newResponse(null, 200));
  const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address === "::1"),
  );

  test("ipv4: it is served", () => both(app, async (url) => expect((await fetch(url)).status).toBe(200)));

  test.runIf(hasIpv6)("ipv6: it is served", () =>
    both(app, async () => expect((await fetch(`http://[::1]:${s.port}`)).status).toBe(200), { host: "::1" }),
  );
});
