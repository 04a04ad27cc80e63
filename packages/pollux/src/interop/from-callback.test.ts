import { EventEmitter } from "node:events";
import { readFile } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { Resource } from "../../test/support/probe.ts";
import { ambient } from "../core/ambient.ts";
import { Cleanup } from "../core/cleanup.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { fromCallback, fromNode, type NodeCallback } from "./from-callback.ts";

/** An operation whose callback the test calls. */
function operation<T>(canceller?: (reason: unknown) => unknown) {
  const seen = {
    callback: (() => {}) as NodeCallback<T>,
    signal: undefined as AbortSignal | undefined,
    starts: 0,
  };
  const future = fromCallback<T>((callback, signal) => {
    seen.starts++;
    seen.callback = callback;
    seen.signal = signal;
    return canceller;
  });
  return { future, seen };
}

describe("fromCallback", () => {
  test("begins at the first poll, in its context, and gives the value that the callback is called with", () => {
    const { future, seen } = operation<number>();
    expectTypeOf(future).toEqualTypeOf<Future<number>>();
    expect(seen.starts).toBe(0);
    const cx = pending(future);
    pending(future, cx);
    seen.callback(null, 1);
    expect([seen.starts, cx.wakes]).toEqual([1, 1]);
    expect(readyNow(future, cx)).toBe(1);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    const contexts: unknown[] = [];
    const other = pending(fromCallback(() => contexts.push(ambient.cx)));
    expect(contexts[0]).toBe(other);
  });

  test("throws the error that it is called with, as it is; null and undefined are none", () => {
    for (const error of [new Error("failed"), 0, "", false]) {
      const future = fromCallback((callback) => callback(error, undefined));
      let thrown: unknown;
      try {
        future.poll(new TestContext());
      } catch (caught) {
        thrown = caught;
      }
      expect(thrown).toBe(error);
    }
    for (const none of [null, undefined]) {
      expect(readyNow(fromCallback<number>((callback) => callback(none, 1)))).toBe(1);
    }
  });

  test("is ready at its first poll when it is called back at once", () => {
    expect(readyNow(fromCallback<string>((callback) => callback(null, "now")))).toBe("now");
  });

  test("the first call counts", () => {
    const { future, seen } = operation<number>();
    const cx = pending(future);
    seen.callback(null, 1);
    seen.callback(new Error("again"), 2);
    expect(readyNow(future, cx)).toBe(1);
    seen.callback(null, 3);
    expect(cx.wakes).toBe(1);
    const hasty = fromCallback<number>((callback) => {
      callback(null, 1);
      callback(new Error("again"), 2);
    });
    expect(readyNow(hasty)).toBe(1);
  });

  test("throws what start throws", () => {
    const failure = new Error("cannot start");
    const future = fromCallback(() => {
      throw failure;
    });
    expect(() => future.poll(new TestContext())).toThrow(failure);
  });

  test("counts as outstanding while it waits", () => {
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    const { future, seen } = operation<number>();
    cx.runtime.budget = 128;
    pending(future, cx);
    expect(cx.runtime.outstanding).toBe(1);
    seen.callback(null, 1);
    expect(cx.runtime.outstanding).toBe(0);
  });

  test("a cancel aborts the signal and calls the canceller, each with the reason, and waits for what that returns", async () => {
    const gate = new Gate();
    const promise = turn();
    for (const cleanup of [gate, promise, undefined]) {
      const canceller = vi.fn(() => cleanup);
      const { future, seen } = operation<number>(canceller);
      const cx = pending(future);
      const driver = new Cleanup(future, "enough", "the test");
      if (cleanup !== undefined) expect(driver.poll(cx)).toBe(Pending);
      if (cleanup === gate) gate.open();
      if (cleanup === promise) await turn().then(() => turn());
      expect(driver.poll(cx)).toBeUndefined();
      expect(canceller.mock.calls).toEqual([["enough"]]);
      expect(seen.signal?.reason).toBe("enough");
    }
  });

  test("a canceller may be a generator function; what it throws fails the cleanup", () => {
    const failure = new Error("cannot cancel");
    const { future } = operation<number>(function* () {
      throw failure;
    });
    const cx = pending(future);
    expect(() => future.cancel(cx)).toThrow(failure);
  });

  test("a cancel before the first poll begins nothing", () => {
    const { future, seen } = operation<number>();
    expect(future.cancel(new TestContext())).toBeUndefined();
    expect(seen.starts).toBe(0);
  });

  test("what is called back while it is cancelled, or later, is disposed of; an error is nobody's", async () => {
    const [during, after, before] = [new Resource(), new Resource(), new Resource()];
    const { future, seen } = operation<Resource>((): void => inTheMiddle());
    const inTheMiddle = (): void => seen.callback(null, during);
    future.cancel(pending(future));
    const late = operation<Resource>();
    late.future.cancel(pending(late.future));
    late.seen.callback(null, after);
    const untaken = operation<Resource>();
    const cx = pending(untaken.future);
    untaken.seen.callback(null, before);
    untaken.future.cancel(cx);
    const failing = operation<Resource>();
    failing.future.cancel(pending(failing.future));
    failing.seen.callback(new Error("aborted"), after);
    expect([during.disposals, after.disposals, before.disposals]).toEqual([1, 1, 1]);
  });

  test("cancelled at every poll it leaves nothing outstanding, and aborts its signal", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime();
      let signal: AbortSignal | undefined;
      const outcome = await runtime.run(
        cancelAt(
          fromCallback<number>((callback, given) => {
            signal = given;
            setImmediate(() => callback(null, 1));
          }),
        ),
      );
      expect(runtime.handle.outstanding).toBe(0);
      expect(signal?.aborted ?? true).toBe(outcome.cancelled);
    });
    expect(polls).toBe(2);
  });

  test("takes nothing but a function", () => {
    expect(() => (fromCallback as (start: unknown) => unknown)(1)).toThrow(
      "fromCallback needs a function, not 1",
    );
  });
});

describe("fromNode", () => {
  test("gives what the callback is called with, and throws its error", async () => {
    const read = fromNode(readFile as (path: string, callback: NodeCallback<Buffer>) => void);
    expectTypeOf(read).parameters.toEqualTypeOf<[string]>();
    const text = await run(read(new URL(import.meta.url).pathname));
    expect(text.toString()).toContain("fromNode");
    await expect(run(read("/nothing"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  test("keeps this, and does nothing before the first poll", async () => {
    class Counter {
      count = 0;
      add(n: number, callback: (error: Error | null, sum: number) => void): void {
        this.count += n;
        callback(null, this.count);
      }
    }
    const counter = Object.assign(new Counter(), { addLater: fromNode(Counter.prototype.add) });
    const future = counter.addLater(2);
    expect(counter.count).toBe(0);
    expect(await run(future)).toBe(2);
  });

  test("what the function returns is no canceller", () => {
    const returned = vi.fn();
    const future = fromNode((_callback: NodeCallback<void>) => returned)();
    future.cancel(pending(future));
    expect(returned).not.toHaveBeenCalled();
  });

  test("leaves no listener where it is used with an emitter", async () => {
    const emitter = new EventEmitter();
    const main = co(function* () {
      yield* fromCallback((callback) => {
        emitter.once("ready", callback);
        setImmediate(() => emitter.emit("ready"));
        return () => emitter.off("ready", callback);
      });
    });
    await run(main());
    expect(emitter.listenerCount("ready")).toBe(0);
  });

  test("takes nothing but a function", () => {
    expect(() => (fromNode as (fn: unknown) => unknown)(1)).toThrow("fromNode needs a function, not 1");
  });
});
