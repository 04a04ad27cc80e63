import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { Barrier, type BarrierWaitResult } from "./barrier.ts";

test("Barrier: lets those who wait go on when the last has arrived, who is the leader", () => {
  const barrier = new Barrier(3);
  const waits = [barrier.wait(), barrier.wait()] as const;
  const contexts = waits.map((wait) => pending(wait));
  expect(barrier.arrived).toBe(2);
  expect(ready(barrier.wait())).toEqual({ isLeader: true });
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  for (const wait of waits) expect(ready(wait)).toEqual({ isLeader: false });
  expect(barrier.arrived).toBe(0);
});

test("Barrier: can be used again, also before the generation before has been polled", () => {
  const barrier = new Barrier(2);
  const [first, second] = [barrier.wait(), barrier.wait()];
  pending(first);
  ready(barrier.wait());
  const cx = pending(second);
  expect(cx.wakes).toBe(0);
  ready(first);
  expect(ready(barrier.wait()).isLeader).toBe(true);
  expect(ready(second).isLeader).toBe(false);
});

test("Barrier: of size 0 or 1 keeps nobody waiting", () => {
  for (const size of [0, 1]) {
    const barrier = new Barrier(size);
    expect(ready(barrier.wait()).isLeader).toBe(true);
    expect(ready(barrier.wait()).isLeader).toBe(true);
  }
});

test("Barrier: a cancelled wait has not arrived", () => {
  const barrier = new Barrier(2);
  const wait = barrier.wait();
  const cx = pending(wait);
  wait.cancel(new TestContext());
  expect(barrier.arrived).toBe(0);
  const other = barrier.wait();
  pending(other);
  ready(barrier.wait());
  expect(cx.wakes).toBe(0);
  ready(other);
  expect(() => wait.poll(cx)).toThrow(PollAfterCompletionError);
});

test("Barrier: a wait cancelled after the others have come has arrived", () => {
  const barrier = new Barrier(2);
  const wait = barrier.wait();
  pending(wait);
  ready(barrier.wait());
  wait.cancel(new TestContext());
  expect(barrier.arrived).toBe(0);
  pending(barrier.wait());
});

test("Barrier: a wait that was cancelled or has its result cannot be polled again", () => {
  const barrier = new Barrier(1);
  const wait = barrier.wait();
  ready(wait);
  expect(() => wait.poll(new TestContext())).toThrow(PollAfterCompletionError);
  const unpolled = barrier.wait();
  unpolled.cancel(new TestContext());
  expect(() => unpolled.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("Barrier: arriving takes a unit of budget, waiting takes none", () => {
  const { handle } = new Runtime();
  const barrier = new Barrier(2);
  const cx = new TestContext(handle);
  handle.budget = 0;
  const wait = barrier.wait();
  pending(wait, cx);
  expect(cx.wakes).toBe(1);
  expect(barrier.arrived).toBe(0);
  handle.budget = 1;
  pending(wait, cx);
  expect(barrier.arrived).toBe(1);
  expect(handle.budget).toBe(1);
  ready(barrier.wait(), cx);
  expect(handle.budget).toBe(0);
});

test("Barrier: a size that makes no sense is refused at the call", () => {
  for (const size of [-1, 1.5, Number.NaN]) expect(() => new Barrier(size)).toThrow(RangeError);
  // What TypeScript would not let through.
  expect(() => new Barrier("2" as unknown as number)).toThrow(TypeError);
  expectTypeOf(new Barrier(1).wait()).toEqualTypeOf<Future<BarrierWaitResult>>();
});

test("Barrier: a waker may come back while a generation is being let go", () => {
  const barrier = new Barrier(3);
  const [first, second] = [barrier.wait(), barrier.wait()];
  class Reentrant extends TestContext {
    override wake(): void {
      second.cancel(this);
      pending(barrier.wait());
    }
  }
  pending(first, new Reentrant());
  const cx = pending(second);
  ready(barrier.wait());
  expect(cx.wakes).toBe(0);
  expect(barrier.arrived).toBe(1);
});

test("Barrier: a wait cancelled at any poll leaves the barrier usable by the others", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const barrier = new Barrier(2);
    const leaders: boolean[] = [];
    const arrive = co(function* () {
      const { isLeader } = yield* barrier.wait();
      leaders.push(isLeader);
    });
    const main = co(function* () {
      const operation = cancelAt(barrier.wait());
      const late = co(function* () {
        yield* yieldNow();
        yield* yieldNow();
        yield* arrive();
      });
      const other = spawn(late());
      const outcome = yield* operation;
      if (outcome.cancelled) {
        // The other one has passed with the one that was cancelled after that, or it needs a partner.
        yield* yieldNow();
        yield* yieldNow();
        yield* yieldNow();
        if (barrier.arrived === 1) yield* arrive();
      }
      yield* other;
    });
    await run(main());
    expect(barrier.arrived).toBe(0);
    expect(leaders.filter((isLeader) => isLeader)).toHaveLength(1);
  });
});

test("Barrier: 100,000 cancelled waits leave nothing behind", () => {
  const barrier = new Barrier(1_000_000);
  const cx = new TestContext();
  const batch = (): void => {
    const waits = Array.from({ length: 100_000 }, () => barrier.wait());
    for (const wait of waits) pending(wait, cx);
    for (const wait of waits) wait.cancel(cx);
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(barrier.arrived).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});

test("Barrier: whoever comes and goes, each generation has one leader and the right size", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.nat(9), { maxLength: 50 }), (size, moves) => {
      const barrier = new Barrier(size);
      let waits: { wait: Future<BarrierWaitResult>; cx: TestContext }[] = [];
      for (const move of moves) {
        if (move < 3 && waits.length > 0) {
          const [{ wait, cx }] = waits.splice(move % waits.length, 1) as [(typeof waits)[0]];
          wait.cancel(cx);
        } else if (waits.length + 1 < size) {
          const wait = barrier.wait();
          waits.push({ wait, cx: pending(wait) });
        } else {
          expect(ready(barrier.wait()).isLeader).toBe(true);
          for (const { wait, cx } of waits) {
            expect(cx.wakes).toBe(1);
            expect(ready(wait).isLeader).toBe(false);
          }
          waits = [];
        }
        expect(barrier.arrived).toBe(waits.length);
      }
    }),
  );
});
