import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { uncompiled } from "../../test/support/uncompiled.ts";
import { run } from "../runtime/runtime.ts";
import { co } from "./coroutine.ts";
import { BadYieldError, NoContextError, NotCompiledError, PollAfterCompletionError } from "./errors.ts";
import { Future, type Suspend } from "./future.ts";
import { Pending } from "./poll.ts";

/** What a `co` whose types do not fit is given, for the errors at run time. */
const untyped = co as unknown as (fn: unknown) => (...args: unknown[]) => Future<unknown>;

describe("co: a call", () => {
  test("does nothing but evaluate the parameters", () => {
    const log: string[] = [];
    const logged = co(function* (n: number = log.push("parameter")) {
      log.push("body");
      return n;
    });
    const future = logged();
    expect(log).toEqual(["parameter"]);
    ready(future);
    expect(log).toEqual(["parameter", "body"]);
  });

  test("whose parameters throw is a future that fails, once", () => {
    const error = new Error("parameter");
    const fails = co(function* ({ length }: { length: number }) {
      return length;
    });
    const future = fails(null as never);
    const cx = new TestContext();
    expect(() => future.poll(cx)).toThrow(TypeError);
    expect(() => future.poll(cx)).toThrow(PollAfterCompletionError);
    const throws = co(function* (
      _value: unknown = (() => {
        throw error;
      })(),
    ) {});
    expect(() => throws().poll(cx)).toThrow(error);
    expect(throws().cancel(cx)).toBe(undefined);
  });

  test("whose parameters throw is caught where it is awaited", () => {
    const fails = co(function* (
      _value: unknown = (() => {
        throw new Error("parameter");
      })(),
    ) {});
    const caller = co(function* () {
      const callee = fails();
      try {
        yield* callee;
        return "no error";
      } catch (error) {
        return (error as Error).message;
      }
    });
    expect(ready(caller())).toBe("parameter");
  });

  test("keeps this, name and length", () => {
    const counter = {
      n: 1,
      add: co(function* add(this: { n: number }, a: number, b: number) {
        this.n += a + b;
        return this.n;
      }),
    };
    expect(ready(counter.add(2, 3))).toBe(6);
    expect(counter.n).toBe(6);
    expect([counter.add.name, counter.add.length]).toEqual(["add", 2]);
    const arrowNamed = co(function* () {});
    expect(arrowNamed.name).toBe("");
  });

  test("makes a new future each time", () => {
    const one = co(function* () {
      return {};
    });
    expect(ready(one())).not.toBe(ready(one()));
  });
});

