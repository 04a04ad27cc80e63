import { expect, test } from "vitest";
import { catchError } from "../../../src/combine/catch-error.ts";
import { join } from "../../../src/combine/join.ts";
import { never } from "../../../src/combine/never.ts";
import { ready } from "../../../src/combine/ready.ts";
import { select } from "../../../src/combine/select.ts";
import { co } from "../../../src/core/coroutine.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { mpsc } from "../../../src/sync/mpsc.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import { pending, ready as readyNow } from "../../support/context.ts";

test("join: is ready when both are", () => {
  const [tx1, rx1] = oneshot<number>();
  const [tx2, rx2] = oneshot<number>();
  const both = join(rx1, rx2);
  const cx = pending(both);
  tx1.send(1);
  pending(both, cx);
  tx2.send(2);
  expect(readyNow(both, cx)).toEqual([1, 2]);
});

test("select: the arm that is ready wins", () => {
  const [tx1, rx1] = oneshot<number>();
  const [, rx2] = oneshot<number>();
  tx1.send(1);
  expect(readyNow(select({ rx1, rx2 }))).toEqual({ key: "rx1", value: 1 });
});

test("select_biased: the arm that is ready wins, whatever its place", () => {
  const [tx1, rx1] = oneshot<number>();
  const [, rx2] = oneshot<number>();
  tx1.send(1);
  expect(readyNow(select({ rx2, rx1 }, { biased: true }))).toEqual({ key: "rx1", value: 1 });
});

test("select_streams: values, nothing there yet (a ready arm at the end), and all closed (`else`) are told apart", () =>
  run(
    co(function* () {
      const [tx1, rx1] = mpsc<number>(1);
      const [tx2, rx2] = mpsc<number>(1);
      const open = { a: true, b: true };
      let total = 0;
      const round = () =>
        select(
          {
            a: open.a && catchError(rx1.recv(), () => undefined),
            b: open.b && catchError(rx2.recv(), () => undefined),
            // What `default` is upstream, as long as there is something to wait for.
            none: (open.a || open.b) && ready(),
          },
          { biased: true, else: "complete" },
        );
      expect((yield* round()).key).toBe("none");
      yield* tx1.send(2);
      yield* tx2.send(3);
      const keys: string[] = [];
      for (;;) {
        const result = yield* round();
        keys.push(result.key);
        if (result.key === "else") break;
        if (result.key === "none") {
          tx1.close();
          tx2.close();
        } else if (result.value === undefined) open[result.key] = false;
        else total += result.value;
      }
      expect(total).toBe(5);
      expect(keys).toEqual(["a", "b", "none", "a", "b", "else"]);
    })(),
  ));

test("select_can_move_uncompleted_futures: the loser can still be awaited", () =>
  run(
    co(function* () {
      const [tx1, rx1] = oneshot<number>();
      const [tx2, rx2] = oneshot<number>();
      tx1.send(1);
      tx2.send(2);
      const { key } = yield* select({ rx1: rx1.ref(), rx2: rx2.ref() });
      expect(yield* key === "rx1" ? rx2 : rx1).toBe(key === "rx1" ? 2 : 1);
    })(),
  ));

test("select_nested: a select may be an arm of another one", () => {
  const inner = select({ y: ready(2) });
  expect(readyNow(select({ inner }))).toEqual({ key: "inner", value: { key: "y", value: 2 } });
});

test("select_on_non_unpin_expressions: arms may be calls, made in place", () => {
  const make = co(function* () {
    return 5;
  });
  expect(readyNow(select({ a: make(), b: make() })).value).toBe(5);
});

test("select_on_non_unpin_expressions_with_default: an arm that is ready goes before the default", () => {
  const make = co(function* () {
    return 5;
  });
  expect(readyNow(select({ a: make(), b: make(), none: ready(7) }, { biased: true })).value).toBe(5);
});

test("select_can_be_used_as_expression: the result is a value", () => {
  expect([7, 3]).toContain(readyNow(select({ x: ready(7), y: ready(3) })).value);
});

test("select_with_default_can_be_used_as_expression: a ready arm at the end of a biased one is what a default is", () => {
  const result = readyNow(select({ x: never(), y: never(), none: ready(99) }, { biased: true }));
  expect(result).toEqual({ key: "none", value: 99 });
});

test("select_with_complete_can_be_used_as_expression: with nothing left to wait for, `else` is the value", () => {
  expect(readyNow(select({ x: null, y: null }, { else: 237 })).value).toBe(237);
});
