import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { rolldown } from "rolldown";
import { compile } from "../../src/compile.ts";
import { CO } from "./rewrite.ts";

export type Mode = "native" | "spec" | "poll";

/** What is put into a realm beside the runtime: `$async` makes of a coroutine what an `async` function is. */
const DRIVER = `
globalThis.$async = (() => {
  const { Context, Future, Pending } = $pollux;
  const AsyncFunction = Object.getPrototypeOf(async () => {});
  const { setPrototypeOf, defineProperty } = Object;
  const { apply } = Reflect;
  const P = Promise, then = Promise.prototype.then;
  const native = async (value) => await value;
  class Task extends Context {
    constructor(frame, resolve, reject) { super(); this.frame = frame; this.resolve = resolve; this.reject = reject; }
    wake() { if ($mode === "spec") this.run(); else apply(then, P.resolve(), [() => this.run()]); }
    run() {
      let poll;
      try { poll = this.frame.poll(this); } catch (error) { this.reject(error); return; }
      if (poll !== Pending) this.resolve(poll);
    }
  }
  // One microtask an await, as the specification has it.
  class Await extends Future {
    constructor(value) { super(); this.value = value; this.state = 0; }
    poll(cx) {
      if (this.state === 0) {
        this.state = 1;
        const settle = (state) => (value) => { this.state = state; this.value = value; cx.wake(); };
        const promise = P.resolve(this.value);
        apply(then, promise, [settle(2), settle(3)]);
      }
      if (this.state === 1) return Pending;
      if (this.state === 3) throw this.value;
      return this.value;
    }
  }
  globalThis.$runtime = $mode === "spec"
    ? { ...$pollux, future: (value) => value instanceof Future ? value : new Await(value), isThenable: () => false }
    : $pollux;
  return (coroutine, name) => {
    const f = { f(...args) {
      return new P((resolve, reject) => new Task(apply(coroutine, this, args), resolve, reject).run());
    } }.f;
    defineProperty(f, "name", { value: name ?? coroutine.name, configurable: true });
    defineProperty(f, "length", { value: coroutine.length, configurable: true });
    setPrototypeOf(f, AsyncFunction);
    return f;
  };
})();`;

let runtime: Promise<vm.Script> | undefined;

async function bundle(): Promise<vm.Script> {
  const core = fileURLToPath(new URL("../../../../../pollux/dist/core/", import.meta.url));
  const built = await rolldown({
    input: "entry",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : null),
        load: (id) =>
          id === "entry"
            ? `export * from ${JSON.stringify(`${core}compiler-runtime.js`)};
               export { Context } from ${JSON.stringify(`${core}context.js`)};
               export { Future } from ${JSON.stringify(`${core}future.js`)};`
            : null,
      },
    ],
  });
  const { output } = await built.generate({ format: "iife", name: "$pollux" });
  return new vm.Script(`${output[0].code}\nglobalThis.$pollux = $pollux;`);
}

/** Runs a script in a realm of its own; gives how it failed, or `null`. */
export async function runScript(
  harness: readonly string[],
  script: string,
  mode: Mode,
  isAsync: boolean,
): Promise<string | null> {
  runtime ??= bundle();
  let finish: (message: string) => void = () => {};
  const done = new Promise<string>((resolve) => {
    finish = resolve;
  });
  const realm = vm.createContext({
    print: (message: string) => finish(String(message)),
    $mode: mode,
    setTimeout,
  });
  vm.runInContext("var $262 = { evalScript: (code) => (0, eval)(code), global: globalThis };", realm);
  try {
    let code = script;
    if (mode !== "native") {
      (await runtime).runInContext(realm);
      vm.runInContext(DRIVER, realm);
      const result = compile(script, { filename: "test.cjs", assumed: [CO] });
      if (result === null) return "nothing was compiled";
      code = result.code.replace(
        /^import\s*\{([^}]*)\}\s*from\s*"[^"]+";/m,
        (_, list: string) => `const {${list.replaceAll(" as ", ": ")}} = $runtime;`,
      );
      if (script.startsWith('"use strict"')) code = `"use strict";\n${code}`;
    }
    for (const each of harness) vm.runInContext(each, realm);
    vm.runInContext(code, realm, { timeout: 5000 });
  } catch (error) {
    const { name, message } = error as Error;
    return `${name}: ${message}`;
  }
  if (!isAsync) return null;
  const message = await Promise.race([
    done,
    new Promise<string>((end) => setTimeout(end, 1000, "it never ends").unref()),
  ]);
  return message === "Test262:AsyncTestComplete" ? null : message;
}
