import { CleanupError, Context, co, Future, Pending, type Poll, run, yieldNow } from "pollux";
import { describe, expect, test } from "vitest";
import { compiled } from "./support/evaluate.ts";

type Coroutine = (...args: unknown[]) => Future<unknown>;

function compiledMain(body: string, globals: Record<string, unknown> = {}): Coroutine {
  const source = `import { co } from "pollux";\nexport const main = co(async (...args) => {\n${body}\n});`;
  return compiled(source, globals)["main"] as Coroutine;
}

class TestContext extends Context {
  override wake(): void {
    // Polled by hand.
  }
}

/** Pending until it is opened; says when it is cancelled. */
class Gate extends Future<string> {
  isOpen = false;
  isCancelled = false;
  override poll(): Poll<string> {
    return this.isOpen ? "open" : Pending;
  }
  override cancel(): Poll<void> {
    this.isCancelled = true;
  }
}

describe("compiled and generator frames", () => {
  test("a compiled coroutine awaits an uncompiled one", async () => {
    const inner = co(function* (n: number) {
      yield* yieldNow();
      return n + 1;
    });
    const outer = compiledMain("return (await inner(1)) + (await inner(2));", { inner });
    expect(await run(outer())).toBe(5);
  });

  test("an uncompiled coroutine awaits a compiled one", async () => {
    const inner = compiledMain("await yieldNow(); return args[0] + 1;", { yieldNow });
    const outer = co(function* () {
      return ((yield* inner(1)) as number) + ((yield* inner(2)) as number);
    });
    expect(await run(outer())).toBe(5);
  });

  test("an error passes through both kinds, and each may catch it", async () => {
    const failing = compiledMain("await yieldNow(); throw new RangeError('inner');", { yieldNow });
    const middle = co(function* () {
      try {
        yield* failing();
      } catch (error) {
        throw new TypeError("middle", { cause: error });
      }
    });
    const outer = compiledMain("try { await middle(); } catch (error) { return error.cause.message; }", {
      middle,
    });
    expect(await run(outer())).toBe("inner");
  });

  test("a resume of a chain of both kinds resumes the innermost frame", () => {
    const gate = new Gate();
    const log: string[] = [];
    const leaf = compiledMain("log.push('leaf'); await gate; return 'leaf';", { gate, log });
    const middle = co(function* () {
      log.push("middle");
      return yield* leaf();
    });
    const outer = compiledMain("log.push('outer'); return await middle();", { middle, log })();
    const cx = new TestContext();
    expect(outer.poll(cx)).toBe(Pending);
    expect(outer.poll(cx)).toBe(Pending);
    gate.isOpen = true;
    expect(outer.poll(cx)).toBe("leaf");
    expect(log).toEqual(["outer", "middle", "leaf"]);
  });

  test("a cancel leaves the frames innermost first, through every `finally`", () => {
    const gate = new Gate();
    const log: string[] = [];
    const leaf = compiledMain(
      "try { await gate; } catch { log.push('never'); } finally { log.push('leaf'); }",
      {
        gate,
        log,
      },
    );
    const middle = co(function* () {
      try {
        yield* leaf();
      } finally {
        log.push(`middle, gate ${gate.isCancelled ? "cancelled" : "waiting"}`);
        yield* yieldNow();
        log.push("middle again");
      }
    });
    const outer = compiledMain(
      "try { await middle(); } finally { log.push('outer'); await 1; log.push('done'); }",
      {
        middle,
        log,
      },
    )();
    const cx = new TestContext();
    expect(outer.poll(cx)).toBe(Pending);
    expect(outer.cancel(cx)).toBe(Pending);
    expect(outer.cancel(cx)).toBeUndefined();
    expect(log).toEqual(["leaf", "middle, gate cancelled", "middle again", "outer", "done"]);
  });

  test("what a compiled `finally` throws during a cancel is collected", () => {
    const outer = compiledMain("try { await gate; } finally { throw new Error('cleanup'); }", {
      gate: new Gate(),
    })();
    const cx = new TestContext();
    expect(outer.poll(cx)).toBe(Pending);
    expect(() => outer.cancel(cx)).toThrow(CleanupError);
  });

  test("a compiled coroutine called directly makes its frame only when it has to wait", () => {
    const source = `import { co } from "pollux";
const inner = co(async (wait) => { if (wait) await gate; return 1; });
export const main = co(async (wait) => await inner(wait) + 1);`;
    const gate = new Gate();
    const main = compiled(source, { gate })["main"] as Coroutine;
    const cx = new TestContext();
    expect(main(false).poll(cx)).toBe(2);
    const waiting = main(true);
    expect(waiting.poll(cx)).toBe(Pending);
    gate.isOpen = true;
    expect(waiting.poll(cx)).toBe(2);
  });
});

