import fc from "fast-check";
import { expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { Gate } from "../../test/support/gate.ts";
import { paused } from "../../test/support/paused.ts";
import { Probe } from "../../test/support/probe.ts";
import { failed, ready } from "../combine/ready.ts";
import { select } from "../combine/select.ts";
import { Cleanup } from "../core/cleanup.ts";
import { POLL_BUDGET } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, FutureInUseError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { sleep } from "../time/sleep.ts";
import { FuturesUnordered } from "./futures-unordered.ts";

test("FuturesUnordered: gives values as they are there, throws failures, and goes on", () => {
  const [a, b, c] = [new Gate<string>(), new Gate<string>(), new Gate<string>()];
  const futures = new FuturesUnordered([a, b, c]);
  const cx = new TestContext();
  expect(drain(futures, cx)).toEqual([Pending]);
  c.open("c");
  a.fail("a failed");
  expect(drain(futures, cx)).toEqual(["c", { error: "a failed" }, Pending]);
  expect(futures.len).toBe(1);
  b.open("b");
  expect(drain(futures, cx)).toEqual(["b", End]);
  futures.push(ready("d"));
  expect(drain(futures, cx)).toEqual(["d", End]);
});

test("FuturesUnordered: polls a future only when it was woken, and once in a poll", () => {
  const probes = Array.from({ length: 10 }, (_, n) => new Probe<number>(`${n}`));
  const futures = new FuturesUnordered(probes);
  const cx = new TestContext();
  drain(futures, cx);
  for (let n = 0; n < 3; n++) {
    probes[4]?.wake();
    drain(futures, cx);
  }
  expect(probes.map(({ polls }) => polls)).toEqual([1, 1, 1, 1, 4, 1, 1, 1, 1, 1]);
  const busy = new Probe<number>();
  busy.onPoll = (context) => context.wake();
  futures.push(busy);
  cx.takeWakes();
  drain(futures, cx);
  expect(busy.polls).toBe(1);
  expect(cx.wakes).toBeGreaterThan(0);
});

test("FuturesUnordered: one that is added while somebody waits is polled", () =>
  paused(function* () {
    const futures = new FuturesUnordered([new Gate<number>()]);
    const waiting = spawn(futures.next());
    yield* sleep(5);
    futures.push(ready(1));
    expect(yield* waiting).toBe(1);
  }));

test("FuturesUnordered: goes on with the next future when the budget is spent", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const cx = new TestContext(runtime);
  const count = 3 * POLL_BUDGET;
  const futures = new FuturesUnordered(Array.from({ length: count }, (_, n) => ready(n)));
  const seen: unknown[] = [];
  for (let polls = 0; polls < 4; polls++) {
    runtime.budget = POLL_BUDGET;
    cx.takeWakes();
    seen.push(...drain(futures, cx).filter((value) => typeof value === "number"));
    if (seen.length < count) expect(cx.wakes).toBeGreaterThan(0);
  }
  expect(seen).toEqual(Array.from({ length: count }, (_, n) => n));
});

test("FuturesUnordered: polls nothing without budget, and is woken for it", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const cx = new TestContext(runtime);
  const probe = new Probe<number>();
  const futures = new FuturesUnordered([probe]);
  runtime.budget = 0;
  expect(futures.pollNext(cx)).toBe(Pending);
  expect([probe.polls, cx.wakes]).toEqual([0, 1]);
});

test("FuturesUnordered: a cancel cancels all at the same time, and collects what fails; it can be filled again", () => {
  const slow = new Probe("slow", "slow");
  const throws = new Probe("throws", "throws");
  const fresh = new Probe("fresh");
  const futures = new FuturesUnordered<unknown>([slow, throws]);
  const cx = new TestContext();
  drain(futures, cx);
  futures.push(fresh);
  const cleanup = new Cleanup(futures, "because", "the futures");
  expect(cleanup.poll(cx)).toBe(Pending);
  expect([slow.state, throws.state, fresh.state]).toEqual(["cancelling", "cancelled", "cancelled"]);
  expect(slow.reason).toBe("because");
  cx.takeWakes();
  slow.endCleanup();
  expect(cx.wakes).toBe(1);
  try {
    cleanup.poll(cx);
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toMatchObject({ cause: "because", errors: [new Error("cleanup of throws")] });
  }
  expect([...slow.breaches, ...throws.breaches, ...fresh.breaches]).toEqual([]);
  futures.push(ready(1));
  expect(drain(futures, cx)).toEqual([1, End]);
});

test("FuturesUnordered: leaves a future alone that somebody else awaits", () => {
  const shared = new Probe<number>();
  const elsewhere = new FuturesUnordered([shared]);
  const futures = new FuturesUnordered([shared]);
  const cx = new TestContext();
  drain(elsewhere, cx);
  futures.cancel(cx);
  expect(shared.cancels).toBe(0);
  futures.push(shared);
  expect(() => futures.pollNext(cx)).toThrow(FutureInUseError);
});

test("FuturesUnordered: a wake after the end does nothing", () => {
  const probe = new Probe<number>();
  const futures = new FuturesUnordered([probe, new Gate<number>()]);
  const cx = new TestContext();
  drain(futures, cx);
  probe.resolve(1);
  expect(drain(futures, cx)).toEqual([1, Pending]);
  cx.takeWakes();
  probe.wake();
  expect(cx.wakes).toBe(0);
});

test("FuturesUnordered: next is borrowed, and can be awaited in a select", () =>
  paused(function* () {
    const late = co(function* () {
      yield* sleep(10);
      return "late";
    });
    const futures = new FuturesUnordered([late()]);
    expect((yield* select({ value: futures.next(), early: sleep(5) })).key).toBe("early");
    expect(yield* futures.next()).toBe("late");
    yield* futures.close();
  }));

test("FuturesUnordered: refuses what is no future", () => {
  // @ts-expect-error: a number
  expect(() => new FuturesUnordered([1])).toThrow(TypeError);
  expect(() => new FuturesUnordered([failed("x")])).not.toThrow();
});

test("FuturesUnordered: whatever is opened in whatever order, each value is given once, soon after it is there", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ open: fc.nat(9), drain: fc.boolean() }), { maxLength: 40 }), (steps) => {
      const gates = Array.from({ length: 10 }, () => new Gate<number>());
      const futures = new FuturesUnordered(gates);
      const cx = new TestContext();
      const opened: number[] = [];
      const given: unknown[] = [];
      const take = (): void => {
        given.push(...drain(futures, cx).filter((value) => typeof value === "number"));
        expect(given).toEqual(opened);
      };
      take();
      for (const step of steps) {
        if (!opened.includes(step.open)) opened.push(step.open);
        gates[step.open]?.open(step.open);
        if (step.drain) take();
      }
      take();
      expect(gates.every(({ polls }, n) => polls === (opened.includes(n) ? 2 : 1))).toBe(true);
    }),
  );
});

test("FuturesUnordered: pending futures that are cancelled leave no waker that wakes", () => {
  const gate = new Gate<number>();
  const futures = new FuturesUnordered([gate]);
  const next = futures.next();
  const cx = pending(next);
  next.cancel(cx);
  futures.cancel(cx);
  cx.takeWakes();
  gate.wake();
  expect(cx.wakes).toBe(0);
});
