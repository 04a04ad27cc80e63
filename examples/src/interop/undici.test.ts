import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { co, fromPromise, run, spawn, timeout } from "pollux";
import { afterEach, describe, expect, test } from "vitest";
import { countBytes, fetchText } from "./undici.ts";

let server: Server | undefined;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

describe("undici from a coroutine", () => {
  test("fetchText gives the text, and throws for another status", async () => {
    const url = await serve((request, response) => {
      response.statusCode = request.url === "/" ? 200 : 404;
      response.end("hello");
    });
    expect(await run(fetchText(url))).toBe("hello");
    await expect(run(fetchText(`${url}/none`))).rejects.toThrow("status 404");
  });

  test("a cancel before the answer aborts the request: the server sees the connection close", async () => {
    let arrived: () => void = () => {};
    let left: () => void = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const departure = new Promise<void>((resolve) => {
      left = resolve;
    });
    const url = await serve((request) => {
      request.socket.on("close", left);
      arrived();
    });
    const main = co(function* () {
      const task = spawn(fetchText(url));
      yield* fromPromise(arrival);
      task.abort(new Error("not needed any more"));
      yield* fromPromise(departure);
      return yield* fromPromise(Promise.resolve(task).catch((error: unknown) => error));
    });
    expect(await run(main())).toMatchObject({ code: "POLLUX_CANCELLED" });
  });

  test("a timeout does the same", async () => {
    let left: () => void = () => {};
    const departure = new Promise<void>((resolve) => {
      left = resolve;
    });
    const url = await serve((request) => request.socket.on("close", left));
    await expect(run(timeout(20, fetchText(url)))).rejects.toMatchObject({ code: "POLLUX_TIMEOUT" });
    await departure;
  });

  test("a cancel in the middle of the body destroys it: the server sees the connection close", async () => {
    let left: () => void = () => {};
    const departure = new Promise<void>((resolve) => {
      left = resolve;
    });
    const url = await serve((request, response) => {
      request.socket.on("close", left);
      response.write("half of it");
    });
    let began: () => void = () => {};
    const beginning = new Promise<void>((resolve) => {
      began = resolve;
    });
    const main = co(function* () {
      const task = spawn(countBytes(url, () => began()));
      yield* fromPromise(beginning);
      task.abort();
      yield* fromPromise(departure);
    });
    await run(main());
  });

  test("countBytes counts a body to its end", async () => {
    const url = await serve((_request, response) => response.end(Buffer.alloc(300_000)));
    expect(await run(countBytes(url))).toBe(300_000);
  });
});
