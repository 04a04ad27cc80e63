// The behaviours of the suites future_join_all, future_try_join_all, try_join, future_select_all, future_select_ok,
// future_basic_combinators and eventual.
import { expect, expectTypeOf, test } from "vitest";
import { andThen } from "../../../src/combine/and-then.ts";
import { any } from "../../../src/combine/any.ts";
import { catchError } from "../../../src/combine/catch-error.ts";
import { join, joinAll } from "../../../src/combine/join.ts";
import { map } from "../../../src/combine/map.ts";
import { race } from "../../../src/combine/race.ts";
import { failed, ready } from "../../../src/combine/ready.ts";
import { tryJoin, tryJoinAll } from "../../../src/combine/try-join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError } from "../../../src/core/errors.ts";
import type { Future } from "../../../src/core/future.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { pending, ready as readyNow, TestContext } from "../../support/context.ts";

test("future_join: futures_join_macro_self_referential: a coroutine that suspends keeps its own state when it is joined", () =>
  run(
    co(function* () {
      const trouble = co(function* () {
        const lucky = { number: 42 };
        const reference = lucky;
        yield* yieldNow();
        return reference === lucky;
      });
      expect(yield* join(yieldNow(), trouble())).toEqual([undefined, true]);
    })(),
  ));

test("future_join_all: collect_collects: gives the values in order, of two, of one, and of none", () => {
  expect(readyNow(joinAll([ready(1), ready(2)]))).toEqual([1, 2]);
  expect(readyNow(joinAll([ready(1)]))).toEqual([1]);
  expect(readyNow(joinAll([]))).toEqual([]);
});

test("future_join_all: join_all_from_iter: takes whatever can be iterated", () => {
  expect(readyNow(joinAll(new Set([ready(1), ready(2)]).values()))).toEqual([1, 2]);
});

test("future_try_join_all: collect_collects: gives the values in order, or the failure", () => {
  expect(readyNow(tryJoinAll([ready(1), ready(2)]))).toEqual([1, 2]);
  expect(() => tryJoinAll([ready(1), failed(new Error("2"))]).poll(new TestContext())).toThrow("2");
  expect(readyNow(tryJoinAll([ready(1)]))).toEqual([1]);
  expect(readyNow(tryJoinAll([]))).toEqual([]);
});

test("future_try_join_all: try_join_all_from_iter: takes whatever can be iterated", () => {
  expect(readyNow(tryJoinAll(new Set([ready(1), ready(2)]).values()))).toEqual([1, 2]);
});

test("try_join: try_join_never_ok: futures that only fail make a join that only fails", () => {
  const both = tryJoin(failed(new Error("1")), failed(new Error("2")));
  expectTypeOf(both).toEqualTypeOf<Future<[never, never]>>();
  expect(() => both.poll(new TestContext())).toThrow("1");
});

test("future_select_all: smoke: what is lent to a race and loses can race again, until none is left", () =>
  run(
    co(function* () {
      const left = new Map([1, 2, 3].map((n) => [n, ready(n)] as const));
      const won = new Set<number>();
      while (left.size > 0) {
        const value = yield* race([...left.values()].map((future) => future.ref()));
        left.delete(value);
        won.add(value);
      }
      expect(won).toEqual(new Set([1, 2, 3]));
    })(),
  ));

test("future_select_ok: ignore_err: takes the first success, whatever fails before it", () => {
  expect(readyNow(any([failed(1), failed(2), ready(3), ready(4)]))).toBe(3);
});

test("future_select_ok: last_err: fails when all have", () => {
  expect(readyNow(any([ready(1), failed(2), failed(3)]))).toBe(1);
  expect(() => any([failed(2), failed(3)]).poll(new TestContext())).toThrow("all 2");
});

