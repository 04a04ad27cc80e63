import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError } from "../core/errors.ts";
import { furtherErrors } from "../core/further-errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { join, joinAll } from "./join.ts";
import { failed, ready } from "./ready.ts";

describe("join", () => {
  test("gives the values in the order of its arguments, whatever the order in which they came", () => {
    const [a, b] = [new Probe<string>(), new Probe<number>()];
    const both = join(a, b);
    const cx = pending(both);
    b.resolve(2);
    pending(both, cx);
    a.resolve("one");
    expect(readyNow(both, cx)).toEqual(["one", 2]);
  });

  test("gives a record for a record, with the same keys in the same order", () => {
    const record = join({ b: ready(2), a: ready("one"), ["__proto__"]: ready(null) });
    const values = readyNow(record);
    expect(Object.keys(values)).toEqual(["b", "a", "__proto__"]);
    expect(Object.getPrototypeOf(values)).toBe(Object.prototype);
    expect(values.a).toBe("one");
  });

  test("infers a tuple, or a record", () => {
    expectTypeOf(join(ready(1), ready("one"))).toEqualTypeOf<Future<[number, string]>>();
    expectTypeOf(join({ n: ready(1), s: ready("one") })).toEqualTypeOf<Future<{ n: number; s: string }>>();
    expectTypeOf(join()).toEqualTypeOf<Future<[]>>();
    const list: Future<number>[] = [];
    expectTypeOf(join(...list)).toEqualTypeOf<Future<number[]>>();
    expectTypeOf(joinAll(list)).toEqualTypeOf<Future<number[]>>();
    expectTypeOf(joinAll([ready(1), ready("one")])).toEqualTypeOf<Future<[number, string]>>();
    expectTypeOf(joinAll([1, 2].map((n) => ready(n)))).toEqualTypeOf<Future<number[]>>();
    expectTypeOf(joinAll(new Set([ready(1), failed(2)]))).toEqualTypeOf<Future<number[]>>();
    expectTypeOf(joinAll(new Set<Future<string>>())).toEqualTypeOf<Future<string[]>>();
    const given: { readonly n: Future<number>; readonly s: Future<string> } = {
      n: ready(1),
      s: ready("one"),
    };
    expectTypeOf(join(given)).toEqualTypeOf<Future<{ n: number; s: string }>>();
    interface Given {
      n: Future<number>;
    }
    expectTypeOf(join({ n: ready(1) } as Given)).toEqualTypeOf<Future<{ n: number }>>();
  });

  test("waits for all, and then throws the one failure as it is", () => {
    const [a, b] = [new Probe<number>(), new Probe<number>()];
    const both = join(a, b);
    const cx = pending(both);
    const failure = new Error("failed");
    a.reject(failure);
    pending(both, cx);
    expect(b.cancels).toBe(0);
    b.resolve(2);
    expect(() => both.poll(cx)).toThrow(failure);
    expect(furtherErrors(failure)).toEqual([]);
  });

  test("throws the first of several failures as it is, with the others beside it", () => {
    const probes = [new Probe(), new Probe(), new Probe(), new Probe()];
    const all = join(...probes);
    const cx = pending(all);
    const errors = probes.map((_, n) => new Error(`${n}`));
    probes[2]?.reject(errors[2]);
    pending(all, cx);
    probes[3]?.reject(errors[3]);
    probes[0]?.reject(errors[0]);
    probes[1]?.resolve("fine");
    let thrown: unknown;
    try {
      all.poll(cx);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(errors[2]);
    expect(furtherErrors(thrown)).toEqual([errors[0], errors[3]]);
  });

  test("throws a CleanupError for several failures of which the first is a primitive, which cannot carry others", () => {
    const all = join(failed("first"), failed("second"));
    let thrown: unknown;
    try {
      all.poll(new TestContext());
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(CleanupError);
    expect((thrown as CleanupError).cause).toBe("first");
    expect((thrown as CleanupError).errors).toEqual(["second"]);
  });

  test("disposes of the values that a failure keeps from being delivered, before it throws", () => {
    const resource = new Resource();
    const [a, b] = [new Probe<Resource>(), new Probe<number>()];
    const both = join(a, b);
    const cx = pending(both);
    a.resolve(resource);
    b.reject(new Error("failed"));
    expect(() => both.poll(cx)).toThrow("failed");
    expect(resource.disposals).toBe(1);
  });

  test("does not lose a failure when it is cancelled", () => {
    const [a, b] = [new Probe(), new Probe()];
    const both = join(a, b);
    const cx = pending(both);
    const failure = new Error("failed");
    a.reject(failure);
    pending(both, cx);
    let thrown: unknown;
    try {
      both.cancel(cx);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as CleanupError).errors).toEqual([failure]);
    expect(b.state).toBe("cancelled");
  });

  test("the handle of a task may be given twice: many may await it", async () => {
    const runtime = new Runtime();
    const main = co(function* () {
      const handle = runtime.spawn(ready(1));
      return yield* join(handle, handle, handle.ref());
    });
    expect(await runtime.run(main())).toEqual([1, 1, 1]);
  });

  test("takes nothing but futures, and says at the call what is wrong", () => {
    const wrong = join as (...args: unknown[]) => unknown;
    expect(() => wrong(1)).toThrow("join needs futures, and argument 1 is 1");
    expect(() => wrong(ready(1), Promise.resolve(2))).toThrow(
      "argument 2 is an object (Promise): adopt a promise",
    );
    expect(() => wrong(Promise.resolve(2))).toThrow("argument 1 is an object (Promise): adopt a promise");
    expect(() => wrong([ready(1)])).toThrow("the form for a list ends in `All`");
    expect(() => wrong(ready(1), () => ready(2))).toThrow("call it");
    expect(() => wrong({ a: ready(1), b: 2 })).toThrow('join needs futures, and "b" is 2');
    expect(() => (joinAll as (futures: unknown) => unknown)([ready(1), null])).toThrow(TypeError);
    expect(() => (joinAll as (futures: unknown) => unknown)(ready(1))).toThrow(
      "joinAll needs a list of futures",
    );
    expect(() => (joinAll as (futures: unknown) => unknown)(undefined)).toThrow(
      "joinAll needs a list of futures",
    );
  });

  test("reads its list at the call, once", () => {
    let reads = 0;
    const list = (function* () {
      reads++;
      yield ready(1);
      yield ready(2);
    })();
    const all = joinAll(list);
    expect(reads).toBe(1);
    expect(readyNow(all)).toEqual([1, 2]);
  });

  test("cancelled at every poll: no child is left, and what was acquired is given back", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let held = 0;
      const worker = co(function* (turns: number) {
        held++;
        try {
          for (let n = 0; n < turns; n++) yield* yieldNow();
          return new Resource();
        } finally {
          held--;
          yield* yieldNow();
        }
      });
      const runtime = new Runtime({ clock: "paused" });
      const outcome = await runtime.run(
        cancelAt(join(worker(1), sleep(5), worker(3), join({ a: worker(2) }))),
      );
      expect(held).toBe(0);
      expect(runtime.timers.size).toBe(0);
      if (!outcome.cancelled) expect(outcome.value.length).toBe(4);
    });
    expect(polls).toBeGreaterThan(3);
  });

  test("runs what it joins at the same time", async () => {
    const main = co(function* () {
      const order: string[] = [];
      const step = co(function* (name: string, ms: number) {
        yield* sleep(ms);
        order.push(name);
      });
      yield* join(step("slow", 30), step("fast", 10), step("middle", 20));
      return order;
    });
    expect(await run(main(), { clock: "paused" })).toEqual(["fast", "middle", "slow"]);
  });
});