describe("co: a body", () => {
  test("that waits for nothing is ready at the first poll", () => {
    expect(
      ready(
        co(function* () {
          return 7;
        })(),
      ),
    ).toBe(7);
  });

  test("suspends only where a value is not there yet", () => {
    const gate = new Gate<number>();
    const sum = co(function* () {
      const a = yield* co(function* () {
        return 1;
      })();
      const b = yield* gate;
      return a + b;
    })();
    const cx = pending(sum);
    gate.open(2);
    expect(cx.wakes).toBe(1);
    expect(sum.poll(cx)).toBe(3);
    expect(gate.polls).toBe(2);
  });

  test("throws what it fails with, before and after a suspend", () => {
    const error = new Error("x");
    expect(() =>
      co(function* () {
        throw error;
      })().poll(new TestContext()),
    ).toThrow(error);
    const gate = new Gate();
    const late = co(function* () {
      yield* gate;
      throw error;
    })();
    const cx = pending(late);
    gate.open();
    expect(() => late.poll(cx)).toThrow(error);
  });

  test("catches what an awaited future fails with, and goes on", () => {
    const gate = new Gate();
    const catching = co(function* () {
      try {
        yield* gate;
      } catch (error) {
        return (error as Error).message;
      } finally {
        yield* co(function* () {})();
      }
      return "no error";
    })();
    const cx = pending(catching);
    gate.fail(new Error("gate"));
    expect(catching.poll(cx)).toBe("gate");
  });

  test("after its end a poll throws; a cancel does nothing", () => {
    const cx = new TestContext();
    const ended = co(function* named() {
      return 1;
    })();
    ready(ended, cx);
    expect(() => ended.poll(cx)).toThrow(PollAfterCompletionError);
    expect(() => ended.poll(cx)).toThrow(/the coroutine/);
    expect(ended.cancel(cx)).toBe(undefined);
    const failed = co(function* () {
      throw new Error("x");
    })();
    expect(() => failed.poll(cx)).toThrow("x");
    expect(() => failed.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("gives any value: undefined, a promise, a function, a future", () => {
    const values: unknown[] = [undefined, null, Promise.resolve(1), () => 1, new Gate(), Number.NaN];
    for (const value of values)
      expect(
        ready(
          co(function* () {
            return value;
          })(),
        ),
      ).toBe(value);
  });

  test("resolves to what it returns as it is: the generator form adopts no thenable", async () => {
    // biome-ignore lint/suspicious/noThenProperty: the case under test
    const thenable = { then: () => raise(new Error("adopted")) };
    expect(
      ready(
        co(function* () {
          return thenable;
        })(),
      ),
    ).toBe(thenable);
  });

  test("may be recursive, and a loop of a million ready awaits neither grows the stack nor suspends", () => {
    const one = co(function* () {
      return 1;
    });
    const depth: (n: number) => Future<number> = co(function* (n: number) {
      return n === 0 ? 0 : 1 + (yield* depth(n - 1));
    });
    expect(ready(depth(500))).toBe(500);
    const loop = co(function* () {
      let n = 0;
      for (let i = 0; i < 100_000; i++) n += yield* one();
      return n;
    });
    expect(ready(loop())).toBe(100_000);
  });
});

describe("co: bad yields", () => {
  const values: [string, unknown][] = [
    ["a future without the star", new Gate()],
    ["a promise", Promise.resolve()],
    ["undefined", undefined],
    ["Pending", Pending],
    ["a number", 1],
  ];
  for (const [what, value] of values) {
    test(`${what} throws BadYieldError into the coroutine`, () => {
      const bad = untyped(function* bad(): Generator<unknown, void> {
        yield value;
      });
      expect(() => bad().poll(new TestContext())).toThrow(BadYieldError);
      expect(() => bad().poll(new TestContext())).toThrow(/coroutine bad yielded .*write `yield\* future`/);
    });
  }

  test("may be caught, and the coroutine goes on", () => {
    const caught = untyped(function* (): Generator<unknown, unknown> {
      for (let i = 0; i < 3; i++) {
        try {
          yield i;
        } catch (error) {
          if (!(error instanceof BadYieldError)) throw error;
        }
      }
      return "done";
    });
    expect(ready(caught())).toBe("done");
  });

  test("in a helper generator name the coroutine", () => {
    function* helper(): Generator<unknown, void> {
      yield 5;
    }
    const outer = untyped(function* outer(): Generator<unknown, void> {
      yield* helper();
    });
    expect(() => outer().poll(new TestContext())).toThrow(/coroutine outer yielded 5/);
  });

  test("yield* outside of a coroutine throws NoContextError", () => {
    function* bare(): Generator<Suspend, void> {
      yield* new Gate();
    }
    expect(() => bare().next()).toThrow(NoContextError);
    function* calls(): Generator<Suspend, void> {
      yield* co(function* () {})();
    }
    expect(() => calls().next()).toThrow(NoContextError);
  });

  test("yield* on a future inside the poll of a plain future has no coroutine to suspend", () => {
    class Drives extends Future<unknown> {
      override poll(): unknown {
        return (function* () {
          yield* new Gate();
        })().next();
      }
    }
    expect(() =>
      co(function* () {
        yield* new Drives();
      })().poll(new TestContext()),
    ).not.toThrow(TypeError);
  });
});

describe("co: bad arguments", () => {
  uncompiled("an async function that no compiler has seen is told which plugin is missing", () => {
    expect(() => co(async function work() {})).toThrow(NotCompiledError);
    expect(() => co(async () => {})).toThrow(/@pollux\/compiler/);
    expect(() => untyped(async function* () {})).toThrow(NotCompiledError);
    expect(() => untyped(async function* work() {})).toThrow(
      /async generator work.*@pollux\/compiler.*Stream\.make/,
    );
  });

  test("anything else that is no generator function throws TypeError", () => {
    for (const value of [undefined, null, 5, () => 1, class {}, (function* () {})()]) {
      expect(() => untyped(value)).toThrow(TypeError);
    }
  });
});

describe("co: helper generators", () => {
  test("may stand between coroutines and suspend for them", () => {
    const [a, b] = [new Gate<number>(), new Gate<number>()];
    function* helper(gate: Gate<number>): Generator<Suspend, number> {
      const value = yield* inner(gate);
      return value * 10;
    }
    const inner = co(function* (gate: Gate<number>) {
      return 1 + (yield* gate);
    });
    const outer = co(function* () {
      return (yield* helper(a)) + (yield* helper(b));
    })();
    const cx = pending(outer);
    a.open(1);
    pending(outer, cx);
    b.open(2);
    expect(ready(outer, cx)).toBe(50);
  });

  test("a suspend that a helper swallows is told apart from a bad yield", () => {
    const gate = new Gate();
    const swallowing = untyped(function* (): Generator<unknown, unknown> {
      const it = (gate as Future<void>)[Symbol.iterator]();
      it.next();
      yield "instead";
      return undefined;
    });
    expect(() => swallowing().poll(new TestContext())).toThrow(BadYieldError);
  });
});

describe("co: types", () => {
  test("infer the parameters, the result, this, and type parameters", () => {
    const plain = co(function* (_a: number, _b?: string) {
      return true;
    });
    expectTypeOf(plain).parameters.toEqualTypeOf<[a: number, b?: string | undefined]>();
    expectTypeOf(plain(1)).toEqualTypeOf<Future<boolean>>();

    const generic = co(function* <T extends object>(value: T, ...rest: T[]) {
      return [value, ...rest];
    });
    expectTypeOf(generic({ a: 1 })).toEqualTypeOf<Future<{ a: number }[]>>();
    // @ts-expect-error the constraint is kept
    expect(() => generic(5)).not.toThrow();

    const method = co(function* (this: { n: number }) {
      return this.n;
    });
    expectTypeOf(method).thisParameter.toEqualTypeOf<{ n: number }>();
    expectTypeOf(co(function* () {})()).toEqualTypeOf<Future<void>>();
  });

  test("infer what yield* gives, through helpers and inference of the whole body", () => {
    const text = co(function* () {
      return "a";
    });
    const caller = co(function* (flag: boolean) {
      const a = yield* text();
      expectTypeOf(a).toEqualTypeOf<string>();
      const b = yield* new Gate<number>();
      expectTypeOf(b).toEqualTypeOf<number>();
      return flag ? a : b;
    });
    expectTypeOf(caller(true)).toEqualTypeOf<Future<string | number>>();
  });

  test("refuse to yield what is no suspension", () => {
    // @ts-expect-error a future is awaited with the star
    co(function* () {
      yield new Gate();
    });
    // @ts-expect-error so is a promise
    co(function* () {
      yield Promise.resolve();
    });
    // @ts-expect-error not even the sentinel
    co(function* () {
      yield Pending;
    });
  });

  uncompiled("the async form has the same type", () => {
    const make = (): ((a: number) => Future<string>) => co(async (a: number) => `${a}`);
    expectTypeOf(make).returns.parameters.toEqualTypeOf<[a: number]>();
    expectTypeOf(make).returns.returns.toEqualTypeOf<Future<string>>();
    expect(make).toThrow(NotCompiledError);
  });

  test("a future awaits to its value", async () => {
    expectTypeOf<Awaited<Future<number>>>().toEqualTypeOf<number>();
    expect(
      await run(
        co(function* () {
          return 1;
        })(),
      ),
    ).toBe(1);
  });
});
