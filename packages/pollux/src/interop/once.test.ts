import { EventEmitter, getEventListeners } from "node:events";
import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { once } from "./once.ts";

/** All listeners of an emitter. */
const listeners = (emitter: EventEmitter): number =>
  emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);

describe("once of an EventEmitter", () => {
  test("gives the arguments, and listens from the first poll until then", () => {
    const emitter = new EventEmitter();
    const future = once<[number, string]>(emitter, "data");
    expectTypeOf(future).toExtend<Future<[number, string]> & Disposable>();
    expect(listeners(emitter)).toBe(0);
    const cx = pending(future);
    pending(future, cx);
    expect(listeners(emitter)).toBe(2);
    emitter.emit("data", 1, "a");
    expect([cx.wakes, listeners(emitter)]).toEqual([1, 0]);
    expect(readyNow(future, cx)).toEqual([1, "a"]);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("the first event counts", () => {
    const emitter = new EventEmitter();
    const future = once(emitter, "data");
    const cx = pending(future);
    emitter.emit("data", 1);
    emitter.emit("data", 2);
    expect(readyNow(future, cx)).toEqual([1]);
  });

  test("an error that is emitted meanwhile is thrown as it is", () => {
    const emitter = new EventEmitter();
    const failure = new Error("failed");
    const future = once(emitter, "data");
    const cx = pending(future);
    emitter.emit("error", failure);
    expect(listeners(emitter)).toBe(0);
    expect(() => future.poll(cx)).toThrow(failure);
  });

  test("of the error itself gives it as any other", () => {
    const emitter = new EventEmitter();
    const failure = new Error("failed");
    const future = once(emitter, "error");
    const cx = pending(future);
    emitter.emit("error", failure);
    expect(readyNow(future, cx)).toEqual([failure]);
  });

  test("with listenNow it misses no event before its first poll", () => {
    const emitter = new EventEmitter();
    const future = once(emitter, "data", { listenNow: true });
    emitter.emit("data", 1);
    expect(readyNow(future)).toEqual([1]);
    const missed = once(emitter, "data");
    emitter.emit("data", 2);
    pending(missed);
  });

  test("is given up by a cancel, or by disposal, and leaves no listener", () => {
    const emitter = new EventEmitter();
    for (const listenNow of [false, true]) {
      const cancelled = once(emitter, "data", { listenNow });
      cancelled.cancel(pending(cancelled));
      const disposed = once(emitter, "data", { listenNow });
      disposed[Symbol.dispose]();
      expect(() => disposed.poll(new TestContext())).toThrow(PollAfterCompletionError);
    }
    expect(listeners(emitter)).toBe(0);
  });

  test("the signal ends it with its reason, and nobody listens to the signal afterwards", () => {
    const emitter = new EventEmitter();
    const reason = new Error("enough");
    for (const before of [false, true]) {
      for (const listenNow of [false, true]) {
        const controller = new AbortController();
        if (before) controller.abort(reason);
        const future = once(emitter, "data", { signal: controller.signal, listenNow });
        const cx = before ? new TestContext() : pending(future);
        controller.abort(reason);
        expect(() => future.poll(cx)).toThrow(reason);
        expect([listeners(emitter), getEventListeners(controller.signal, "abort").length]).toEqual([0, 0]);
      }
    }
    const { signal } = new AbortController();
    const future = once(emitter, "data", { signal });
    future.cancel(pending(future));
    expect(getEventListeners(signal, "abort").length).toBe(0);
  });

  test("counts as outstanding while it waits, and takes its budget before it listens", () => {
    const emitter = new EventEmitter();
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    const future = once(emitter, "data");
    cx.runtime.budget = 0;
    pending(future, cx);
    expect([listeners(emitter), cx.takeWakes()]).toEqual([0, 1]);
    cx.runtime.budget = 1;
    pending(future, cx);
    expect([cx.runtime.budget, cx.runtime.outstanding]).toEqual([1, 1]);
    future.cancel(cx);
    expect(cx.runtime.outstanding).toBe(0);
  });

  test("leaves no listener behind after 10,000 lost selects, nor when it is cancelled at any poll", async () => {
    const emitter = new EventEmitter();
    const main = co(function* () {
      for (let n = 0; n < 10_000; n++) yield* select({ data: once(emitter, "data"), now: sleep(0) });
    });
    await run(main());
    expect(listeners(emitter)).toBe(0);
    await cancelAtEveryPoll(async (cancelAt) => {
      setImmediate(() => emitter.emit("data", 1));
      await run(cancelAt(once(emitter, "data")));
      expect(listeners(emitter)).toBe(0);
    });
  });
});

describe("once of an EventTarget", () => {
  test("gives the event; an error event is one like any other", () => {
    const target = new EventTarget();
    const future = once(target, "open");
    expectTypeOf(future).toExtend<Future<[Event]>>();
    const cx = pending(future);
    target.dispatchEvent(new Event("error"));
    const event = new Event("open");
    target.dispatchEvent(event);
    expect(readyNow(future, cx)).toEqual([event]);
    expect(getEventListeners(target, "open").length).toBe(0);
  });

  test("takes a class of events", () => {
    const target = new EventTarget();
    expectTypeOf(once<MessageEvent>(target, "message")).toExtend<Future<[MessageEvent]>>();
  });
});

test("once: takes what has events, a name, and a signal that is one", () => {
  const wrong = once as (source: unknown, name: unknown, options?: unknown) => unknown;
  expect(() => wrong(undefined, "data")).toThrow(
    "once needs an EventEmitter or an EventTarget, not undefined",
  );
  expect(() => wrong({}, "data")).toThrow(TypeError);
  expect(() => wrong(new EventEmitter(), 1)).toThrow("once needs the name of an event, not 1");
  expect(() => wrong(new EventEmitter(), "data", { signal: 1 })).toThrow("must be an AbortSignal, not 1");
});
