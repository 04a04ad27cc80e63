import { EventEmitter, once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { until } from "../../test/support/net.ts";
import { failed, ready } from "../combine/ready.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, ClosedError } from "../core/errors.ts";
import { Runtime } from "../runtime/runtime.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { sleep } from "../time/sleep.ts";
import { fromPromise } from "./promise.ts";
import { toFastifyHandler, toHandler, toHonoHandler } from "./to-handler.ts";
import { whileConnected } from "./while-connected.ts";

let close: () => Promise<void> = async () => {};

afterEach(() => close());

async function serve(handler: RequestListener): Promise<number> {
  const server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  close = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    close = async () => {};
  };
  return (server.address() as AddressInfo).port;
}

/** A response as far as `whileConnected` sees it. */
class FakeResponse extends EventEmitter {
  writableFinished = false;
  destroyed = false;
}

describe("whileConnected", () => {
  test("gives what the future gives, and leaves no listener", () => {
    const response = new FakeResponse();
    const gate = new Gate<number>();
    const future = whileConnected(response, gate);
    expect(response.listenerCount("close")).toBe(0);
    const cx = pending(future);
    expect(response.listenerCount("close")).toBe(1);
    gate.open(1);
    expect(readyNow(future, cx)).toBe(1);
    expect(response.listenerCount("close")).toBe(0);
    const failing = whileConnected(response, failed(new Error("failed")));
    expect(() => failing.poll(new TestContext())).toThrow("failed");
    expect(response.listenerCount("close")).toBe(0);
  });

  test("cancels it when the response is closed before it is out, with the reason that it then throws", () => {
    const response = new FakeResponse();
    const gate = new Gate();
    const future = whileConnected(response, gate);
    const cx = pending(future);
    response.emit("close");
    expect(cx.wakes).toBe(1);
    expect(() => future.poll(cx)).toThrow(ClosedError);
    expect(gate.reason).toBeInstanceOf(ClosedError);
    expect(response.listenerCount("close")).toBe(0);
  });

  test("goes on when the response is out", () => {
    const response = new FakeResponse();
    const gate = new Gate<number>();
    const future = whileConnected(response, gate);
    const cx = pending(future);
    response.writableFinished = true;
    response.emit("close");
    gate.open(1);
    expect(readyNow(future, cx)).toBe(1);
  });

  test("does not begin when the client has gone before", () => {
    const response = new FakeResponse();
    response.destroyed = true;
    const gate = new Gate();
    expect(() => whileConnected(response, gate).poll(new TestContext())).toThrow(ClosedError);
    expect(gate.polls).toBe(0);
  });

  test("a cancel cancels the future, and leaves no listener", () => {
    const response = new FakeResponse();
    const gate = new Gate();
    const future = whileConnected(response, gate);
    future.cancel(pending(future));
    expect([gate.cancels, response.listenerCount("close")]).toEqual([1, 0]);
  });

  test("takes a response and a future", () => {
    const wrong = whileConnected as (response: unknown, future: unknown) => unknown;
    expect(() => wrong({}, ready(1))).toThrow("whileConnected needs the response of a server");
    expect(() => wrong(new FakeResponse(), 1)).toThrow(TypeError);
  });
});

describe("toHandler under node:http", () => {
  test("answers, from a generator or a future", async () => {
    const byGenerator = toHandler(function* (_request: IncomingMessage, response: ServerResponse) {
      yield* sleep(0);
      response.end("hello");
    });
    const port = await serve(byGenerator);
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe("hello");
    await close();
    const byFuture = toHandler(
      co(function* (_request: IncomingMessage, response: ServerResponse) {
        response.end("from a coroutine");
      }),
    );
    expect(await (await fetch(`http://127.0.0.1:${await serve(byFuture)}`)).text()).toBe("from a coroutine");
  });

  test("is cancelled when the client goes away, with ClosedError, and cleans up", async () => {
    const log: unknown[] = [];
    const gate = new Gate();
    const port = await serve(
      toHandler(function* (_request: IncomingMessage, _response: ServerResponse) {
        log.push("began");
        try {
          yield* gate;
        } finally {
          yield* fromPromise(turn());
          log.push("cleaned up");
        }
      }),
    );
    const controller = new AbortController();
    const fetched = fetch(`http://127.0.0.1:${port}`, { signal: controller.signal }).catch(() =>
      log.push("gone"),
    );
    await until(() => gate.waiting);
    controller.abort();
    await fetched;
    await until(() => log.length === 3);
    expect(log).toEqual(["began", "gone", "cleaned up"]);
    expect(gate.reason).toBeInstanceOf(ClosedError);
  });

  test("is cancelled when a raw connection is destroyed in the middle of the response", async () => {
    const gate = new Gate();
    const port = await serve(
      toHandler(function* (_request: IncomingMessage, response: ServerResponse) {
        response.write("the beginning");
        yield* gate;
      }),
    );
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(socket, "data");
    socket.destroy();
    await until(() => gate.cancels === 1);
  });

  test("is not cancelled by the end of the response, however long it goes on", async () => {
    const gate = new Gate();
    let ended = false;
    const port = await serve(
      toHandler(function* (_request: IncomingMessage, response: ServerResponse) {
        response.end("done");
        yield* gate;
        ended = true;
      }),
    );
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" } });
    await response.text();
    for (let n = 0; n < 10; n++) await turn();
    gate.open();
    await until(() => ended);
    expect(gate.cancels).toBe(0);
  });

  test("a failure is answered with 500, or cuts the response off, and is reported", async () => {
    const failures: unknown[] = [];
    const runtime = new Runtime({ onUnhandledError: (error) => failures.push(error) });
    const failure = new Error("failed");
    let begins = false;
    const handler = await runtime.run(
      co(function* () {
        return toHandler((_request: IncomingMessage, response: ServerResponse) => {
          if (begins) response.write("the beginning");
          return failed(failure);
        });
      })(),
    );
    const port = await serve(handler);
    expect((await fetch(`http://127.0.0.1:${port}`)).status).toBe(500);
    begins = true;
    await expect(fetch(`http://127.0.0.1:${port}`).then((response) => response.text())).rejects.toThrow();
    await until(() => failures.length === 2);
    expect(failures).toEqual([failure, failure]);
  });

  test("with next, failures go there: those of the cleanup after the client has gone too", async () => {
    const failure = new Error("failed");
    const next = vi.fn();
    const response = Object.assign(new FakeResponse(), {
      headersSent: false,
      statusCode: 200,
      end() {},
      destroy() {},
    });
    toHandler(() => failed(failure))(undefined, response, next);
    await turn();
    expect(next.mock.calls).toEqual([[failure]]);
    const gate = new Gate();
    toHandler(function* () {
      try {
        yield* gate;
      } finally {
        yield* failed(failure);
      }
    })(undefined, response, next);
    await turn();
    response.emit("close");
    await turn();
    expect(next.mock.calls[1]?.[0]).toBeInstanceOf(CleanupError);
    toHandler(() => ready(1))(undefined, response, next);
    await turn();
    expect(next).toHaveBeenCalledTimes(2);
  });
});

test("toHandler, toFastifyHandler, toHonoHandler: take a function", () => {
  for (const wrong of [toHandler, toFastifyHandler, toHonoHandler] as ((fn: unknown) => unknown)[])
    expect(() => wrong(ready(1))).toThrow("needs a function");
});
