import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { AllDisabledError, FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future, Suspend } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { never } from "./never.ts";
import { seedRandom } from "./random.ts";
import { failed, ready } from "./ready.ts";
import { select } from "./select.ts";

describe("select", () => {
  test("names the arm that was first, and gives its value", () => {
    const [msg, tick] = [new Probe<string>(), new Probe<void>()];
    const both = select({ msg, tick });
    const cx = pending(both);
    msg.resolve("hello");
    expect(readyNow(both, cx)).toEqual({ key: "msg", value: "hello" });
  });

  test("the result is told apart by its key", () => {
    const future = select({ msg: ready("hello"), tick: sleep(10), n: ready(1) });
    expectTypeOf(future).toEqualTypeOf<
      Future<
        | { readonly key: "msg"; readonly value: string }
        | { readonly key: "tick"; readonly value: void }
        | { readonly key: "n"; readonly value: number }
      >
    >();
    co(function* () {
      const result = yield* select({ msg: ready("hello"), n: ready(1) });
      switch (result.key) {
        case "msg":
          expectTypeOf(result.value).toEqualTypeOf<string>();
          return;
        case "n":
          expectTypeOf(result.value).toEqualTypeOf<number>();
          return;
        default:
          expectTypeOf(result).toEqualTypeOf<never>();
      }
    });
  });

  test("an arm that can be disabled has the type of its future, and one that always is, none", () => {
    const open = Math.random() >= 0;
    const maybe: Future<string> | undefined = open ? ready("hello") : undefined;
    expectTypeOf(select({ off: open && ready(1), maybe, on: ready(true) })).toEqualTypeOf<
      Future<
        | { readonly key: "off"; readonly value: number }
        | { readonly key: "maybe"; readonly value: string }
        | { readonly key: "on"; readonly value: boolean }
      >
    >();
    expectTypeOf(select({ never: false, on: ready(true) })).toEqualTypeOf<
      Future<{ readonly key: "on"; readonly value: boolean }>
    >();
    const arms: { a: Future<number>; b?: Future<string> } = { a: ready(1) };
    expectTypeOf(select(arms)).toEqualTypeOf<
      Future<{ readonly key: "a"; readonly value: number } | { readonly key: "b"; readonly value: string }>
    >();
  });

  test("`else` adds its value to the result, with the key `else`", () => {
    expectTypeOf(select({ a: ready(1) }, { else: "closed" })).toEqualTypeOf<
      Future<{ readonly key: "a"; readonly value: number } | { readonly key: "else"; readonly value: string }>
    >();
    // @ts-expect-error an arm is a future, or disabled by `false`, `null` or `undefined`
    expect(() => select({ a: 1 })).toThrow(TypeError);
  });

  test("disabled arms are left out: false, null and undefined", () => {
    const result = readyNow(select({ a: false, b: null, c: undefined, d: ready("d") }));
    expect(result).toEqual({ key: "d", value: "d" });
  });

  test("when all arms are disabled, `else` is the value, even an undefined one", () => {
    expect(readyNow(select({ a: false }, { else: "closed" }))).toEqual({ key: "else", value: "closed" });
    expect(readyNow(select({}, { else: undefined }))).toEqual({ key: "else", value: undefined });
  });

  test("when all arms are disabled and there is no `else`, it throws an error that says so", () => {
    let thrown: unknown;
    try {
      select({ a: false }).poll(new TestContext());
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(AllDisabledError);
    expect((thrown as AllDisabledError).code).toBe("POLLUX_ALL_DISABLED");
    expect((thrown as AllDisabledError).message).toContain("else");
  });

  test("`else` is not used when an arm is enabled, ready or not", () => {
    expect(readyNow(select({ a: ready(1) }, { else: 2 }))).toEqual({ key: "a", value: 1 });
    pending(select({ a: never() }, { else: 2 }));
  });

  test("takes nothing but a record of futures, and says at the call what is wrong", () => {
    const wrong = select as (...args: unknown[]) => unknown;
    expect(() => wrong(ready(1))).toThrow("for a list there is race");
    expect(() => wrong([ready(1)])).toThrow("for a list there is race");
    expect(() => wrong(undefined)).toThrow("select needs a record of futures, not undefined");
    expect(() => wrong({ a: Promise.resolve(1) })).toThrow('"a" is an object (Promise): adopt a promise');
    expect(() => wrong({ a: 0 })).toThrow('select needs futures, and "a" is 0');
    expect(() => wrong({ else: ready(1) }, { else: 2 })).toThrow("rename the arm");
    expect(readyNow(select({ else: ready(1) }))).toEqual({ key: "else", value: 1 });
  });

  test("reads its arms at the call: what happens to the record later does not matter", () => {
    const arms: Record<string, Future<string>> = { a: ready("a") };
    const future = select(arms);
    arms["a"] = failed("changed");
    expect(readyNow(future)).toEqual({ key: "a", value: "a" });
  });

  test("starts at an arm that chance decides: each of those that are ready wins about as often", () => {
    seedRandom(7);
    const wins: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
    for (let n = 0; n < 4000; n++) {
      const { key } = readyNow(select({ a: ready(), b: ready(), c: ready(), d: ready() }));
      wins[key] = (wins[key] ?? 0) + 1;
    }
    for (const count of Object.values(wins)) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  test("the same seed gives the same choices", () => {
    const choices = (seed: number): string[] => {
      seedRandom(seed);
      return Array.from({ length: 50 }, () => readyNow(select({ a: ready(), b: ready(), c: ready() })).key);
    };
    expect(choices(3)).toEqual(choices(3));
    expect(choices(3)).not.toEqual(choices(4));
  });

  test("goes round from where it started, so that every arm is polled", () => {
    for (let seed = 0; seed < 20; seed++) {
      seedRandom(seed);
      const log: string[] = [];
      const probes = ["a", "b", "c", "d"].map((name) => new Probe(name));
      for (const probe of probes) probe.onPoll = () => log.push(probe.name);
      pending(select(Object.fromEntries(probes.map((probe) => [probe.name, probe]))));
      expect("abcdabcd").toContain(log.join(""));
      expect(log.length).toBe(4);
    }
  });

  test("biased: takes the first of those that are ready, every time", () => {
    for (let n = 0; n < 50; n++) {
      const result = readyNow(select({ a: never(), b: ready("b"), c: ready("c") }, { biased: true }));
      expect(result.key).toBe("b");
    }
  });

  test("biased: goes by the order of the arms among those that were woken, too", () => {
    const [a, b, c] = [new Probe("a"), new Probe("b"), new Probe("c")];
    const all = select({ a, b, c }, { biased: true });
    const cx = pending(all);
    c.resolve("c");
    b.resolve("b");
    expect(readyNow(all, cx)).toEqual({ key: "b", value: "b" });
    expect(c.polls).toBe(1);
  });

  test("biased: an arm that always wakes itself does not starve those behind it", async () => {
    const main = co(function* () {
      const spinning = co(function* (): Generator<Suspend, never, unknown> {
        for (;;) yield* yieldNow();
      });
      return yield* select({ spinning: spinning(), timer: sleep(10) }, { biased: true });
    });
    expect(await run(main())).toEqual({ key: "timer", value: undefined });
  });

  test("a loop with a lent timer keeps the timer going from round to round", async () => {
    const main = co(function* () {
      const timer = sleep(35);
      let rounds = 0;
      for (;;) {
        const result = yield* select({ timer: timer.ref(), tick: sleep(10) });
        if (result.key === "timer") return rounds;
        rounds++;
      }
    });
    expect(await run(main(), { clock: "paused" })).toBe(3);
  });

  test("cancelled at every poll: no arm is left, and a value that was won is not leaked", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let open = 0;
      let made = 0;
      class Guard implements Disposable {
        constructor() {
          made++;
          open++;
        }
        [Symbol.dispose](): void {
          open--;
        }
      }
      const acquire = co(function* () {
        yield* yieldNow();
        return new Guard();
      });
      const loser = co(function* () {
        open++;
        try {
          yield* never();
        } finally {
          open--;
          yield* sleep(1);
          yield* sleep(1);
        }
      });
      const runtime = new Runtime({ clock: "paused" });
      const outcome = await runtime.run(
        cancelAt(select({ guard: acquire(), a: loser(), nested: select({ b: loser(), c: sleep(60_000) }) })),
      );
      if (!outcome.cancelled && outcome.value.key === "guard") outcome.value.value[Symbol.dispose]();
      expect(open).toBe(0);
      expect(runtime.timers.size).toBe(0);
      expect(made).toBeLessThanOrEqual(1);
    });
    expect(polls).toBeGreaterThanOrEqual(4);
  });

  test("leaves nothing behind after 100,000 that were given up or won", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const lent = new Probe();
    const main = co(function* (rounds: number) {
      for (let n = 0; n < rounds; n++) {
        yield* select({ timer: sleep(60_000), lent: lent.ref(), now: ready(n) }, { biased: true });
        const given = select({ timer: sleep(60_000), lent: lent.ref() });
        const cx = new TestContext(runtime.handle);
        pending(given, cx);
        given.cancel(cx);
        if (n % 1000 === 0) yield* yieldNow();
      }
    });
    await runtime.run(main(5_000));
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    await runtime.run(main(45_000));
    globalThis.gc?.();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
    expect(runtime.timers.size).toBe(0);
    expect(lent.owner).toBeNull();
  });

  test("the same future in two arms is an error that says so, and the future is cancelled by the arm that has it", () => {
    for (let seed = 0; seed < 10; seed++) {
      seedRandom(seed);
      const probe = new Probe();
      expect(() => select({ a: probe, b: probe }).poll(new TestContext())).toThrow(FutureInUseError);
      expect([probe.state, probe.cancels, probe.breaches]).toEqual(["cancelled", 1, []]);
    }
  });

  test("a future that has lost and is given again is told to have been cancelled", () => {
    const loser = new Probe();
    readyNow(select({ loser, now: ready() }));
    expect(() => select({ loser, late: never() }).poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("disposes of nothing that it delivers", () => {
    const resource = new Resource();
    readyNow(select({ a: ready(resource), b: never() }));
    expect(resource.disposals).toBe(0);
  });
});
