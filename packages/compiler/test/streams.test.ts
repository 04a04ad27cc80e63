import {
  CleanupError,
  Context,
  co,
  End,
  Future,
  Pending,
  type Poll,
  Runtime,
  run,
  Stream,
  select,
  sleep,
  yieldNow,
} from "pollux";
import { describe, expect, expectTypeOf, test } from "vitest";
import { compiled } from "./support/evaluate.ts";

type Generated = (...args: unknown[]) => Stream<unknown>;

function main(body: string, globals: Record<string, unknown> = {}): Generated {
  const source = `import { co } from "pollux";\nexport const main = co(async function* main(...args) {\n${body}\n});`;
  return compiled(source, globals)["main"] as Generated;
}

class TestContext extends Context {
  override wake(): void {
    // Polled by hand.
  }
}

/** Pending once, and then a value; says when it is given up. */
class Step extends Future<unknown> {
  private isReady = false;
  private readonly value: unknown;
  private readonly log: string[];

  constructor(value: unknown, log: string[]) {
    super();
    this.value = value;
    this.log = log;
  }

  override poll(cx: Context): Poll<unknown> {
    if (this.isReady) return this.value;
    this.isReady = true;
    cx.wake();
    return Pending;
  }

  override cancel(): Poll<void> {
    this.log.push(`cancel ${String(this.value)}`);
  }
}

describe("an async generator in co is a stream", () => {
  test("it gives what it yields, and runs only while it is polled", async () => {
    const log: string[] = [];
    const stream = main("log.push('begin'); yield 1; log.push('between'); await yieldNow(); yield 2;", {
      log,
      yieldNow,
    })();
    expect(stream).toBeInstanceOf(Stream);
    expect(log).toEqual([]);
    const cx = new TestContext();
    expect(stream.pollNext(cx)).toBe(1);
    expect(log).toEqual(["begin"]);
    expect(await run(stream.collect())).toEqual([2]);
    expect(log).toEqual(["begin", "between"]);
  });

  test("its types are inferred", () => {
    // Never called: without the compiler it would throw.
    const make = () =>
      co(async function* <T extends string | boolean>(value: T, times: number) {
        await sleep(1);
        for (let i = 0; i < times; i++) yield value;
        yield Promise.resolve(0);
      });
    const call = () => make()("text", 2);
    expectTypeOf<ReturnType<typeof call>>().toEqualTypeOf<Stream<"text" | number>>();
  });

  test("it is a stream like any other: adapters, `for await` in a coroutine and outside", async () => {
    const source = `import { co } from "pollux";
export const numbers = co(async function* (n) { for (let i = 1; i <= n; i++) yield i; });
export const sum = co(async (n) => { let sum = 0; for await (const i of numbers(n)) sum += i; return sum; });`;
    const { numbers, sum } = compiled(source) as { numbers: Generated; sum: (n: number) => Future<number> };
    expect(await run(sum(4))).toBe(10);
    const doubled = numbers(3).map((n) => (n as number) * 2);
    expect(await run(doubled.collect())).toEqual([2, 4, 6]);
    const seen: unknown[] = [];
    for await (const n of numbers(2)) seen.push(n);
    expect(seen).toEqual([1, 2]);
  });

  test("a yielded promise or future is awaited, and what it fails with is thrown at the `yield`", async () => {
    const stream = main(
      `yield Promise.resolve(1); yield step(2);
try { yield Promise.reject(new Error("no")); } catch (error) { yield error.message; }`,
      { step: (value: unknown) => new Step(value, []) },
    )();
    expect(await run(stream.collect())).toEqual([1, 2, "no"]);
  });

  test("`yield*` gives the values of streams, async iterables, iterables and Web streams, and a return value", async () => {
    async function* native(): AsyncGenerator<number, string> {
      yield 3;
      return "result";
    }
    const web = new ReadableStream<number>({
      start(controller): void {
        controller.enqueue(6);
        controller.close();
      },
    });
    const stream = main(
      "yield* Stream.from([1, 2]); const r = yield* native(); yield r; yield* [4, Promise.resolve(5)]; yield* web;",
      { Stream, native, web },
    )();
    expect(await run(stream.collect())).toEqual([1, 2, 3, "result", 4, 5, 6]);
  });

  test("inside of it, `for await` goes over streams, async iterables and Web streams", async () => {
    const web = new ReadableStream<number>({
      start(controller): void {
        controller.enqueue(1);
        controller.close();
      },
    });
    const stream = main(
      "for await (const n of web) yield n; for await (const n of Stream.from([2, 3])) { yield n; break; }",
      { Stream, web },
    )();
    expect(await run(stream.collect())).toEqual([1, 2]);
  });

  test("what is returned is awaited where it stands", async () => {
    const stream = main(
      "try { return Promise.reject(new Error('no')); } catch (error) { yield error.message; }",
    )();
    expect(await run(stream.collect())).toEqual(["no"]);
  });

  test("an error ends it", () => {
    const stream = main("yield 1; throw new RangeError('bad');")();
    const cx = new TestContext();
    expect(stream.pollNext(cx)).toBe(1);
    expect(() => stream.pollNext(cx)).toThrow(RangeError);
    expect(stream.pollNext(cx)).toBe(End);
    expect(stream.pollNext(cx)).toBe(End);
  });

  test("an error of its parameters is the stream's", () => {
    const source = `import { co } from "pollux";\nexport const main = co(async function* ({ x }, y = 2) { yield x; });`;
    const generator = compiled(source)["main"] as Generated;
    expect([generator.name, generator.length]).toEqual(["", 1]);
    const stream = generator(null);
    const cx = new TestContext();
    expect(() => stream.pollNext(cx)).toThrow(TypeError);
    expect(stream.pollNext(cx)).toBe(End);
  });

  test("it has its own `this` and `arguments`, and sees the variables around it", async () => {
    const source = `import { co } from "pollux";
export const make = (outer) => co(async function* (x) { yield this.tag; yield arguments.length; yield outer + x; });`;
    const make = compiled(source)["make"] as (outer: number) => Generated;
    expect(await run(make(10).call({ tag: "t" }, 1, 2).collect())).toEqual(["t", 2, 11]);
  });

  test("a `next` that is given up loses nothing", async () => {
    const stream = main("await sleep(10); yield 1; yield 2;", { sleep })();
    const takes = co(function* () {
      const early = yield* select({ value: stream.next(), late: sleep(1) });
      return [early.key, yield* stream.next()];
    });
    expect(await run(takes(), { clock: "paused" })).toEqual(["late", 1]);
  });
});

