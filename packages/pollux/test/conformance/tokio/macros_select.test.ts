import { expect, test } from "vitest";
import { catchError } from "../../../src/combine/catch-error.ts";
import { never } from "../../../src/combine/never.ts";
import { pollFn } from "../../../src/combine/poll-fn.ts";
import { seedRandom } from "../../../src/combine/random.ts";
import { ready } from "../../../src/combine/ready.ts";
import { select } from "../../../src/combine/select.ts";
import { POLL_BUDGET } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import type { Future } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { consumeBudget } from "../../../src/task/consume-budget.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { pending, ready as readyNow, TestContext } from "../../support/context.ts";

const one = co(function* () {
  return 1;
});

test("sync_one_lit_expr_comma: a select of one arm gives that arm's value", () => {
  expect(readyNow(select({ foo: one() }))).toEqual({ key: "foo", value: 1 });
});

test("no_branch_else_only: without any arm it gives what `else` says", () => {
  expect(readyNow(select({}, { else: 1 }))).toEqual({ key: "else", value: 1 });
});

test("no_branch_else_only_biased: the same with `biased`", () => {
  expect(readyNow(select({}, { biased: true, else: 1 }))).toEqual({ key: "else", value: 1 });
});

test("nested_one: what comes after an arm may select again", () =>
  run(
    co(function* () {
      const outer = yield* select({ foo: one() });
      const inner = yield* select({ bar: ready(outer.value) });
      expect(inner.value).toBe(1);
    })(),
  ));

test("sync_one_await: an arm may be the call of a coroutine", async () => {
  expect((await run(select({ foo: one() }))).value).toBe(1);
});

test("sync_one_ident: an arm may be a future that was made before", async () => {
  const made = one();
  expect((await run(select({ made }))).value).toBe(1);
});

test("sync_two: of two arms that are ready at once only one runs", async () => {
  let count = 0;
  const counting = co(function* (value: number) {
    count++;
    return value;
  });
  const result = await run(select({ foo: counting(1), bar: counting(2) }));
  expect(count).toBe(1);
  expect([1, 2]).toContain(result.value);
});

test("drop_in_fut: an arm owns what it was given, and may be done with it", async () => {
  const given = co(function* (text: string | undefined) {
    const value = yield* one();
    text = undefined;
    return [value, text];
  });
  expect((await run(select({ foo: given("hello") }))).value).toEqual([1, undefined]);
});

test("one_ready: the arm that is ready wins over the one that is not", () =>
  run(
    co(function* () {
      const [tx1, rx1] = oneshot<number>();
      const [, rx2] = oneshot<number>();
      tx1.send(1);
      expect(yield* select({ rx1, rx2 })).toEqual({ key: "rx1", value: 1 });
    })(),
  ));

test("select_streams: in a loop it takes what comes from both channels, until both are closed and `else` is left", () =>
  run(
    co(function* () {
      const [tx1, rx1] = unboundedMpsc<number>();
      const [tx2, rx2] = unboundedMpsc<number>();
      spawn(
        co(function* () {
          tx2.send(1);
          yield* yieldNow();
          tx1.send(2);
          yield* yieldNow();
          tx2.send(3);
          yield* yieldNow();
          tx1.close();
          tx2.close();
        })(),
      );
      const received: number[] = [];
      const open = { a: true, b: true };
      for (;;) {
        // What a pattern does upstream, a precondition does here: a closed channel disables its arm.
        const result = yield* select(
          {
            a: open.a && catchError(rx1.recv(), () => undefined),
            b: open.b && catchError(rx2.recv(), () => undefined),
          },
          { else: null },
        );
        if (result.key === "else") break;
        if (result.value === undefined) open[result.key] = false;
        else received.push(result.value);
      }
      expect(received.sort()).toEqual([1, 2, 3]);
    })(),
  ));

test("move_uncompleted_futures: what was lent and lost can be awaited afterwards", () =>
  run(
    co(function* () {
      const [tx1, rx1] = oneshot<number>();
      const [tx2, rx2] = oneshot<number>();
      tx1.send(1);
      tx2.send(2);
      const result = yield* select({ rx1: rx1.ref(), rx2: rx2.ref() });
      if (result.key === "rx1") expect([result.value, yield* rx2]).toEqual([1, 2]);
      else expect([result.value, yield* rx1]).toEqual([2, 1]);
    })(),
  ));

test("nested: a select inside of the code after an arm sees that arm's value", () =>
  run(
    co(function* () {
      const { value: x } = yield* select({ x: one() });
      const { value: y } = yield* select({ y: ready(2) });
      expect(x + y).toBe(3);
    })(),
  ));

