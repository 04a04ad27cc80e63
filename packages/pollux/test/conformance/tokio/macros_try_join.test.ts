import { expect, test } from "vitest";
import { ready } from "../../../src/combine/ready.ts";
import { tryJoin } from "../../../src/combine/try-join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { Semaphore } from "../../../src/sync/semaphore.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { pending, ready as readyNow } from "../../support/context.ts";

test("sync_one_lit_expr_comma: a tryJoin of one gives a tuple of one", () => {
  expect(readyNow(tryJoin(ready(1)))).toEqual([1]);
});

test("sync_two_lit_expr_comma: a tryJoin of two gives both values", () => {
  expect(readyNow(tryJoin(ready(1), ready(2)))).toEqual([1, 2]);
});

test("two_await: it is woken by each, and is ready when the last is", () => {
  const [tx1, rx1] = oneshot<string>();
  const [tx2, rx2] = oneshot<number>();
  const both = tryJoin(rx1, rx2);
  const cx = pending(both);
  tx2.send(123);
  expect(cx.takeWakes()).toBe(1);
  pending(both, cx);
  tx1.send("hello");
  expect(cx.takeWakes()).toBe(1);
  expect(readyNow(both, cx)).toEqual(["hello", 123]);
});

test("err_abort_early: the first failure ends it, whatever the others wait for", () => {
  const [tx1, rx1] = oneshot<string>();
  const [tx2, rx2] = oneshot<number>();
  const [tx3, rx3] = oneshot<number>();
  const all = tryJoin(rx1, rx2, rx3);
  const cx = pending(all);
  tx2.send(123);
  expect(cx.takeWakes()).toBe(1);
  pending(all, cx);
  tx1.close();
  expect(cx.takeWakes()).toBe(1);
  expect(() => all.poll(cx)).toThrow(ClosedError);
  expect(tx3.send(3)).toBe(false);
});

test("try_join_does_not_allow_tasks_to_starve: one that spends the whole budget in each poll leaves the other its turn", () =>
  run(
    co(function* () {
      const permits = new Semaphore(10);
      const order: string[] = [];
      const take = co(function* (name: string, rounds: number, times: number) {
        for (let round = 0; round < rounds; round++) {
          for (let n = 0; n < times; n++) (yield* permits.acquire())[Symbol.dispose]();
          order.push(name);
        }
        return rounds;
      });
      expect(yield* tryJoin(take("greedy", 5, 128), take("modest", 5, 1))).toEqual([5, 5]);
      expect(order.indexOf("modest")).toBeLessThan(order.lastIndexOf("greedy"));
    })(),
  ));

test("futures_are_polled_in_order_in_biased_mode: those that wake themselves are polled in the order of the arguments", () =>
  run(
    co(function* () {
      const order: number[] = [];
      const step = co(function* (n: number) {
        for (let round = 0; round < 4; round++) {
          order.push(n);
          yield* yieldNow();
        }
      });
      yield* tryJoin(step(1), step(2), step(3));
      expect(order).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3]);
    })(),
  ));

test("empty_try_join: a tryJoin of nothing is ready at once", () => {
  expect(readyNow(tryJoin())).toEqual([]);
});
