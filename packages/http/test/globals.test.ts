import { afterAll, describe, expect, test } from "vitest";
import { type Fetch, fetchHandler } from "../src/index.ts";
import { reactors, serving } from "./support/serving.ts";

const { Request, Response, fetch } = globalThis;
const answer: Fetch = () => new globalThis.Response("ok");

afterAll(() => {
  Object.assign(globalThis, { Request, Response, fetch });
});

test("fetchHandler: leaves the globals alone", () => {
  fetchHandler(answer);
  fetchHandler(answer, {});
  fetchHandler(answer, { replaceGlobals: false });
  expect(globalThis.Request).toBe(Request);
  expect(globalThis.Response).toBe(Response);
  expect(globalThis.fetch).toBe(fetch);
});

test("fetchHandler: what is no choice is refused at the call", () => {
  expect(() => fetchHandler(answer, { replaceGlobals: "no" as unknown as boolean })).toThrow(TypeError);
  expect(globalThis.Request).toBe(Request);
});

describe.each(reactors)("fetchHandler on the %s reactor, with replaceGlobals", (_, options) => {
  const s = serving(options);

  test("fetchHandler: the globals are replaced once, and are of the same names and kinds", async () => {
    await s.start(fetchHandler(answer, { replaceGlobals: true }));
    const replaced = [globalThis.Request, globalThis.Response, globalThis.fetch];
    expect(replaced).not.toContain(Request);
    expect(replaced).not.toContain(Response);
    expect(replaced).not.toContain(fetch);
    expect(replaced.map(({ name }) => name)).toEqual(["Request", "Response", "fetch"]);
    fetchHandler(answer, { replaceGlobals: true });
    expect([globalThis.Request, globalThis.Response, globalThis.fetch]).toEqual(replaced);
    expect(await (await globalThis.fetch(s.url)).text()).toBe("ok");
  });

  test("fetchHandler: a handler that has not asked for it is given the platform's own", async () => {
    let isOwn = false;
    await s.start(
      fetchHandler((request) => {
        // The platform's own class takes its own only.
        isOwn = new Request(request).url === request.url;
        return new globalThis.Response("ok");
      }),
    );
    expect(await (await fetch(s.url)).text()).toBe("ok");
    expect(isOwn).toBe(true);
  });

  test("fetchHandler: a light request is passed on, by new Request and by fetch, with its method, fields and body", async () => {
    await s.start(
      fetchHandler(
        async (request) => {
          const path = new URL(request.url).pathname;
          if (path === "/there")
            return globalThis.Response.json([
              request.method,
              request.headers.get("x-a"),
              await request.text(),
            ]);
          const there = new URL("/there", request.url);
          if (path === "/copy") return globalThis.fetch(new globalThis.Request(there, request));
          // To where it was sent, but once.
          if (request.headers.has("x-again"))
            return globalThis.Response.json([
              request.method,
              request.headers.get("x-a"),
              await request.text(),
            ]);
          const headers = new Headers(request.headers);
          headers.set("x-again", "1");
          return globalThis.fetch(request, { headers });
        },
        { replaceGlobals: true },
      ),
    );
    for (const path of ["/copy", "/itself"]) {
      const response = await fetch(s.url + path, { method: "POST", headers: { "x-a": "b" }, body: "hello" });
      expect(await response.json()).toEqual(["POST", "b", "hello"]);
    }
  });
});
