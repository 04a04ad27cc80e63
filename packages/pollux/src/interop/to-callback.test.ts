import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { Gate } from "../../test/support/gate.ts";
import { failed, ready } from "../combine/ready.ts";
import { CancelledError } from "../core/errors.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { toCallback } from "./to-callback.ts";

describe("toCallback", () => {
  test("calls back once with the value, or with the error as it is", async () => {
    const failure = new Error("failed");
    const callback = vi.fn();
    toCallback(ready(1), callback);
    expect(callback).not.toHaveBeenCalled();
    await turn();
    toCallback(failed(failure), callback);
    await turn();
    expect(callback.mock.calls).toEqual([[null, 1], [failure]]);
  });

  test("a failure that would look like success arrives as an Error with it as the cause", async () => {
    for (const nothing of [null, undefined]) {
      const callback = vi.fn();
      toCallback(failed(nothing), callback);
      await turn();
      const [error] = callback.mock.calls[0] ?? [];
      expect(error).toBeInstanceOf(Error);
      expect("cause" in error && error.cause).toBe(nothing);
    }
  });

  test("what the callback throws is an uncaught error, and the callback is not called again", async () => {
    const failure = new Error("in the callback");
    const caught: unknown[] = [];
    const before = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => caught.push(error));
    const callback = vi.fn(() => {
      throw failure;
    });
    toCallback(ready(1), callback);
    await turn();
    for (const listener of before) process.on("uncaughtException", listener);
    expect(caught).toEqual([failure]);
    expect(callback).toHaveBeenCalledTimes(1);
  });

  test("can be aborted, and then calls back with CancelledError", async () => {
    const gate = new Gate();
    const callback = vi.fn();
    const handle = toCallback(gate, callback);
    await turn();
    handle.abort("enough");
    await turn();
    expect(gate.reason).toBe("enough");
    expect(callback.mock.calls[0]?.[0]).toBeInstanceOf(CancelledError);
  });

  test("takes a future and a function", () => {
    const wrong = toCallback as (future: unknown, callback: unknown) => unknown;
    expect(() => wrong(1, () => {})).toThrow(TypeError);
    expect(() => wrong(ready(1), 1)).toThrow("toCallback needs a function, not 1");
  });
});
