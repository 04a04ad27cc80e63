import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { now, pause, resume } from "./clock.ts";
import { type Delayed, DelayQueue } from "./delay-queue.ts";
import { sleep } from "./sleep.ts";
import type { Timers } from "./timers.ts";

/** A queue on a paused clock to be moved by hand. */
function byHand<T>(): { timers: Timers; cx: TestContext; queue: DelayQueue<T> } {
  const runtime = new Runtime({ clock: "paused" });
  const cx = new TestContext(runtime.handle);
  const queue = new DelayQueue<T>();
  // The first use decides on the clock.
  ready(queue.next(), cx);
  return { timers: runtime.timers, cx, queue };
}

/** Takes what is there, until there is nothing or nothing yet. */
function take<T>(queue: DelayQueue<T>, cx: TestContext): T[] {
  const taken: T[] = [];
  for (;;) {
    const poll = queue.pollExpired(cx);
    if (poll === Pending || poll === undefined) return taken;
    taken.push(poll.value);
  }
}

describe("DelayQueue", () => {
  test("gives out values in the order of their deadlines, each at its own, and then undefined", async () => {
    const main = co(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("c", 30);
      queue.insert("a", 10);
      queue.insertAt("b", now() + 20);
      const taken: [string, number][] = [];
      for (let next = yield* queue.next(); next !== undefined; next = yield* queue.next()) {
        taken.push([next.value, now()]);
        expect(next.deadline).toBe(now());
      }
      return taken;
    });
    expect(await run(main(), { clock: "paused" })).toEqual([
      ["a", 10],
      ["b", 20],
      ["c", 30],
    ]);
  });

  test("gives out values of one millisecond in the order of their inserts, however they came there", () => {
    const { timers, cx, queue } = byHand<number>();
    for (const n of [1, 2, 3]) queue.insertAt(n, 5000);
    timers.advance(4990);
    take(queue, cx);
    queue.insertAt(4, 4999.5);
    queue.insertAt(5, 5000);
    timers.advance(100);
    queue.insertAt(6, 5000);
    expect(take(queue, cx)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test("a value whose time has passed comes out at once, after those that were due before", () => {
    const { timers, cx, queue } = byHand<string>();
    queue.insert("first", 10);
    timers.advance(20);
    queue.insertAt("second", 5);
    queue.insert("third", 0);
    expect(take(queue, cx)).toEqual(["first", "second", "third"]);
  });

  test("wakes who waits when something is due, and not before", () => {
    const { timers, cx, queue } = byHand<string>();
    queue.insert("a", 5000);
    const next = queue.next();
    pending(next, cx);
    timers.advance(4999);
    expect(cx.wakes).toBe(0);
    timers.advance(1);
    expect(cx.wakes).toBe(1);
    expect(ready(next, cx)?.value).toBe("a");
  });

  test("wakes who waits for an insert that is due earlier, or was due", () => {
    const { timers, cx, queue } = byHand<string>();
    queue.insert("late", 5000);
    const next = queue.next();
    pending(next, cx);
    queue.insert("early", 10);
    timers.advance(10);
    expect(cx.takeWakes()).toBe(1);
    expect(ready(next, cx)?.value).toBe("early");
    const again = queue.next();
    pending(again, cx);
    queue.insertAt("past", 3);
    expect(cx.takeWakes()).toBe(1);
    expect(ready(again, cx)?.value).toBe("past");
  });

  test("wakes who waits when it becomes empty", () => {
    const empty: ((queue: DelayQueue<string>, key: Delayed<string>) => void)[] = [
      (queue, key) => queue.remove(key),
      (queue) => queue.clear(),
    ];
    for (const act of empty) {
      const { timers, cx, queue } = byHand<string>();
      const key = queue.insert("a", 10);
      const next = queue.next();
      pending(next, cx);
      act(queue, key);
      expect(cx.wakes).toBe(1);
      expect(ready(next, cx)).toBe(undefined);
      expect(timers.size).toBe(0);
    }
  });

  test("remove takes a value out, also one that is due, and says whether it was there", () => {
    const { timers, cx, queue } = byHand<string>();
    const a = queue.insert("a", 10);
    const b = queue.insert("b", 10);
    const c = queue.insert("c", 10);
    expect(queue.remove(b)).toBe(true);
    expect(queue.remove(b)).toBe(false);
    timers.advance(10);
    expect(ready(queue.next(), cx)).toBe(a);
    expect(queue.size).toBe(1);
    expect(queue.remove(c)).toBe(true);
    expect(queue.remove(a)).toBe(false);
    expect(queue.size).toBe(0);
    expect(b.value).toBe("b");
  });

  test("reset moves a value, also one that is due, and says whether it was there", () => {
    const { timers, cx, queue } = byHand<string>();
    const a = queue.insert("a", 10);
    const b = queue.insert("b", 20);
    expect(queue.reset(a, 30)).toBe(true);
    expect(a.deadline).toBe(30);
    expect(queue.resetAt(b, 40)).toBe(true);
    timers.advance(35);
    expect(take(queue, cx)).toEqual(["a"]);
    timers.advance(5);
    const c = queue.insert("c", 0);
    queue.peek();
    expect(queue.reset(c, 10)).toBe(true);
    expect(take(queue, cx)).toEqual(["b"]);
    expect(queue.reset(b, 10)).toBe(false);
    expect(queue.size).toBe(1);
    timers.advance(10);
    expect(take(queue, cx)).toEqual(["c"]);
  });

  test("reset to the past wakes who waits", () => {
    const { cx, queue } = byHand<string>();
    const key = queue.insert("a", 10);
    const next = queue.next();
    pending(next, cx);
    queue.resetAt(key, -1);
    expect(cx.wakes).toBe(1);
    expect(ready(next, cx)).toBe(key);
  });

  test("peek shows what comes out next, due or not", () => {
    const { timers, cx, queue } = byHand<string>();
    expect(queue.peek()).toBe(undefined);
    queue.insert("b", 100_000);
    queue.insert("a", 90_000);
    expect(queue.peek()?.value).toBe("a");
    timers.advance(95_000);
    expect(queue.peek()?.value).toBe("a");
    expect(take(queue, cx)).toEqual(["a"]);
    expect(queue.peek()?.value).toBe("b");
  });

  test("takes one timer, and only while somebody waits", () => {
    const { timers, cx, queue } = byHand<number>();
    for (let n = 0; n < 100; n++) queue.insert(n, 10 + n);
    expect(timers.size).toBe(0);
    const next = queue.next();
    pending(next, cx);
    expect(timers.size).toBe(1);
    next.cancel(cx);
    expect(timers.size).toBe(0);
    timers.advance(10);
    expect(ready(queue.next(), cx)?.value).toBe(0);
    expect(timers.size).toBe(0);
  });

  test("does not poll who waits for what is only moved inside", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const main = co(function* () {
      const queue = new DelayQueue<string>();
      queue.insert("a", 64 ** 5 + 64 ** 4 + 64 ** 3 + 64 ** 2 + 64 + 1);
      yield* queue.next();
    });
    await runtime.run(main());
    expect(runtime.metrics().polls).toBe(2);
  });

  test("one at a time waits", () => {
    const { cx, queue } = byHand<string>();
    queue.insert("a", 10);
    const first = queue.next();
    pending(first, cx);
    expect(() => queue.next().poll(cx)).toThrow(FutureInUseError);
    first.cancel(cx);
    expect(() => first.poll(cx)).toThrow(PollAfterCompletionError);
    pending(queue.next(), cx);
  });

  test("a next has one value", () => {
    const { cx, queue } = byHand<string>();
    const next = queue.next();
    ready(next, cx);
    expect(() => next.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("takes a unit of budget for a value, and none while it waits", () => {
    const { timers, cx, queue } = byHand<string>();
    queue.insert("a", 10);
    const { budget } = cx.runtime;
    const next = queue.next();
    pending(next, cx);
    expect(cx.runtime.budget).toBe(budget);
    timers.advance(10);
    cx.takeWakes();
    cx.runtime.budget = 0;
    pending(next, cx);
    expect(cx.takeWakes()).toBe(1);
    cx.runtime.budget = 1;
    ready(next, cx);
    expect(cx.runtime.budget).toBe(0);
  });

  test("a value can stay for ever, and can be anything", () => {
    const { timers, cx, queue } = byHand<undefined>();
    queue.insert(undefined, Number.POSITIVE_INFINITY);
    const next = queue.next();
    pending(next, cx);
    expect(timers.size).toBe(0);
    queue.insert(undefined, 1);
    timers.advance(1);
    expect(ready(next, cx)).toHaveProperty("value", undefined);
    expect(queue.size).toBe(1);
  });

  test("is used by tasks beside each other", async () => {
    const main = co(function* () {
      const queue = new DelayQueue<number>();
      queue.insert(0, 1000);
      const taken: [number, number][] = [];
      const taker = co(function* () {
        for (let next = yield* queue.next(); next !== undefined; next = yield* queue.next()) {
          taken.push([next.value, now()]);
        }
      });
      const handle = spawn(taker());
      yield* sleep(10);
      queue.insert(1, 10);
      yield* sleep(100);
      queue.insert(2, 0);
      yield* handle;
      return taken;
    });
    expect(await run(main(), { clock: "paused" })).toEqual([
      [1, 20],
      [2, 110],
      [0, 1000],
    ]);
  });

  test("is an async iterable, for code outside of the runtime", async () => {
    pause();
    try {
      const queue = new DelayQueue<string>();
      queue.insert("b", 20);
      queue.insert("a", 10);
      const taken: string[] = [];
      for await (const { value } of queue) taken.push(value);
      expect(taken).toEqual(["a", "b"]);
    } finally {
      resume();
    }
  });

  test("refuses bad arguments at the call", () => {
    const { queue } = byHand<string>();
    const key = queue.insert("a", 1);
    expect(() => queue.insert("b", -1)).toThrow(RangeError);
    expect(() => queue.insertAt("b", Number.NaN)).toThrow(RangeError);
    expect(() => queue.reset(key, -1)).toThrow(RangeError);
    expect(() => queue.resetAt(key, Number.NaN)).toThrow(RangeError);
    const { queue: other } = byHand<string>();
    expect(() => other.remove(key)).toThrow(TypeError);
    expect(() => other.reset({ value: "a", deadline: 1 }, 1)).toThrow(TypeError);
  });

  test("gives values of its type", () => {
    expectTypeOf(new DelayQueue<string>().next()).toEqualTypeOf<Future<Delayed<string> | undefined>>();
  });

  test("property: does as a sorted array does", () => {
    const distance = fc.oneof(
      fc.integer({ min: -100, max: 100 }),
      fc.integer({ min: 0, max: 1e6 }),
      fc.integer({ min: 0, max: 2 ** 40 }),
      fc.double({ min: 0, max: 200, noNaN: true }),
    );
    const step = fc.record({
      op: fc.constantFrom("insert", "insert", "insert", "remove", "reset", "take", "advance", "advance"),
      which: fc.nat(),
      ms: distance,
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { timers, cx, queue } = byHand<number>();
        const keys: Delayed<number>[] = [];
        // `due` as the queue sees it: rounded up, and not before it went in.
        let model: { id: number; due: number; seq: number }[] = [];
        const put = (id: number, deadline: number, seq: number): void => {
          const due = Math.max(Math.ceil(deadline), Math.floor(timers.now()));
          model.push({ id, due, seq });
          model.sort((a, b) => a.due - b.due || a.seq - b.seq);
        };
        steps.forEach(({ op, which, ms }, seq) => {
          const id = which % Math.max(1, keys.length);
          const key = keys[id];
          const instant = timers.now() + ms;
          const size = model.length;
          switch (op) {
            case "insert":
              put(keys.length, instant, seq);
              keys.push(queue.insertAt(keys.length, instant));
              break;
            case "remove":
              if (key === undefined) break;
              model = model.filter((entry) => entry.id !== id);
              expect(queue.remove(key)).toBe(model.length < size);
              break;
            case "reset":
              if (key === undefined) break;
              model = model.filter((entry) => entry.id !== id);
              expect(queue.resetAt(key, instant)).toBe(model.length < size);
              if (model.length < size) put(id, instant, seq);
              break;
            case "advance":
              timers.advance(Math.abs(ms));
              break;
            case "take": {
              const due = model.filter((entry) => entry.due <= timers.now());
              model = model.filter((entry) => entry.due > timers.now());
              expect(take(queue, cx)).toEqual(due.map((entry) => entry.id));
              break;
            }
          }
          expect(queue.size).toBe(model.length);
        });
      }),
      { numRuns: 500 },
    );
  });

  test("property: who waits is woken for each value at its time", async () => {
    const inserts = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 500 }), ms: fc.integer({ min: 0, max: 10_000 }) }),
      { minLength: 1, maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(inserts, async (all) => {
        const taken: number[] = [];
        const main = co(function* () {
          const queue = new DelayQueue<number>();
          const end = queue.insertAt(-1, 1e6);
          const taker = co(function* () {
            for (let next = yield* queue.next(); next !== undefined; next = yield* queue.next()) {
              expect(next.deadline).toBe(now());
              taken.push(next.value);
            }
          });
          const handle = spawn(taker());
          for (const { at, ms } of all.toSorted((a, b) => a.at - b.at)) {
            if (at > now()) yield* sleep(at - now());
            queue.insert(at + ms, ms);
          }
          yield* sleep(20_000);
          queue.remove(end);
          yield* handle;
        });
        await run(main(), { clock: "paused" });
        expect(taken).toEqual(all.map(({ at, ms }) => at + ms).sort((a, b) => a - b));
      }),
      { numRuns: 50 },
    );
  });

  test("cancelled at every poll loses no value and leaves no timer", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime({ clock: "paused" });
      const main = co(function* () {
        const queue = new DelayQueue<number>();
        const taken: number[] = [];
        for (const n of [1, 2, 3]) queue.insert(n, n * 10);
        const takeTwo = co(function* () {
          while (taken.length < 2) taken.push((yield* queue.next())?.value as number);
        });
        yield* cancelAt(takeTwo());
        for (let next = yield* queue.next(); next !== undefined; next = yield* queue.next())
          taken.push(next.value);
        return taken;
      });
      expect(await runtime.run(main())).toEqual([1, 2, 3]);
      expect(runtime.timers.size).toBe(0);
    });
  });

  test("100,000 values that were removed, and as many waits that were cancelled, leave nothing behind", () => {
    const { timers, cx, queue } = byHand<number>();
    const many = (): void => {
      const keys: Delayed<number>[] = [];
      for (let n = 0; n < 100_000; n++) {
        keys.push(queue.insert(n, 1 + ((n * 7919) % 10_000_000)));
        const next = queue.next();
        pending(next, cx);
        next.cancel(cx);
      }
      for (const key of keys) queue.remove(key);
      expect(queue.size).toBe(0);
      expect(timers.size).toBe(0);
    };
    many();
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    many();
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  });

  test("clear of 100,000 values is quick, and the keys are of no use any more", () => {
    const { queue } = byHand<number>();
    const keys = Array.from({ length: 100_000 }, (_, n) => queue.insert(n, 1_000_000 + (n % 1000)));
    const start = performance.now();
    queue.clear();
    expect(performance.now() - start).toBeLessThan(1000);
    expect(queue.size).toBe(0);
    expect(keys.some((key) => queue.remove(key))).toBe(false);
  });
});