describe("awaiting what is no future", () => {
  test("a promise is adopted, a plain value is ready", async () => {
    const main = compiledMain(
      "return [await 1, await Promise.resolve(2), await { then(ok) { ok(3); } }, await null];",
    );
    expect(await run(main())).toEqual([1, 2, 3, null]);
  });

  test("a rejected promise throws where it is awaited", async () => {
    const main = compiledMain(
      "try { await Promise.reject(new Error('no')); } catch (error) { return error.message; }",
    );
    expect(await run(main())).toBe("no");
  });

  test("an async form adopts what it returns, a generator form does not", async () => {
    expect(await run(compiledMain("return Promise.resolve(1);")())).toBe(1);
    expect(await run(compiledMain("return yieldNow();", { yieldNow })())).toBeUndefined();
    const source = `import { co } from "pollux";\nexport const main = co(function* () { return later; });`;
    const later = new Gate();
    const main = compiled(source, { later })["main"] as Coroutine;
    expect(main().poll(new TestContext())).toBe(later);
  });

  test("a returned promise that rejects is past the `catch` blocks", async () => {
    const main = compiledMain("try { return Promise.reject(new Error('late')); } catch { return 'caught'; }");
    await expect(run(main())).rejects.toThrow("late");
  });
});

describe("a compiled coroutine is called as the uncompiled one", () => {
  test("it has the function's name and length", () => {
    const source = `import { co as coroutine } from "pollux";
export const a = coroutine(function* named(x, y, z = 1) {});
export const b = coroutine(async (x, ...rest) => {});`;
    const { a, b } = compiled(source) as Record<string, { name: string; length: number }>;
    expect([a?.name, a?.length, b?.name, b?.length]).toEqual(["named", 2, "", 1]);
  });

  test("an error in a parameter is the future's", () => {
    const source = `import * as pollux from "pollux";
export const main = pollux.co(async ({ x }, y = x.z) => y);`;
    const main = compiled(source)["main"] as Coroutine;
    const future = main(undefined);
    expect(() => future.poll(new TestContext())).toThrow(TypeError);
    expect(main({ x: { z: 5 } }).poll(new TestContext())).toBe(5);
  });

  test("it has its own `this` and `arguments`", () => {
    const source = `import { co } from "pollux";
export const main = co(function* (x) { return [this.tag, arguments.length, (() => this.tag)(), x]; });`;
    const main = compiled(source)["main"] as Coroutine;
    expect(main.call({ tag: "t" }, 1, 2).poll(new TestContext())).toEqual(["t", 2, "t", 1]);
  });

  test("an arrow function has the `this`, `super` and private names of the class around it", () => {
    const source = `import { co } from "pollux";
class Base { greet() { return "base"; } }
export class Derived extends Base {
  #secret = 7;
  run = co(async (x) => [super.greet(), this.#secret, await x]);
}`;
    const { Derived } = compiled(source) as { Derived: new () => { run: Coroutine } };
    expect(new Derived().run(3).poll(new TestContext())).toEqual(["base", 7, 3]);
  });
});
