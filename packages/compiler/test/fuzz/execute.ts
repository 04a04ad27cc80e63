import { Context, co, Future, Pending, type Poll, type Suspend } from "pollux";
import * as runtime from "pollux/compiler-runtime";
import { compile } from "../../src/compile.ts";
import { asAsync, asGenerator } from "./program.ts";

/** What a run of a program did, in order, and how it ended. */
export type Trace = readonly string[];

/** A future that is pending some times and then gives a value or an error; its life is in the trace. */
export class Step extends Future<unknown> {
  private readonly id: unknown;
  private left: number;
  private readonly fails: boolean;
  private readonly log: (line: string) => void;

  constructor(id: unknown, left: number, fails: boolean, log: (line: string) => void) {
    super();
    this.id = id;
    this.left = left;
    this.fails = fails;
    this.log = log;
  }

  override poll(cx: Context): Poll<unknown> {
    if (this.left-- > 0) {
      cx.wake();
      return Pending;
    }
    if (this.fails) throw this.id;
    return this.id;
  }

  override cancel(): Poll<void> {
    this.log(`cancel ${show(this.id)}`);
  }
}

export class Driver extends Context {
  override wake(): void {
    // It is polled again anyway.
  }
}

/** The names that a program uses, which write what is done to the trace. */
export function world(
  log: (line: string) => void,
  behaviour: (call: number) => { left: number; fails: boolean },
) {
  let fuel = 40;
  let calls = 0;
  const t = (value: unknown): unknown => {
    log(show(value));
    return value;
  };
  return {
    t,
    f: (): boolean => fuel-- > 0,
    step: (id: unknown): { left: number; fails: boolean; id: unknown } => {
      log(`wait ${show(id)}`);
      return { ...behaviour(calls++), id };
    },
    g: (...args: unknown[]): unknown => t(args),
    o: {
      name: "o",
      m(...args: unknown[]): unknown {
        log(`m of ${(this as { name?: string } | undefined)?.name}`);
        return t(args);
      },
    } as Record<string, unknown>,
    n: null,
    o2: (value: unknown): unknown => ({
      get later(): unknown {
        return t(value);
      },
    }),
    K: class {
      sum: unknown;
      constructor(...args: unknown[]) {
        this.sum = t(args);
      }
    },
    tag: (strings: readonly string[], ...values: unknown[]): unknown => t([...strings, ...values]),
    /** An iterable whose steps and whose closing are in the trace. */
    it: (...values: unknown[]): Iterable<unknown> => ({
      [Symbol.iterator](): Iterator<unknown> {
        let i = 0;
        log("open");
        return {
          next(): IteratorResult<unknown> {
            log("next");
            return i < values.length ? { done: false, value: values[i++] } : { done: true, value: undefined };
          },
          return(): IteratorResult<unknown> {
            log("close");
            return { done: true, value: undefined };
          },
        };
      },
    }),
  };
}

/** A string that doubles in a loop is not written out. */
const brief = (_key: string, value: unknown): unknown =>
  typeof value === "string" && value.length > 1_000 ? `${value.length} characters` : value;

export function show(value: unknown): string {
  if (value instanceof Error) return value.constructor.name;
  if (typeof value === "function") return "function";
  if (typeof value === "symbol") return "symbol";
  try {
    return JSON.stringify(value, brief) ?? String(value);
  } catch {
    return "[circular]";
  }
}

export const NAMES = ["t", "f", "w", "g", "o", "n", "o2", "K", "tag", "it"] as const;
type World = ReturnType<typeof world>;

/** How each await of a run behaves: by the seed and by how many there were before. */
export function behaviourOf(seed: number): (call: number) => { left: number; fails: boolean } {
  return (call) => {
    const hash = Math.imul(seed ^ Math.imul(call + 1, 0x9e3779b1), 0x85ebca6b) >>> 13;
    return { left: hash % 3 === 0 ? 0 : (hash >>> 3) % 3, fails: (hash >>> 7) % 8 === 0 };
  };
}

export function make(code: string, given: Record<string, unknown>): (...args: unknown[]) => unknown {
  const names = Object.keys(given);
  return new Function(...names, `"use strict";\n${code}\nreturn main;`)(...Object.values(given)) as never;
}

