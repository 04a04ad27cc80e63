import { sleep, spawn } from "pollux";
import { describe, expect, test } from "vitest";
import { type Fetch, fetchHandler } from "../src/index.ts";
import { LightResponse } from "../src/light-response.ts";
import { reactors, serving, until } from "./support/serving.ts";

/** What one makes of a response, by all that the Web has. */
async function seen(response: Response): Promise<unknown> {
  const { status, statusText, ok, type, url, redirected, bodyUsed } = response;
  const headers = [...response.headers];
  const copy = response.clone();
  const isNull = response.body === null;
  const text = await response.text();
  const again = await response.text().catch((error: Error) => error.constructor.name);
  return {
    ...{ status, statusText, ok, type, url, redirected, bodyUsed, headers, isNull, text, again },
    usedAfter: response.bodyUsed,
    copy: [copy.status, [...copy.headers], await copy.text()],
  };
}

const native = Object.getPrototypeOf(LightResponse) as typeof Response; // It stands for it.
const light = LightResponse as unknown as typeof Response;

const samples: [string, (R: typeof Response) => Response][] = [
  ["nothing", (R) => new R()],
  ["null", (R) => new R(null, { status: 204 })],
  ["text", (R) => new R("hüllo")],
  ["empty text", (R) => new R("")],
  ["text with a type", (R) => new R("{}", { headers: { "Content-Type": "application/json", "X-A": "1" } })],
  [
    "a list of fields",
    (R) =>
      new R("a", {
        headers: [
          ["X-A", "1"],
          ["x-a", "2"],
        ],
      }),
  ],
  ["Headers", (R) => new R("a", { status: 404, headers: new Headers({ "set-cookie": "a=b" }) })],
  ["a value to be trimmed", (R) => new R("a", { headers: { "x-a": "  b " } })],
  ["a number for a value", (R) => new R("a", { headers: { "x-a": 1 as unknown as string } })],
  ["bytes", (R) => new R(new Uint8Array([104, 105]))],
  ["a buffer", (R) => new R(new Uint8Array([104, 105]).buffer)],
  ["a stream", (R) => new R(new Blob(["hi"]).stream())],
  ["a blob", (R) => new R(new Blob(["hi"], { type: "text/css" }))],
  ["URLSearchParams", (R) => new R(new URLSearchParams("a=b"))],
  ["a reason", (R) => new R("a", { status: 201, statusText: "Made" })],
  ["another response", (R) => new R("b", new R("a", { status: 202, headers: { "x-a": "1" } }))],
  ["json", (R) => R.json({ a: [1] }, { status: 203, headers: { "x-a": "1" } })],
  ["redirect", (R) => R.redirect("http://a/b", 307)],
  ["a number for a body", (R) => new R(12 as unknown as string)],
];

describe("the light Response", () => {
  test.each(samples)("is as the platform's: %s", async (_, make) => {
    expect(make(light)).toBeInstanceOf(native);
    expect(make(native)).toBeInstanceOf(light);
    expect(await seen(make(light))).toEqual(await seen(make(native)));
  });

  test.each<[string, (R: typeof Response) => unknown]>([
    ["a status out of range", (R) => new R("a", { status: 199 })],
    ["a status that is none", (R) => new R("a", { status: Number.NaN })],
    ["a body where there is none", (R) => new R("a", { status: 204 })],
    ["a name that is none", (R) => new R("a", { headers: { "a b": "c" } })],
    ["a value that is none", (R) => new R("a", { headers: { a: "b\r\nc: d" } })],
    ["a reason that is none", (R) => new R("a", { statusText: "\n" })],
    ["nothing for JSON", (R) => R.json(undefined)],
  ])("throws as the platform's does: %s", (_, make) => {
    const thrown = (R: typeof Response): string => {
      try {
        make(R);
        return "nothing";
      } catch (error) {
        return (error as Error).constructor.name;
      }
    };
    expect(thrown(light)).toBe(thrown(native));
    expect(thrown(light)).not.toBe("nothing");
  });

  test("bytes and fields are those that it was given, whatever becomes of them; its own headers can be changed", async () => {
    const bytes = new Uint8Array([97]);
    const headers = new Headers({ "x-a": "1" });
    const response = new light(bytes, { headers });
    bytes[0] = 98;
    headers.set("x-a", "2");
    response.headers.set("x-b", "3");
    expect(response.headers).toBe(response.headers);
    expect([...response.headers]).toEqual([
      ["x-a", "1"],
      ["x-b", "3"],
    ]);
    expect([...response.clone().headers].length).toBe(2);
    expect(await response.text()).toBe("a");
  });
});

