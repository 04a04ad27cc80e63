import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import type { JoinHandle } from "./join-handle.ts";
import { TaskTracker } from "./task-tracker.ts";
import { yieldNow } from "./yield-now.ts";

const paused = <T>(main: Future<T>): Promise<T> => run(main, { clock: "paused" });

describe("TaskTracker", () => {
  test("close and reopen say whether they changed anything", () => {
    const tracker = new TaskTracker();
    expect([tracker.close(), tracker.close(), tracker.isClosed]).toEqual([true, false, true]);
    expect([tracker.reopen(), tracker.reopen(), tracker.isClosed]).toEqual([true, false, false]);
  });

  test("spawn counts from the call until the task has ended, its cleanup included", () =>
    paused(
      co(function* () {
        const tracker = new TaskTracker();
        const value = tracker.spawn(
          co(function* () {
            yield* sleep(1);
            return 7;
          })(),
        );
        const cleaning = tracker
          .spawn(
            co(function* () {
              try {
                yield* new Gate();
              } finally {
                yield* sleep(5);
              }
            })(),
          )
          .observed();
        expect(tracker.len).toBe(2);
        expect(yield* value).toBe(7);
        expect(tracker.len).toBe(1);
        cleaning.abort();
        yield* sleep(2);
        expect(tracker.len).toBe(1);
        yield* sleep(5);
        expect(tracker.isEmpty).toBe(true);
      })(),
    ));

  test("a task that fails, in its work or in its cleanup, counts no longer", () =>
    paused(
      co(function* () {
        const tracker = new TaskTracker();
        tracker
          .spawn(
            co(function* () {
              yield* yieldNow();
              throw new Error("work");
            })(),
          )
          .observed();
        const cleaning = tracker
          .spawn(
            co(function* () {
              try {
                yield* new Gate();
              } finally {
                raise(new Error("cleanup"));
              }
            })(),
          )
          .observed();
        yield* sleep(1);
        expect(tracker.len).toBe(1);
        cleaning.abort();
        yield* sleep(1);
        expect(tracker.len).toBe(0);
      })(),
    ));

  test("wait ends when the tracker is closed and empty", () =>
    paused(
      co(function* () {
        const tracker = new TaskTracker();
        const log: string[] = [];
        for (const ms of [1, 3, 2])
          tracker.spawn(
            co(function* () {
              yield* sleep(ms);
              log.push(`${ms}`);
            })(),
          );
        tracker.close();
        yield* tracker.wait();
        expect(log).toEqual(["1", "2", "3"]);
      })(),
    ));

  test("a closed tracker still takes tasks", () =>
    paused(
      co(function* () {
        const tracker = new TaskTracker();
        tracker.close();
        const waiting = tracker.wait();
        expect(ready(waiting)).toBe(undefined);
        tracker.spawn(sleep(5));
        expect(tracker.len).toBe(1);
        yield* tracker.wait();
        expect(tracker.len).toBe(0);
      })(),
    ));

  test("wait ends even if the tracker was reopened, or filled again, before the waiter was polled", () => {
    const tracker = new TaskTracker();
    const cx = new TestContext();
    const waiting = tracker.wait();
    pending(waiting, cx);
    tracker.close();
    tracker.reopen();
    expect(cx.wakes).toBe(1);
    const token = tracker.token();
    expect(waiting.poll(cx)).toBe(undefined);
    expect(() => waiting.poll(cx)).toThrow(PollAfterCompletionError);
    token[Symbol.dispose]();
  });

  test("a token counts until it is disposed of, once", () => {
    const tracker = new TaskTracker();
    const [a, b] = [tracker.token(), tracker.token()];
    a[Symbol.dispose]();
    a[Symbol.dispose]();
    expect(tracker.len).toBe(1);
    b[Symbol.dispose]();
    expect(tracker.len).toBe(0);
  });

  test("trackFuture counts from the first poll until the future has ended or been cancelled", () =>
    paused(
      co(function* () {
        const tracker = new TaskTracker();
        const tracked = tracker.trackFuture(new Gate());
        expect(tracker.len).toBe(0);
        const cx = new TestContext();
        pending(tracked, cx);
        pending(tracked, cx);
        expect(tracker.len).toBe(1);
        tracked.cancel(cx);
        expect(tracker.len).toBe(0);
        tracker.trackFuture(sleep(1)).cancel(cx);
        expect(tracker.len).toBe(0);
        const within = tracker.trackFuture(
          co(function* () {
            yield* sleep(1);
            return tracker.len;
          })(),
        );
        expect(yield* within).toBe(1);
        expect(tracker.len).toBe(0);
      })(),
    ));

  test("trackFuture cancelled before its first poll leaves the future to the one that awaits it", () => {
    const gate = new Gate();
    const cx = pending(gate);
    new TaskTracker().trackFuture(gate).cancel(cx);
    expect(gate.cancels).toBe(0);
  });

  test("trackFuture cancelled at every poll counts no longer", () =>
    cancelAtEveryPoll(async (cancelAt) => {
      const tracker = new TaskTracker();
      await paused(
        co(function* () {
          const work = co(function* () {
            try {
              yield* sleep(1);
              yield* yieldNow();
            } finally {
              yield* sleep(1);
            }
          });
          yield* cancelAt(tracker.trackFuture(work()));
        })(),
      );
      expect(tracker.len).toBe(0);
    }));

  test("wait cancelled leaves no waiter, and the others are woken", () => {
    const tracker = new TaskTracker();
    const waits = Array.from({ length: 3 }, () => tracker.wait());
    const cxs = waits.map((wait) => pending(wait));
    waits[1]?.cancel(cxs[1] as TestContext);
    tracker.close();
    expect(cxs.map((cx) => cx.wakes)).toEqual([1, 0, 1]);
  });

  test("a future in use is refused and does not count", () =>
    paused(
      co(function* () {
        const tracker = new TaskTracker();
        const future = sleep(1);
        tracker.spawn(future);
        expect(() => tracker.spawn(future)).toThrow(FutureInUseError);
        expect(() => tracker.spawn(5 as never)).toThrow(TypeError);
        expect(() => tracker.trackFuture(5 as never)).toThrow(TypeError);
        expect(tracker.len).toBe(1);
        tracker.close();
        yield* tracker.wait();
      })(),
    ));

  test("types", () => {
    const tracker = new TaskTracker();
    expectTypeOf(tracker.trackFuture(sleep(1))).toEqualTypeOf<Future<void>>();
    expectTypeOf(tracker.spawn<number>).returns.toEqualTypeOf<JoinHandle<number>>();
  });
});
