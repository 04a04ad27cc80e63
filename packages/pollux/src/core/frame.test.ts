import { describe, expect, test, vi } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { uncompiled } from "../../test/support/uncompiled.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { co } from "./coroutine.ts";
import { FutureInUseError } from "./errors.ts";
import type { Frame } from "./frame.ts";
import { Future, type Suspend } from "./future.ts";
import { Pending, type Poll } from "./poll.ts";

/** Counts the calls of `step`, of all frames, while `body` runs. */
function stepsOf(body: () => void): number {
  const prototype = Object.getPrototypeOf(co(function* () {})()) as Frame<unknown>;
  const step = vi.spyOn(prototype, "step");
  body();
  const { length } = step.mock.calls;
  step.mockRestore();
  return length;
}

/** A future that is pending at each poll but every tenth, and the coroutines around it. */
class Ticks extends Future<void> {
  left: number;
  constructor(left: number) {
    super();
    this.left = left;
  }
  override poll(): Poll<void> {
    return this.left-- > 0 ? Pending : undefined;
  }
}

const nest: (depth: number, leaf: Future<unknown>) => Future<number> = co(function* (
  depth: number,
  leaf: Future<unknown>,
) {
  if (depth === 0) {
    yield* leaf;
    return 0;
  }
  return 1 + (yield* nest(depth - 1, leaf));
});

