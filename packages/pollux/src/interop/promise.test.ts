import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Resource } from "../../test/support/probe.ts";
import { never } from "../combine/never.ts";
import { failed, ready } from "../combine/ready.ts";
import { select } from "../combine/select.ts";
import { ambient } from "../core/ambient.ts";
import { Cleanup } from "../core/cleanup.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { now } from "../time/clock.ts";
import { sleep } from "../time/sleep.ts";
import { fromPromise, toPromise } from "./promise.ts";

/** A promise that is settled by hand. */
function deferred<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

type Then = (onValue: (value: number) => void, onError: (error: unknown) => void) => void;

/** An object with that method, of whatever manners. */
function thenable(then: Then): PromiseLike<number> {
  return { then } as unknown as PromiseLike<number>;
}

const outsideOf = (): TestContext => new TestContext(new Runtime({ clock: "paused" }).handle);

describe("fromPromise of a promise", () => {
  test("gives its value, and wakes when it is there", async () => {
    const { promise, resolve } = deferred<number>();
    const future = fromPromise(promise);
    expectTypeOf(future).toEqualTypeOf<Future<number>>();
    const cx = outsideOf();
    pending(future, cx);
    resolve(1);
    await promise;
    expect(cx.wakes).toBe(1);
    cx.runtime.budget = 128;
    expect(readyNow(future, cx)).toBe(1);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("throws what it is rejected with, as it is", async () => {
    const failure = new Error("failed");
    await expect(run(fromPromise(Promise.reject(failure)))).rejects.toBe(failure);
  });

  test("subscribes at the first poll and not before", () => {
    const then = vi.fn();
    const future = fromPromise(thenable(then));
    expect(then).not.toHaveBeenCalled();
    pending(future);
    pending(future);
    expect(then).toHaveBeenCalledTimes(1);
  });

  test("takes thenables of any manners: that call at once, twice, or throw", () => {
    expect(readyNow(fromPromise(thenable((onValue) => onValue(1))))).toBe(1);
    const insistent = thenable((onValue, onError) => {
      onValue(1);
      onValue(2);
      onError(3);
      throw new Error("after all");
    });
    expect(readyNow(fromPromise(insistent))).toBe(1);
    const throwing = thenable(() => {
      throw new Error("in then");
    });
    const future = fromPromise(throwing);
    expect(() => future.poll(new TestContext())).toThrow("in then");
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("counts as outstanding while it waits: until it is settled, or cancelled", async () => {
    const { promise, resolve } = deferred<number>();
    const [cx, other] = [outsideOf(), outsideOf()];
    const future = fromPromise(promise);
    pending(future, cx);
    pending(future, cx);
    expect(cx.runtime.outstanding).toBe(1);
    const cancelled = fromPromise(promise);
    pending(cancelled, other);
    cancelled.cancel(other);
    expect(other.runtime.outstanding).toBe(0);
    resolve(1);
    await promise;
    expect([cx.runtime.outstanding, other.runtime.outstanding]).toEqual([0, 0]);
  });

  test("a paused clock waits for it", async () => {
    const main = co(function* () {
      yield* select({
        promise: fromPromise(turn().then(() => turn())),
        timer: sleep(60_000),
      });
      return now();
    });
    const start = await run(
      co(function* () {
        return now();
      })(),
      { clock: "paused" },
    );
    expect(await run(main(), { clock: "paused" })).toBe(start);
  });

  test("takes its budget before it subscribes", () => {
    const then = vi.fn();
    const cx = outsideOf();
    cx.runtime.budget = 0;
    pending(fromPromise(thenable(then)), cx);
    expect([then.mock.calls.length, cx.wakes]).toEqual([0, 1]);
  });

  test("after a cancel it wakes nobody, and a rejection that comes then is nobody's", async () => {
    const { promise, reject } = deferred<number>();
    const future = fromPromise(promise);
    const cx = outsideOf();
    pending(future, cx);
    expect(future.cancel(cx)).toBeUndefined();
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    const unhandled = vi.fn();
    process.on("unhandledRejection", unhandled);
    reject(new Error("too late"));
    await turn();
    process.off("unhandledRejection", unhandled);
    expect([cx.wakes, unhandled.mock.calls.length]).toEqual([0, 0]);
  });

  test("does not dispose of its value after a cancel: others may have the promise", async () => {
    const { promise, resolve } = deferred<Resource>();
    const resource = new Resource();
    const future = fromPromise(promise);
    future.cancel(pending(future));
    resolve(resource);
    await turn();
    expect(resource.disposals).toBe(0);
  });

  test("takes promises and functions only", () => {
    const wrong = fromPromise as (source: unknown) => unknown;
    expect(() => wrong(1)).toThrow("fromPromise needs a promise or a function that makes one, not 1");
    expect(() => wrong(ready(1))).toThrow("await it as it is");
  });
});

describe("fromPromise of a function", () => {
  test("calls it at the first poll, with a signal, in the context of the poll", async () => {
    const calls: unknown[] = [];
    const future = fromPromise(async (signal) => {
      calls.push(signal.aborted, ambient.cx);
      return "there";
    });
    expectTypeOf(future).toEqualTypeOf<Future<string>>();
    expect(calls).toEqual([]);
    const cx = pending(future);
    expect(calls).toEqual([false, cx]);
    await turn();
    expect(readyNow(future, cx)).toBe("there");
  });

  test("gives a plain result as its value, and throws what the function throws", () => {
    expect(readyNow(fromPromise(() => 1))).toBe(1);
    const throwing = fromPromise(() => {
      throw new Error("failed");
    });
    expect(() => throwing.poll(new TestContext())).toThrow("failed");
  });

  test("is not called when it is cancelled before its first poll", () => {
    const fn = vi.fn(() => 1);
    const future = fromPromise(fn);
    future.cancel(new TestContext());
    expect(() => future.poll(new TestContext())).toThrow(PollAfterCompletionError);
    expect(fn).not.toHaveBeenCalled();
  });

  test("a cancel aborts the signal with its reason, and does not wait", () => {
    let seen: AbortSignal | undefined;
    const future = fromPromise((signal) => {
      seen = signal;
      return new Promise<never>(() => {});
    });
    const cx = pending(future);
    const reason = { any: "reason" };
    expect(new Cleanup(future, reason, "the test").poll(cx)).toBeUndefined();
    expect([seen?.aborted, seen?.reason]).toEqual([true, reason]);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("a cancel without a reason aborts with the platform's own", () => {
    let seen: AbortSignal | undefined;
    const future = fromPromise((signal) => {
      seen = signal;
      return new Promise<never>(() => {});
    });
    future.cancel(pending(future));
    expect(seen?.reason).toMatchObject({ name: "AbortError" });
  });

  test("a signal that heeds the abort of a lost select sees an error, and its rejection is reported nowhere", async () => {
    const reasons: unknown[] = [];
    const main = co(function* () {
      yield* select({
        promise: fromPromise(
          (signal) =>
            new Promise((_, reject) => {
              signal.addEventListener("abort", () => {
                reasons.push(signal.reason);
                reject(signal.reason);
              });
            }),
        ),
        timer: fromPromise(() => turn()),
      });
    });
    await run(main());
    await turn();
    expect(String(reasons)).toBe("CancelledError: another future was ready first");
    expect(reasons[0]).toBeInstanceOf(Error);
  });

  test("with awaitCleanup, a cancel waits until the promise has settled", async () => {
    const log: string[] = [];
    const { promise, resolve } = deferred<void>();
    const future = fromPromise(
      async (signal) => {
        await new Promise<void>((done) => signal.addEventListener("abort", () => done()));
        await promise;
        log.push("cleaned up");
      },
      { awaitCleanup: true },
    );
    const cx = outsideOf();
    pending(future, cx);
    expect(future.cancel(cx)).toBe(Pending);
    expect(future.cancel(cx)).toBe(Pending);
    expect(cx.runtime.outstanding).toBe(1);
    resolve();
    await turn();
    expect([log, cx.wakes, cx.runtime.outstanding]).toEqual([["cleaned up"], 1, 0]);
    expect(future.cancel(cx)).toBeUndefined();
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("with awaitCleanup, a rejection that comes from the signal is what a cancel leads to, and any other one fails it", async () => {
    const outcome = async (error: (signal: AbortSignal) => unknown): Promise<unknown> => {
      const future = fromPromise(
        (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(error(signal)))),
        { awaitCleanup: true },
      );
      const cleanup = new Cleanup(future, new Error("enough"), "the test");
      const cx = pending(future);
      expect(cleanup.poll(cx)).toBe(Pending);
      await turn();
      try {
        return cleanup.poll(cx);
      } catch (failure) {
        return failure;
      }
    };
    expect(await outcome((signal) => signal.reason)).toBeUndefined();
    expect(await outcome((signal) => new Error("wrapped", { cause: signal.reason }))).toBeUndefined();
    expect(await outcome(() => new DOMException("aborted", "AbortError"))).toBeUndefined();
    expect(await outcome(() => new Error("cleanup failed"))).toEqual(new Error("cleanup failed"));
  });

  test("a value that came and was not taken is disposed of by the cancel", async () => {
    const resource = new Resource();
    const future = fromPromise(async () => resource);
    const cx = pending(future);
    await turn();
    expect(future.cancel(cx)).toBeUndefined();
    expect(resource.disposals).toBe(1);
  });

  test("a value that comes after the cancel is disposed of, asynchronously if it has to be", async () => {
    const { promise, resolve } = deferred<AsyncDisposable>();
    const future = fromPromise(() => promise);
    future.cancel(pending(future));
    let disposed = false;
    resolve({
      [Symbol.asyncDispose]: async () => {
        await turn();
        disposed = true;
      },
    });
    await turn();
    await turn();
    expect(disposed).toBe(true);
  });

  test("with awaitCleanup, the cancel waits for that disposal too", async () => {
    const disposal = deferred<void>();
    const future = fromPromise(async () => ({ [Symbol.asyncDispose]: () => disposal.promise }), {
      awaitCleanup: true,
    });
    const cx = pending(future);
    expect(future.cancel(cx)).toBe(Pending);
    await turn();
    expect(future.cancel(cx)).toBe(Pending);
    disposal.resolve();
    await turn();
    expect(future.cancel(cx)).toBeUndefined();
  });

  test("cancelled at every poll: nothing is outstanding, and the signal has fired exactly if it was cancelled", async () => {
    for (const awaitCleanup of [false, true]) {
      const polls = await cancelAtEveryPoll(async (cancelAt) => {
        let signal: AbortSignal | undefined;
        const runtime = new Runtime({ clock: "paused" });
        const outcome = await runtime.run(
          cancelAt(
            fromPromise(
              async (given) => {
                signal = given;
                await turn();
                return new Resource();
              },
              { awaitCleanup },
            ),
          ),
        );
        expect(runtime.handle.outstanding).toBe(0);
        expect(signal?.aborted ?? true).toBe(outcome.cancelled);
        if (!outcome.cancelled) expect(outcome.value.disposals).toBe(0);
      });
      expect(polls).toBe(2);
    }
  });

  test("leaves nothing outstanding after 100,000 cancelled ones", () => {
    const cx = outsideOf();
    const { promise } = deferred<number>();
    for (let n = 0; n < 100_000; n++) {
      const future = fromPromise(promise);
      cx.runtime.budget = 128;
      pending(future, cx);
      future.cancel(cx);
    }
    expect(cx.runtime.outstanding).toBe(0);
  });
});

describe("toPromise", () => {
  test("runs the future as a task, and gives a promise of its outcome", async () => {
    const promise = toPromise(ready(1));
    expectTypeOf(promise).toEqualTypeOf<Promise<number>>();
    expect(promise).toBeInstanceOf(Promise);
    expect(await promise).toBe(1);
    const failure = new Error("failed");
    await expect(toPromise(failed(failure))).rejects.toBe(failure);
  });

  test("runs it on the runtime of the calling task", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const main = co(function* () {
      yield* fromPromise(toPromise(ready(1)));
    });
    await runtime.run(main());
    expect(runtime.metrics().spawned).toBe(2);
  });

  test("is rejected with the signal's reason, as it is, after the cleanup", async () => {
    const log: string[] = [];
    const controller = new AbortController();
    const work = co(function* () {
      try {
        yield* never();
      } finally {
        yield* sleep(1);
        log.push("cleaned up");
      }
    });
    const promise = toPromise(work(), { signal: controller.signal });
    await turn();
    expect(getEventListeners(controller.signal, "abort").length).toBe(1);
    const reason = new Error("enough");
    controller.abort(reason);
    await expect(promise).rejects.toBe(reason);
    expect(log).toEqual(["cleaned up"]);
    expect(getEventListeners(controller.signal, "abort").length).toBe(0);
  });

  test("leaves a task alone whose handle it was given", async () => {
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const handle = spawn(sleep(5));
        const promise = toPromise(handle, { signal: AbortSignal.abort("enough") });
        const reason = yield* fromPromise(
          promise.then(
            () => "none",
            (error: unknown) => error,
          ),
        );
        expect(reason).toBe("enough");
        yield* handle;
      })(),
    );
  });

  test("takes nothing but a future", () => {
    expect(() => (toPromise as (future: unknown) => unknown)(Promise.resolve())).toThrow(TypeError);
  });
});
