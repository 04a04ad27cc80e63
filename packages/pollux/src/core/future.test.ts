import { beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import "../runtime/default.ts";
import { join } from "../combine/join.ts";
import { tryJoin } from "../combine/try-join.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { ambient } from "./ambient.ts";
import { co } from "./coroutine.ts";
import { FutureInUseError, NoRuntimeError, PollAfterCompletionError } from "./errors.ts";
import { Future, isFuture } from "./future.ts";

describe("future: one owner", () => {
  let reports: unknown[];
  let runtime: Runtime;
  beforeEach(() => {
    reports = [];
    runtime = new Runtime({ clock: "paused", onUnhandledError: (error) => reports.push(error) });
  });

  /** A coroutine that awaits `future` and tells how that ended. */
  const awaits = co(function* <T>(future: Future<T>) {
    try {
      return yield* future;
    } catch (error) {
      return (error as { code: string }).code;
    }
  });

  test("two tasks: the second is told, and the first goes on undisturbed", () =>
    runtime.run(
      co(function* () {
        const gate = new Gate<string>();
        const first = spawn(awaits(gate));
        const second = spawn(awaits(gate));
        expect(yield* second).toBe("POLLUX_FUTURE_IN_USE");
        gate.open("value");
        expect(yield* first).toBe("value");
      })(),
    ));

  test("two tasks, when the value is there: the second does not take it", () =>
    runtime.run(
      co(function* () {
        const gate = new Gate<string>();
        const first = spawn(awaits(gate));
        yield* yieldNow();
        gate.open("value");
        expect(yield* awaits(gate)).toBe("POLLUX_FUTURE_IN_USE");
        expect(yield* first).toBe("value");
      })(),
    ));

  test("two tasks and one coroutine", () =>
    runtime.run(
      co(function* () {
        const gate = new Gate<string>();
        const shared = co(function* () {
          return yield* gate;
        })();
        const first = spawn(awaits(shared));
        const second = spawn(awaits(shared));
        expect(yield* second).toBe("POLLUX_FUTURE_IN_USE");
        gate.open("value");
        expect(yield* first).toBe("value");
      })(),
    ));

  test("spawned twice; spawned and awaited; awaited and spawned", () =>
    runtime.run(
      co(function* () {
        const gate = new Gate<string>();
        const task = spawn(gate);
        expect(() => spawn(gate)).toThrow(FutureInUseError);
        expect(yield* awaits(gate)).toBe("POLLUX_FUTURE_IN_USE");
        gate.open("value");
        expect(yield* task).toBe("value");

        const other = new Gate<string>();
        const first = spawn(awaits(other));
        yield* yieldNow();
        expect(() => spawn(other)).toThrow(FutureInUseError);
        other.open("value");
        expect(yield* first).toBe("value");
        expect(reports).toEqual([]);
      })(),
    ));

  test("given twice to one combinator", () =>
    runtime.run(
      co(function* () {
        const gate = new Gate<number>();
        expect(yield* awaits(tryJoin(gate, gate))).toBe("POLLUX_FUTURE_IN_USE");
        const shared = spawn(
          co(function* () {
            return 7;
          })(),
        );
        expect(yield* join(shared, shared)).toEqual([7, 7]);
      })(),
    ));

  test("from within its own poll", () =>
    runtime.run(
      co(function* () {
        const own: Future<unknown> = co(function* () {
          return yield* awaits(own);
        })();
        expect(yield* own).toBe("POLLUX_FUTURE_IN_USE");
      })(),
    ));

  test("from within its own poll, by hand and after a suspend", () => {
    const gate = new Gate();
    const cx = new TestContext();
    const own: Future<unknown> = co(function* () {
      yield* gate;
      return own.poll(cx);
    })();
    pending(own, cx);
    gate.open();
    expect(() => own.poll(cx)).toThrow(FutureInUseError);
  });

  test("after the owner has let go, by cancelling a loan, the next may have it", () => {
    const gate = new Gate<number>();
    const cx = new TestContext();
    const loan = gate.ref();
    pending(loan, cx);
    expect(() => gate.claim({})).toThrow(FutureInUseError);
    expect(() => gate.ref().poll(cx)).toThrow(FutureInUseError);
    loan.cancel(cx);
    gate.claim({});
  });

  test("a JoinHandle may have many", () =>
    runtime.run(
      co(function* () {
        const gate = new Gate<string>();
        const task = spawn(gate);
        const joins = [spawn(awaits(task)), spawn(awaits(task)), spawn(awaits(task.ref()))];
        yield* yieldNow();
        gate.open("value");
        for (const join of joins) expect(yield* join).toBe("value");
        expect(yield* task).toBe("value");
        expect(yield* task).toBe("value");
      })(),
    ));
});

describe("Future.ref", () => {
  test("a loan that is given up leaves the future as it was", () => {
    const gate = new Gate<number>();
    for (let i = 0; i < 3; i++) {
      const loan = gate.ref();
      const cx = pending(loan);
      expect(loan.cancel(cx)).toBe(undefined);
      expect(() => loan.poll(cx)).toThrow(PollAfterCompletionError);
    }
    expect([gate.polls, gate.cancels]).toEqual([3, 0]);
    gate.open(7);
    expect(ready(gate.ref())).toBe(7);
  });

  test("wakes the latest borrower", () => {
    const gate = new Gate<number>();
    const [first, second] = [new TestContext(), new TestContext()];
    const loan = gate.ref();
    pending(loan, first);
    loan.cancel(first);
    pending(gate.ref(), second);
    gate.open(1);
    expect([first.wakes, second.wakes]).toEqual([0, 1]);
  });

  test("of a coroutine: resumed where it was, by another borrower, and then by a caller", () => {
    const gates = [new Gate<number>(), new Gate<number>(), new Gate<number>()] as const;
    const log: number[] = [];
    const inner = co(function* () {
      for (const gate of gates) log.push(yield* gate);
      return log.length;
    });
    const lent = co(function* () {
      return yield* inner();
    })();
    const cx = new TestContext();
    const first = lent.ref();
    pending(first, cx);
    gates[0].open(1);
    pending(first, cx);
    first.cancel(cx);
    const second = lent.ref();
    gates[1].open(2);
    pending(second, cx);
    second.cancel(cx);
    const caller = co(function* () {
      return yield* lent;
    })();
    pending(caller, cx);
    gates[2].open(3);
    expect(ready(caller, cx)).toBe(3);
    expect(log).toEqual([1, 2, 3]);
  });

  test("of a coroutine that is then cancelled by its owner: the finally blocks run", () => {
    const log: string[] = [];
    const lent = co(function* () {
      try {
        yield* new Gate();
      } finally {
        log.push("finally");
      }
    })();
    const cx = new TestContext();
    const loan = lent.ref();
    pending(loan, cx);
    loan.cancel(cx);
    expect(log).toEqual([]);
    lent.cancel(cx);
    expect(log).toEqual(["finally"]);
  });

  test("ends with the future: a loan of what has ended throws", () => {
    const gate = new Gate<number>();
    gate.open(1);
    const loan = gate.ref();
    ready(loan);
    expect(() => loan.poll(new TestContext())).toThrow(PollAfterCompletionError);
    const failing = new Gate();
    failing.fail(new Error("x"));
    const failed = failing.ref();
    expect(() => failed.poll(new TestContext())).toThrow("x");
    expect(() => failed.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("in a loop that gives up and lends anew, nothing is lost and nothing is left", async () => {
    // A hand-made select: polls both, and cancels the loser.
    const either = co(function* <A, B>(a: Future<A>, b: Future<B>) {
      class Either extends Future<["a", A] | ["b", B]> {
        override poll(cx: import("./context.ts").Context) {
          const first = a.poll(cx);
          if (typeof first !== "symbol") {
            b.cancel(cx);
            return ["a", first] as ["a", A];
          }
          const second = b.poll(cx);
          if (typeof second !== "symbol") {
            a.cancel(cx);
            return ["b", second] as ["b", B];
          }
          return second as never;
        }
      }
      return yield* new Either();
    });
    await run(
      co(function* () {
        const gate = new Gate<string>();
        let rounds = 0;
        for (;;) {
          const [which, value] = yield* either(gate.ref(), yieldNow());
          if (which === "a") {
            expect(value).toBe("open");
            break;
          }
          if (++rounds === 100) gate.open("open");
        }
        expect([rounds, gate.polls, gate.cancels]).toEqual([100, 201, 0]);
      })(),
    );
  });
});

describe("Future.then", () => {
  test("a future is lazy: it runs when it is awaited, once, for all who await", async () => {
    let runs = 0;
    const future = co(function* () {
      runs++;
      yield* yieldNow();
      return runs;
    })();
    await Promise.resolve();
    expect(runs).toBe(0);
    const both = Promise.all([future, future]);
    expect(await both).toEqual([1, 1]);
    expect(await future).toBe(1);
    expect(runs).toBe(1);
  });

  test("rejects with what the future throws, for all who await", async () => {
    const error = new Error("x");
    const future = co(function* () {
      throw error;
    })();
    await expect(future).rejects.toBe(error);
    await expect(future.then(() => 1)).rejects.toBe(error);
    expect(await future.then(null, (e) => [e])).toEqual([error]);
  });

  test("runs on the runtime of the task that is polled, else on the default one", async () => {
    const executors: unknown[] = [];
    const where = co(function* () {
      executors.push(ambient.cx?.runtime);
    });
    const runtime = new Runtime();
    let awaited: Promise<void> | undefined;
    await runtime.run(
      co(function* () {
        awaited = where().then();
        yield* yieldNow();
        yield* yieldNow();
      })(),
    );
    await awaited;
    await where();
    expect(executors[0]).toBe(runtime.handle);
    expect(executors[1]).toBe(ambient.defaultRuntime?.());
  });

  test("without any runtime it says what is missing", () => {
    const { defaultRuntime } = ambient;
    ambient.defaultRuntime = null;
    try {
      expect(() => new Gate().then()).toThrow(NoRuntimeError);
    } finally {
      ambient.defaultRuntime = defaultRuntime;
    }
  });

  test("counts as the one owner", async () => {
    const gate = new Gate<number>();
    const awaited = gate.then((value) => value);
    await Promise.resolve();
    expect(() => spawn(gate)).toThrow(FutureInUseError);
    gate.open(1);
    expect(await awaited).toBe(1);
  });

  test("types", () => {
    const future: Future<number> = co(function* () {
      return 1;
    })();
    expectTypeOf(future.then()).toEqualTypeOf<Promise<number>>();
    expectTypeOf(
      future.then(
        (n) => `${n}`,
        () => null,
      ),
    ).toEqualTypeOf<Promise<string | null>>();
    expectTypeOf(Promise.all([future, future])).resolves.toEqualTypeOf<[number, number]>();
  });
});

describe("isFuture", () => {
  test("tells futures, of any copy of the library, from other things", () => {
    expect(isFuture(new Gate())).toBe(true);
    const other = { poll: () => 1, cancel: () => {}, claim: () => {} };
    expect(isFuture(other)).toBe(true);
    for (const value of [undefined, null, 5, {}, Promise.resolve(), () => {}, { poll: () => 1 }])
      expect(isFuture(value)).toBe(false);
  });
});

test("a future polled by another task later wakes that one: the most recent waker counts", () => {
  const gate = new Gate();
  const coroutine = co(function* () {
    yield* gate;
  })();
  const [first, second] = [new TestContext(), new TestContext()];
  pending(coroutine, first);
  pending(coroutine, second);
  gate.open();
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
});

test("a poll that was not asked for is harmless", () => {
  const gate = new Gate<number>();
  const coroutine = co(function* () {
    return (yield* gate) + 1;
  })();
  const cx = new TestContext();
  for (let i = 0; i < 5; i++) pending(coroutine, cx);
  gate.open(1);
  expect(coroutine.poll(cx)).toBe(2);
  expect(gate.polls).toBe(6);
});
