import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { Gate } from "../../test/support/gate.ts";
import { failed, ready } from "../combine/ready.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { toHonoHandler } from "./to-hono-handler.ts";

// Under Hono itself it is tested in examples/src/interop.

const contextOf = (signal: AbortSignal) => ({ req: { raw: { signal } } });

describe("toHonoHandler", () => {
  test("gives the response, and throws a failure as it is", async () => {
    const context = contextOf(new AbortController().signal);
    const response = new Response("hello");
    const failure = new Error("failed");
    expect(await toHonoHandler(() => ready(response))(context)).toBe(response);
    await expect(toHonoHandler(() => failed(failure))(context)).rejects.toBe(failure);
  });

  test("is cancelled by the signal of the request with its reason, whatever that is, and gives 499 after the cleanup", async () => {
    for (const reason of [new Error("gone"), "gone"]) {
      const [gate, cleanup] = [new Gate(), new Gate()];
      const controller = new AbortController();
      let status = 0;
      const handled = toHonoHandler(function* () {
        try {
          yield* gate;
        } finally {
          yield* cleanup;
        }
        return new Response("never");
      })(contextOf(controller.signal)).then((response) => {
        status = response.status;
      });
      await turn();
      controller.abort(reason);
      await turn();
      expect([gate.reason, status]).toEqual([reason, 0]);
      cleanup.open();
      await handled;
      expect(status).toBe(499);
    }
  });

  test("a failure that is not the reason of the signal is one, be the client gone or not", async () => {
    const gate = new Gate();
    const controller = new AbortController();
    const handled = toHonoHandler(function* () {
      try {
        yield* gate;
      } finally {
        yield* failed(new Error("cannot clean up"));
      }
      return new Response("never");
    })(contextOf(controller.signal));
    await turn();
    controller.abort("gone");
    await expect(handled).rejects.toMatchObject({ code: "POLLUX_CLEANUP_FAILED" });
  });

  test("takes a function", () => {
    expect(() => (toHonoHandler as (fn: unknown) => unknown)(ready(1))).toThrow("needs a function");
  });
});