test("future_basic_combinators: basic_future_combinators: a chain runs in order, and only when it is polled", () => {
  const seen: number[] = [];
  const chain = map(
    map(
      andThen(ready(1), (x) => {
        seen.push(x, 2);
        return ready(3);
      }),
      (x) => {
        seen.push(x, 4);
        return 5;
      },
    ),
    (x) => {
      seen.push(x);
    },
  );
  expect(seen).toEqual([]);
  readyNow(chain);
  expect(seen).toEqual([1, 2, 3, 4, 5]);
});

test("future_basic_combinators: basic_try_future_combinators: values pass the handlers of failures by, and the other way round", () => {
  const seen: unknown[] = [];
  const unexpected = (): never => {
    throw new Error("must not be called");
  };
  const first = andThen(ready(1), (x) => {
    seen.push(x, 2);
    return ready(3);
  });
  const second = map(catchError(first, unexpected), (x) => {
    seen.push(x, 4);
    throw 5;
  });
  const third = catchError(andThen(second, unexpected), (error) => {
    seen.push(error, 6);
    return failed(7);
  });
  const fourth = catchError(map(third, unexpected), (error) => {
    seen.push(error, 8);
  });
  readyNow(fourth);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("eventual: join1: a join of what is ready is ready", () => {
  expect(readyNow(tryJoin(ready(1), ready(2)))).toEqual([1, 2]);
});

test("eventual: join2: a join is ready when both are", () => {
  const [c1, p1] = oneshot<number>();
  const [c2, p2] = oneshot<number>();
  const both = tryJoin(p1, p2);
  const cx = pending(both);
  c1.send(1);
  pending(both, cx);
  c2.send(2);
  expect(readyNow(both, cx)).toEqual([1, 2]);
});

test("eventual: join3: a join fails when one has failed, and not again when the other does", () => {
  const [c1, p1] = oneshot<number>();
  const [c2, p2] = oneshot<number>();
  const both = tryJoin(p1, p2);
  const cx = pending(both);
  c1.close();
  expect(() => both.poll(cx)).toThrow(ClosedError);
  cx.wakes = 0;
  c2.close();
  expect(cx.wakes).toBe(0);
});

test("eventual: join5: joins nest", () => {
  const [c1, p1] = oneshot<number>();
  const [c2, p2] = oneshot<number>();
  const [c3, p3] = oneshot<number>();
  const all = tryJoin(tryJoin(p1, p2), p3);
  const cx = pending(all);
  for (const channel of [c1, c2]) {
    channel.send(1);
    pending(all, cx);
  }
  c3.send(3);
  expect(readyNow(all, cx)).toEqual([[1, 1], 3]);
});

test("eventual: select1: the first value wins, and what was lent goes on", () => {
  const [c1, p1] = oneshot<number>();
  const [c2, p2] = oneshot<number>();
  const both = race([p1.ref(), p2.ref()]);
  const cx = pending(both);
  c1.send(1);
  expect(readyNow(both, cx)).toBe(1);
  pending(p2, cx);
  c2.send(2);
  expect(readyNow(p2, cx)).toBe(2);
});

test("eventual: select2, select3: the first failure wins too, and what was lent goes on: to a value, or to a failure", () => {
  for (const ends of ["value", "failure"]) {
    const [c1, p1] = oneshot<number>();
    const [c2, p2] = oneshot<number>();
    const both = race([p1.ref(), p2.ref()]);
    const cx = pending(both);
    c1.close();
    expect(() => both.poll(cx)).toThrow(ClosedError);
    pending(p2, cx);
    if (ends === "value") {
      c2.send(2);
      expect(readyNow(p2, cx)).toBe(2);
    } else {
      c2.close();
      expect(() => p2.poll(cx)).toThrow(ClosedError);
    }
  }
});

test("eventual: select4: 10,000 races one after the other, each with a loser", () =>
  run(
    co(function* () {
      for (let n = 0; n < 10_000; n++) {
        const [c1, p1] = oneshot<number>();
        const [c2, p2] = oneshot<number>();
        c1.send(n);
        expect(yield* race([p2, p1])).toBe(n);
        expect(c2.send(n)).toBe(false);
      }
    })(),
  ));