describe("a cancel of the stream", () => {
  /** Polls so many times, and then gives the stream up. */
  function cancelAfter(polls: number, make: (log: string[]) => Stream<unknown>): string[] {
    const log: string[] = [];
    const stream = make(log);
    const cx = new TestContext();
    for (let i = 0; i < polls; i++) {
      const poll = stream.pollNext(cx);
      log.push(poll === Pending ? "pending" : poll === End ? "end" : `gave ${String(poll)}`);
    }
    log.push("cancelled");
    while (stream.cancel(cx) === Pending) log.push("cleaning up");
    expect(stream.pollNext(cx)).toBe(End);
    return log;
  }

  const make = (log: string[]): Stream<unknown> =>
    main(
      `try {
  await step("a");
  yield 1;
  yield step("b");
  yield* all();
} catch { log.push("never"); } finally { log.push("finally"); await step("c"); log.push("done"); }`,
      {
        log,
        step: (value: unknown) => new Step(value, log),
        all: main(`try { yield 2; await step("d"); } finally { log.push("inner"); await step("e"); }`, {
          log,
          step: (value: unknown) => new Step(value, log),
        }),
      },
    )();

  const ending = ["finally", "cleaning up", "done"];
  const inner = ["inner", "cleaning up"];
  const cases: [polls: number, at: string, seen: string[]][] = [
    [0, "before the first poll", ["cancelled"]],
    [1, "at an `await`", ["pending", "cancelled", "cancel a", ...ending]],
    [2, "at a `yield`", ["pending", "gave 1", "cancelled", ...ending]],
    [3, "at a `yield` that awaits", ["pending", "gave 1", "pending", "cancelled", "cancel b", ...ending]],
    [4, "with that value given", ["pending", "gave 1", "pending", "gave b", "cancelled", ...ending]],
    [
      5,
      "at the `yield` of a `yield*`",
      ["pending", "gave 1", "pending", "gave b", "gave 2", "cancelled", ...inner, ...ending],
    ],
    [
      6,
      "at the `await` of a `yield*`",
      [
        "pending",
        "gave 1",
        "pending",
        "gave b",
        "gave 2",
        "pending",
        "cancelled",
        "cancel d",
        ...inner,
        ...ending,
      ],
    ],
  ];
  for (const [polls, at, seen] of cases) {
    test(`${at} goes through every \`finally\`, innermost first`, () => {
      expect(cancelAfter(polls, make)).toEqual(seen);
    });
  }

  test("a `yield` in a `finally` then has nobody to give to", () => {
    const stream = main("try { yield 1; } finally { yield 2; }")();
    const cx = new TestContext();
    expect(stream.pollNext(cx)).toBe(1);
    let error: unknown;
    try {
      stream.cancel(cx);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CleanupError);
    expect((error as CleanupError).errors).toMatchObject([{ code: "POLLUX_CLOSED" }]);
    expect(stream.pollNext(cx)).toBe(End);
  });

  test.each(["yield* source;", "for await (const value of source) yield value;"])(
    "given up where giving up a step fails, `%s` still closes what it goes over",
    (body) => {
      const log: string[] = [];
      class Failing extends Step {
        override cancel(): never {
          throw new Error("a cancel fails");
        }
      }
      function* source() {
        try {
          yield new Failing(0, log);
        } finally {
          log.push("closed");
        }
      }
      const cx = new TestContext();
      const stream = main(`try { ${body} } finally { log.push("finally"); }`, { source: source(), log })();
      expect(stream.pollNext(cx)).toBe(Pending);
      let error: unknown;
      try {
        stream.cancel(cx);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(CleanupError);
      expect((error as CleanupError).errors).toMatchObject([{ message: "a cancel fails" }]);
      expect(log).toEqual(["closed", "finally"]);
    },
  );

  test("leaving a `for await` early waits for the generator's `finally`", async () => {
    const log: string[] = [];
    const source = `import { co } from "pollux";
const numbers = co(async function* () { try { yield 1; yield 2; } finally { await yieldNow(); log.push("closed"); } });
export const first = co(async () => { for await (const n of numbers()) return n; });`;
    const first = compiled(source, { log, yieldNow })["first"] as () => Future<number>;
    expect(await run(first())).toBe(1);
    expect(log).toEqual(["closed"]);
  });
});

test("a dump tells what the generator waits for", async () => {
  const stream = main("await sleep(1000); yield 1;", { sleep })();
  const runtime = new Runtime({ clock: "paused" });
  let dump = "";
  const watch = co(function* () {
    yield* yieldNow();
    dump = runtime.dump();
  });
  runtime.spawn(watch());
  await runtime.run(stream.next());
  expect(dump).toMatch(/main/);
  expect(dump).toMatch(/sleep/);
});