export function globals(base: World, w: (id: unknown) => unknown): Record<string, unknown> {
  const all: Record<string, unknown> = { ...base, w };
  return Object.fromEntries(NAMES.map((name) => [name, all[name]]));
}

/** What native code awaits where ours awaits a {@link Step}. */
export function promiseOf({ left, fails, id }: { left: number; fails: boolean; id: unknown }): unknown {
  if (left === 0 && !fails) return id;
  let promise: Promise<unknown> = fails ? Promise.reject(id) : Promise.resolve(id);
  for (let i = 0; i < left; i++) promise = promise.then((value) => value);
  return promise;
}

/** Runs a program as a native `async` function. */
export async function runNative(text: string, seed: number): Promise<Trace> {
  const trace: string[] = [];
  const base = world((line) => trace.push(line), behaviourOf(seed));
  const main = make(
    `const main = async (p, q) => {\n${asAsync(text)}\n};`,
    globals(base, (id) => promiseOf(base.step(id))),
  );
  try {
    trace.push(`returned ${show(await main(10, 20))}`);
  } catch (error) {
    trace.push(`threw ${show(error)}`);
  }
  return trace;
}

export type Mode = "generator" | "compiled async" | "compiled generator";

/** What a program compiles to, for a function that has `runtime`, and a number of `jumps` left. */
export function compiledCode(source: string): string {
  const result = compile(source, { filename: "program.js", assumed: ["co"] });
  if (result === null) throw new Error("not compiled");
  const code = result.code.replace(
    /^import\s*\{([^}]*)\}\s*from\s*"[^"]+";/m,
    (_, list: string) => `const {${list.replaceAll(" as ", ": ")}} = runtime;`,
  );
  // Should a machine never end, it stops after so many jumps, and its trace differs.
  return code.replaceAll("while (true)", "while (jumps-- > 0)");
}

/** A program made ready to run many times in one way. */
export function prepare(text: string, mode: Mode): (seed: number, cancelAt: number) => Trace {
  const source =
    mode === "compiled async"
      ? `const main = co(async (p, q) => {\n${asAsync(text)}\n});`
      : `const main = co(function* (p, q) {\n${asGenerator(text)}\n});`;
  const code = mode === "generator" ? source : compiledCode(source);
  const given = mode === "generator" ? { co } : { runtime };
  const build = new Function(
    ...Object.keys(given),
    ...NAMES,
    `"use strict";\nlet jumps = 100000;\n${code}\nreturn main;`,
  ) as (...args: unknown[]) => (p: number, q: number) => Future<unknown>;
  return (seed, cancelAt) => {
    const trace: string[] = [];
    const log = (line: string): void => {
      trace.push(line);
    };
    const base = world(log, behaviourOf(seed));
    const names = globals(base, (id) => {
      const { left, fails } = base.step(id);
      return new Step(id, left, fails, log);
    });
    const main = build(...Object.values(given), ...NAMES.map((name) => names[name]));
    drive(main(10, 20), cancelAt, trace);
    return trace;
  };
}

/** Polls a future to its end, or cancels it after so many suspends. */
function drive(future: Future<unknown>, cancelAt: number, trace: string[]): void {
  const cx = new Driver();
  try {
    for (let suspends = 0; ; suspends++) {
      if (suspends === cancelAt) {
        trace.push("cancelled");
        while (future.cancel(cx) === Pending) trace.push("cleaning up");
        trace.push("gone");
        return;
      }
      const poll = future.poll(cx);
      if (poll !== Pending) {
        trace.push(`returned ${show(poll)}`);
        return;
      }
      if (suspends > 500) throw new Error("it never ends");
    }
  } catch (error) {
    trace.push(threw(error));
  }
}

/** How a run ended, by an error or the errors of a cleanup. */
export function threw(error: unknown): string {
  const errors = (error as { errors?: unknown[] } | null | undefined)?.errors;
  return `threw ${Array.isArray(errors) ? errors.map(show).join(", ") : show(error)}`;
}

export type { Suspend };