describe.each(reactors)("fetchHandler on the %s reactor", (_, options) => {
  const s = serving(options);
  const both = [
    ["light", true],
    ["native", false],
  ] as const;

  describe.each(both)("with %s requests", (_, replaceGlobals) => {
    const start = (fn: Fetch) => s.start(fetchHandler(fn, { replaceGlobals }));

    test("a request is one in all that the Web asks of it", async () => {
      let found: unknown;
      await start(async (request) => {
        expect(request).toBeInstanceOf(Request);
        expect(request.headers).toBeInstanceOf(Headers);
        const copy = new Request(request, { method: "PUT", body: "x" });
        const clone = request.clone();
        found = {
          method: request.method,
          url: request.url,
          names: [...request.headers.keys()].filter((name) => name.startsWith("x-")),
          get: [request.headers.get("X-A"), request.headers.get("x-none"), request.headers.has("x-b")],
          cookie: request.headers.get("cookie"),
          aborted: request.signal.aborted,
          mode: [request.redirect, request.credentials],
          copy: [copy.method, copy.url, copy.headers.get("x-a")],
          used: request.bodyUsed,
          texts: [await clone.text(), await request.text()],
        };
        return new Response("ok");
      });
      const client = await s.client();
      client.send(
        "post /a/../b%20?c='d' HTTP/1.1\r\nHost: EXAMPLE.com:80\r\nX-A: 1\r\nx-a: 2\r\nX-B:\r\nCookie: a=b\r\nCookie: c=d\r\n" +
          "Content-Length: 5\r\n\r\nh\xc3\xbcll",
      );
      await client.until("ok");
      expect(found).toEqual({
        method: "POST",
        url: "http://example.com/b%20?c=%27d%27",
        names: ["x-a", "x-b"],
        get: ["1, 2", null, true],
        cookie: "a=b; c=d",
        aborted: false,
        mode: ["follow", "same-origin"],
        copy: ["PUT", "http://example.com/b%20?c=%27d%27", "1, 2"],
        used: false,
        texts: ["hüll", "hüll"],
      });
    });

    test("a body is read once, in each of its forms, whether it is there at once or comes later", async () => {
      let reads = 0;
      await start(async (request) => {
        const form = new URL(request.url).pathname.slice(1) as "text" | "json" | "arrayBuffer" | "blob";
        const reading: Promise<unknown> = request[form]();
        reads++;
        const got = await reading;
        expect(request.bodyUsed).toBe(true);
        await expect(request.text()).rejects.toThrow(TypeError);
        const text = got instanceof ArrayBuffer || got instanceof Blob ? await new Response(got).text() : got;
        return Response.json({ text });
      });
      for (const form of ["text", "json", "arrayBuffer", "blob"]) {
        const body = JSON.stringify(form === "json" ? [form] : "x".repeat(100_000));
        const answer = await fetch(`${s.url}/${form}`, { method: "POST", body });
        expect(await answer.json()).toEqual({ text: form === "json" ? [form] : body });
      }
      const client = await s.client();
      client.send("POST /text HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
      await until(() => reads === 5);
      client.send("cd");
      await client.until('{"text":"abcd"}');
    });

    test("a form is read; a GET has no body, whatever is sent", async () => {
      await start(async (request) => {
        if (request.method === "GET")
          return Response.json([request.body, await request.text(), request.bodyUsed]);
        return Response.json([...(await request.formData())]);
      });
      const form = new FormData();
      form.append("a", "b");
      expect(await (await fetch(s.url, { method: "POST", body: form })).json()).toEqual([["a", "b"]]);
      const client = await s.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab");
      await client.until('[null,"",false]');
    });

    test("what the function spawns is a task of the server's runtime", async () => {
      await start(async () => {
        const before = s.runtime.metrics().spawned;
        const handle = spawn(sleep(1));
        const isOurs = s.runtime.metrics().spawned === before + 1;
        await handle;
        return new Response(String(isOurs));
      });
      expect(await (await fetch(s.url)).text()).toBe("true");
    });

    test("what has no form for the Web is 400", async () => {
      await start(() => new Response("no"));
      for (const first of [
        "TRACE / HTTP/1.1\r\nHost: a",
        "CONNECT a:1 HTTP/1.1\r\nHost: a:1",
        "GET / HTTP/1.1\r\nHost: a:99999",
      ]) {
        const client = await s.client();
        client.send(`${first}\r\n\r\n`);
        expect(await client.end()).toMatch(/^HTTP\/1\.1 400 /);
      }
    });

    test("a whole response has its length; HEAD has the length alone; 304 keeps the one it is given", async () => {
      await start((request) => {
        if (request.url.endsWith("/304"))
          return new Response(null, { status: 304, headers: { "content-length": "7" } });
        return new Response("hällo", { headers: { "Set-Cookie": "a=b" } });
      });
      const client = await s.client();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      expect(await client.until("llo")).toContain("Content-Length: 6\r\n");
      expect(client.text).toContain("set-cookie: a=b\r\ncontent-type: text/plain;charset=UTF-8\r\n");
      const head = await fetch(s.url, { method: "HEAD" });
      expect([head.headers.get("content-length"), await head.text()]).toEqual(["6", ""]);
      const old = await s.client();
      old.send("GET /304 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      expect(await old.end()).toMatch(/^HTTP\/1\.1 304 .*Content-Length: 7\r\n.*\r\n\r\n$/s);
    });

    test("a client that goes away while its body is read has that fail, and the signal aborted", async () => {
      const seen: string[] = [];
      const server = await start(async (request) => {
        request.signal.addEventListener("abort", () => seen.push("aborted"));
        await request.text().catch(() => seen.push(request.signal.aborted ? "failed" : "failed before"));
        return new Response("late");
      });
      const client = await s.client();
      client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
      await until(() => server.connections === 1);
      client.socket.destroy();
      await until(() => server.connections === 0);
      expect(seen).toEqual(["aborted", "failed"]);
    });
  });
});