describe("frames: linked", () => {
  for (const depth of [0, 1, 20, 500]) {
    uncompiled(`a resume steps one frame at depth ${depth}`, () => {
      const root = nest(depth, new Ticks(10));
      const cx = new TestContext();
      pending(root, cx);
      const steps = stepsOf(() => {
        for (let i = 1; i < 10; i++) pending(root, cx);
      });
      expect(steps).toBe(9);
      expect(stepsOf(() => expect(root.poll(cx)).toBe(depth))).toBe(depth + 1);
    });
  }

  test("a callee that suspends and ends again and again costs the same at any depth", () => {
    const cost = (depth: number): number => {
      const calls = co(function* () {
        for (let i = 0; i < 10; i++) yield* nest(0, new Ticks(1));
      });
      const outer: (n: number) => Future<void> = co(function* (n: number) {
        yield* n === 0 ? calls() : outer(n - 1);
      });
      const root = outer(depth);
      const cx = new TestContext();
      pending(root, cx);
      return stepsOf(() => {
        for (let i = 1; i < 10; i++) pending(root, cx);
      });
    };
    expect(cost(100)).toBe(cost(0));
  });

  test("a callee that throws is left one frame at a time, and each may catch", () => {
    const gate = new Gate();
    const log: string[] = [];
    const inner = co(function* () {
      try {
        yield* gate;
      } finally {
        log.push("inner");
      }
    });
    const middle = co(function* () {
      try {
        yield* inner();
      } finally {
        log.push("middle");
      }
    });
    const root = co(function* () {
      try {
        yield* middle();
      } catch (error) {
        log.push((error as Error).message);
      }
      return "went on";
    })();
    const cx = pending(root);
    gate.fail(new Error("gate"));
    expect(root.poll(cx)).toBe("went on");
    expect(log).toEqual(["inner", "middle", "gate"]);
  });

  test("after a callee has ended, the caller may suspend, call, and be called again", () => {
    const gates = Array.from({ length: 6 }, () => new Gate<number>());
    const leaf = co(function* (i: number) {
      return yield* gates[i] as Gate<number>;
    });
    const twice = co(function* (i: number) {
      return (yield* leaf(i)) + (yield* gates[i + 1] as Gate<number>);
    });
    const root = co(function* () {
      let sum = yield* twice(0);
      sum += yield* leaf(2);
      sum += yield* twice(3);
      return sum + (yield* gates[5] as Gate<number>);
    })();
    const cx = new TestContext();
    for (const [i, gate] of gates.entries()) {
      pending(root, cx);
      expect(cx.takeWakes()).toBe(0);
      gate.open(10 ** i);
      expect(cx.takeWakes()).toBe(1);
    }
    expect(ready(root, cx)).toBe(111_111);
  });

  uncompiled("through bare generator helpers, at any place in the chain", () => {
    const gate = new Gate<string>();
    const bottom = co(function* () {
      return yield* gate;
    });
    function* helper(): Generator<Suspend, string> {
      return `${yield* bottom()}!`;
    }
    function* outerHelper(): Generator<Suspend, string> {
      return yield* co(function* () {
        return yield* helper();
      })();
    }
    const root = co(function* () {
      return yield* outerHelper();
    })();
    const cx = pending(root);
    const steps = stepsOf(() => pending(root, cx));
    expect(steps).toBe(1);
    gate.open("open");
    expect(root.poll(cx)).toBe("open!");
  });

  test("a coroutine that is polled by a combinator is a root of its own", () => {
    const [a, b] = [new Gate<number>(), new Gate<number>()];
    class Both extends Future<number[]> {
      readonly #futures: Future<number>[];
      readonly #values: number[] = [];
      constructor(futures: Future<number>[]) {
        super();
        this.#futures = futures;
      }
      override poll(cx: TestContext): Poll<number[]> {
        for (const [i, future] of this.#futures.entries()) {
          if (this.#values[i] !== undefined) continue;
          const poll = future.poll(cx);
          if (typeof poll === "number") this.#values[i] = poll;
        }
        return this.#values.filter((value) => value !== undefined).length === 2 ? this.#values : Pending;
      }
    }
    const root = co(function* () {
      return yield* new Both([nest(5, a), nest(7, b)]);
    })();
    const cx = pending(root);
    b.open(0);
    pending(root, cx);
    a.open(0);
    expect(root.poll(cx)).toEqual([5, 7]);
  });

  uncompiled("a coroutine that is called after a loan of it is over is resumed once for each wake", () => {
    const gates = [new Gate(), new Gate(), new Gate()] as const;
    const wait = co(function* (gate: Gate) {
      yield* gate;
    });
    const lent = co(function* () {
      for (const gate of gates) yield* wait(gate);
      return "all three";
    })();
    const root = co(function* () {
      return yield* lent;
    })();
    const loan = lent.ref();
    const cx = pending(loan);
    loan.cancel(cx);
    pending(root, cx);
    for (const gate of gates.slice(0, -1)) {
      gate.open();
      // The callee that has ended, and then its caller, which calls the next.
      expect(stepsOf(() => pending(root, cx))).toBe(2);
    }
    gates[2].open();
    expect(root.poll(cx)).toBe("all three");
  });

  test("a coroutine that awaits itself by way of one that it calls is told so, and goes on", () => {
    const gate = new Gate();
    const callee = co(function* (): Generator<Suspend, unknown> {
      yield* gate;
      try {
        return yield* root;
      } catch (error) {
        return error;
      }
    });
    const root: Future<unknown> = co(function* () {
      return yield* callee();
    })();
    const cx = pending(root);
    gate.open();
    expect(root.poll(cx)).toBeInstanceOf(FutureInUseError);
  });

  test("tasks do not mix up their frames", () =>
    run(
      co(function* () {
        const work = co(function* (n: number) {
          let sum = 0;
          for (let i = 0; i < 5; i++) sum += yield* nest(n, yieldNow());
          return sum;
        });
        const handles = [1, 2, 3, 4].map((n) => spawn(work(n)));
        const sums: number[] = [];
        for (const handle of handles) sums.push(yield* handle);
        expect(sums).toEqual([5, 10, 15, 20]);
      })(),
    ));

  uncompiled("what has ended keeps nothing: no generator, no callee, no outcome", () => {
    const root = nest(3, new Ticks(1)) as Frame<number>;
    const cx = pending(root);
    root.poll(cx);
    expect(root.awaited).toBe(null);
    expect(root.outcome).toBe(undefined);
    expect(root.innermost).toBe(root);
    expect((root as unknown as { gen: unknown }).gen).toBe(null);
  });
});

describe("frames: the trace of an error", () => {
  const fails: (depth: number, suspends: boolean) => Future<void> = co(function* fails(
    depth: number,
    suspends: boolean,
  ): Generator<Suspend, void> {
    if (depth > 0) yield* fails(depth - 1, suspends);
    else {
      if (suspends) yield* yieldNow();
      throw new Error("deep");
    }
  });

  for (const suspends of [false, true]) {
    test(`thrown five coroutines deep, ${suspends ? "after" : "before"} a suspend, names each with file and line`, async () => {
      const first = co(function* first() {
        yield* second();
      });
      const second = co(function* second() {
        yield* third();
      });
      const third = co(function* third() {
        yield* fourth();
      });
      const fourth = co(function* fourth() {
        yield* fifth();
      });
      const fifth = co(function* fifth() {
        if (suspends) yield* yieldNow();
        throw new Error("deep");
      });
      const error: Error = await run(first()).then(
        () => new Error("none"),
        (e) => e,
      );
      const lines = (error.stack ?? "").split("\n");
      const at = ["fifth", "fourth", "third", "second", "first"].map((name) =>
        lines.findIndex((line) => new RegExp(`\\b${name}\\b.*frame\\.test\\.ts:\\d+`).test(line)),
      );
      expect(at).not.toContain(-1);
      expect(at).toEqual([...at].sort((a, b) => a - b));
    });
  }

  test("costs nothing until one is thrown: no stack is captured", () => {
    const capture = vi.spyOn(Error, "captureStackTrace");
    const gate = new Gate();
    const root = nest(5, gate);
    const cx = pending(root);
    gate.open();
    root.poll(cx);
    expect(capture).not.toHaveBeenCalled();
    capture.mockRestore();
  });

  test("of an error that is thrown through 1,000 calls does not grow for ever", () => {
    const error = new Error("again");
    const callee = co(function* (gate: Gate) {
      yield* gate;
      throw error;
    });
    const cx = new TestContext();
    for (let i = 0; i < 1000; i++) {
      const gate = new Gate();
      const root = co(function* () {
        yield* callee(gate);
      })();
      pending(root, cx);
      gate.open();
      expect(() => root.poll(cx)).toThrow(error);
    }
    expect((error.stack ?? "").length).toBeLessThan(20_000);
  });

  test("of what is no error, or is frozen, passes as it is", () => {
    for (const thrown of [undefined, "text", Object.freeze(new Error("frozen")), { stack: 5 }]) {
      const gate = new Gate();
      const callee = co(function* () {
        yield* gate;
        throw thrown;
      });
      const root = co(function* () {
        yield* callee();
      })();
      const cx = pending(root);
      gate.open();
      let caught: unknown = "nothing";
      try {
        root.poll(cx);
      } catch (error) {
        caught = error;
      }
      expect(caught).toBe(thrown);
    }
  });

  test("fails(depth) is there for the depth of the limit", async () => {
    const error: Error = await run(fails(3, true)).then(
      () => new Error("none"),
      (e) => e,
    );
    expect(error.message).toBe("deep");
    expect((error.stack ?? "").match(/\bfails\b/g)?.length).toBeGreaterThanOrEqual(3);
  });
});
