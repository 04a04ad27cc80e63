import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { FakeResponse } from "../../test/support/fake-response.ts";
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
import { toHandler } from "./to-handler.ts";

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

test("toHandler: takes a function", () => {
  expect(() => (toHandler as (fn: unknown) => unknown)(ready(1))).toThrow("toHandler needs a function");
});