test("future_panics_after_poll: an arm that has ended is never polled again", () => {
  // Upstream its value does not match; here a failure that the arm handles leaves it out of the next round.
  let polled = false;
  const once = pollFn(() => {
    if (polled) throw new Error("polled again");
    polled = true;
    return null;
  });
  const [tx, rx] = oneshot<number>();
  const future = co(function* () {
    let matching = true;
    for (;;) {
      const result = yield* select({ once: matching && once, rx: rx.ref() }, { biased: true });
      if (result.key === "rx") return result.value;
      matching = false;
    }
  })();
  const cx = new TestContext();
  pending(future, cx);
  pending(future, cx);
  tx.send(1);
  expect(readyNow(future, cx)).toBe(1);
});

test("disable_with_if: an arm with a false precondition is not polled, and the others wake the select", () => {
  const panics = pollFn((): never => {
    throw new Error("polled");
  });
  const disabled = (): boolean => false;
  const [tx, rx] = oneshot<void>();
  const future = select({ panics: disabled() && panics, rx });
  const cx = pending(future);
  tx.send();
  expect(cx.wakes).toBe(1);
  expect(readyNow(future, cx).key).toBe("rx");
});

test("join_with_select: a join can be written as a loop over a select with preconditions and loans", () => {
  const [tx1, rx1] = oneshot<number>();
  const [tx2, rx2] = oneshot<number>();
  const future = co(function* () {
    let a: number | undefined;
    let b: number | undefined;
    while (a === undefined || b === undefined) {
      const result = yield* select({ a: a === undefined && rx1.ref(), b: b === undefined && rx2.ref() });
      if (result.key === "a") a = result.value;
      else b = result.value;
    }
    return [a, b];
  })();
  const cx = pending(future);
  tx1.send(123);
  expect(cx.takeWakes()).toBe(1);
  pending(future, cx);
  tx2.send(456);
  expect(cx.takeWakes()).toBe(1);
  expect(readyNow(future, cx)).toEqual([123, 456]);
});

test("use_future_in_if_condition: a future behind a false precondition is never begun", async () => {
  const never: boolean = false;
  const runtime = new Runtime({ clock: "paused" });
  const result = await runtime.run(select({ sleep: never && sleep(10), one: one() }));
  expect(result).toEqual({ key: "one", value: 1 });
  expect(runtime.timers.size).toBe(0);
});

test("use_future_in_if_condition_biased: the same with `biased`", async () => {
  const never: boolean = false;
  const result = await run(select({ sleep: never && sleep(10), one: one() }, { biased: true }));
  expect(result).toEqual({ key: "one", value: 1 });
});

test("many_branches: 64 arms are as good as two", () => {
  const arms = Object.fromEntries(Array.from({ length: 64 }, (_, n) => [`arm ${n}`, one()] as const));
  expect(readyNow(select(arms)).value).toBe(1);
});

test("never_branch_no_warnings: an arm that never ends has no say, in the types either", () => {
  const result = readyNow(select({ never: never(), one: one() }));
  const value: number = result.value;
  expect(value).toBe(1);
});

test("biased_one_not_ready: of the arms that are ready, the first in order wins", () =>
  run(
    co(function* () {
      const [, rx1] = oneshot<number>();
      const [tx2, rx2] = oneshot<number>();
      const [tx3, rx3] = oneshot<number>();
      tx2.send(2);
      tx3.send(3);
      expect(yield* select({ rx1, rx2, rx3 }, { biased: true })).toEqual({ key: "rx2", value: 2 });
    })(),
  ));

test("biased_eventually_ready: what is ready wins over lent arms before it that need a second poll, which then win in order", () =>
  run(
    co(function* () {
      const [one, two, three] = [ready(), yieldNow(), yieldNow()];
      let count = 0;
      const order: string[] = [];
      for (;;) {
        const result = yield* select(
          { two: count < 2 && two.ref(), three: count < 3 && three.ref(), one: count < 1 && one.ref() },
          { biased: true, else: null },
        );
        if (result.key === "else") break;
        order.push(result.key);
        count++;
      }
      expect(order).toEqual(["one", "two", "three"]);
    })(),
  ));

test("unstable::deterministic_select_current_thread: the same seed gives the same winners", async () => {
  const arms = (): Record<string, Future<number>> =>
    Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`arm ${n}`, ready(n)] as const));
  const rounds = async (): Promise<number[]> => {
    seedRandom(0x5eed);
    const winners: number[] = [];
    for (let n = 0; n < 10; n++) winners.push((await run(select(arms()))).value);
    return winners;
  };
  const first = await rounds();
  expect(await rounds()).toEqual(first);
  expect(new Set(first).size).toBeGreaterThan(1);
});

test("select_is_budget_aware: without budget no arm is ready, not even one that needs none", () => {
  const { handle } = new Runtime({ clock: "paused" });
  const cx = new TestContext(handle);
  handle.budget = POLL_BUDGET;
  const task = (): Future<unknown> =>
    select({ consume: consumeBudget(), free: pollFn(() => 1) }, { biased: true });
  for (let n = 0; n < POLL_BUDGET; n++) expect(task().poll(cx)).not.toBe(Pending);
  expect(task().poll(cx)).toBe(Pending);
  expect(cx.wakes).toBe(1);
});
