import { fileURLToPath } from "node:url";
import vm from "node:vm";
import { rolldown } from "rolldown";
import { compile } from "../../src/compile.ts";
import { CO } from "./rewrite.ts";

export type Mode = "native" | "spec" | "poll";

/**
 * What is put into a realm beside the runtime: `$async` makes of a coroutine what an `async` function is, and `$generator`
 * of one that gives streams what an async generator function is.
 */
const DRIVER = `
globalThis.$async = (() => {
  const { Context, Future, Pending } = $pollux;
  const AsyncFunction = Object.getPrototypeOf(async () => {});
  const { setPrototypeOf, defineProperty } = Object;
  const { apply } = Reflect;
  const P = Promise, then = Promise.prototype.then;
  const { CompiledFrame, End } = $pollux;
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
  // What the specification does at a yield: a generator of steps, each to be awaited, or offered to whoever asked.
  class Steps extends Future {
    constructor(frame, steps) { super(); this.frame = frame; this.steps = steps; this.outcome = null; this.resume("next"); }
    resume(method, value) {
      for (;;) {
        let step;
        try { step = this.steps[method](value); } catch (error) { this.outcome = { error }; return; }
        if (step.done) { this.outcome = step.value; return; }
        if ("offer" in step.value) {
          const request = this.frame.task.offer(step.value.offer);
          this.waits = true;
          if (request === undefined) return;
          this.waits = false;
          method = "next"; value = request;
          continue;
        }
        const go = (method) => (value) => { this.resume(method, value); this.frame.task.goOn(this); };
        let promise;
        try { promise = P.resolve(step.value.await); } catch (error) { method = "throw"; value = error; continue; }
        apply(then, promise, [go("next"), go("throw")]);
        return;
      }
    }
    poll() {
      if (this.outcome === null || this.outcome.leave) return Pending;
      if ("error" in this.outcome) throw this.outcome.error;
      return this.outcome.value;
    }
  }
  function* offered(value) {
    const received = yield { offer: value };
    if (received.type !== "return") return received;
    try { return { type: "return", value: yield { await: received.value } }; }
    catch (error) { return { type: "throw", value: error }; }
  }
  function* yieldOne(value) {
    const received = yield* offered(yield { await: value });
    if (received.type === "throw") throw received.value;
    return received.type === "return" ? { leave: true, value: received.value } : { value: received.value };
  }
  const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";
  const methodOf = (object, key) => {
    const method = object[key];
    if (method === undefined || method === null) return undefined;
    if (typeof method !== "function") throw new TypeError("not a function");
    return method;
  };
  const later = (result) => new P((resolve, reject) => {
    const done = Boolean(result.done);
    apply(then, P.resolve(result.value), [(value) => resolve({ value, done }), reject]);
  });
  const checked = (result) => { if (!isObject(result)) throw new TypeError("not an object"); return result; };
  const attempt = (run) => { try { return run(); } catch (error) { return P.reject(error); } };
  // An iterator of values as one of promises.
  const fromSync = (iterator, next) => ({
    next: (value) => attempt(() => later(checked(apply(next, iterator, [value])))),
    return: (value) => attempt(() => {
      const method = methodOf(iterator, "return");
      return method === undefined ? P.resolve({ value, done: true }) : later(checked(apply(method, iterator, [value])));
    }),
    throw: (value) => attempt(() => {
      const method = methodOf(iterator, "throw");
      if (method !== undefined) return later(checked(apply(method, iterator, [value])));
      const close = methodOf(iterator, "return");
      if (close !== undefined) checked(apply(close, iterator, []));
      throw new TypeError("the iterator has no throw");
    }),
  });
  const iteratorOf = (iterable) => {
    const method = methodOf(iterable, Symbol.asyncIterator);
    const iterator = checked(apply(method ?? methodOf(iterable, Symbol.iterator), iterable, []));
    const next = iterator.next;
    if (method !== undefined) return { iterator, next };
    const adapted = fromSync(iterator, next);
    return { iterator: adapted, next: adapted.next };
  };
  function* yieldAll(iterable) {
    const { iterator, next } = iteratorOf(iterable);
    let received = { type: "next", value: undefined };
    for (;;) {
      let result;
      if (received.type === "next") result = checked(yield { await: apply(next, iterator, [received.value]) });
      else if (received.type === "throw") {
        const method = methodOf(iterator, "throw");
        if (method === undefined) {
          const close = methodOf(iterator, "return");
          if (close !== undefined) checked(yield { await: apply(close, iterator, []) });
          throw new TypeError("the iterator has no throw");
        }
        result = checked(yield { await: apply(method, iterator, [received.value]) });
      } else {
        const method = methodOf(iterator, "return");
        if (method === undefined) return { leave: true, value: yield { await: received.value } };
        result = checked(yield { await: apply(method, iterator, [received.value]) });
      }
      if (result.done) return { leave: received.type === "return", value: result.value };
      received = yield* offered(result.value);
    }
  }
  class SpecFrame extends CompiledFrame {
    constructor(code) { super(code); this.task = null; }
    give(value) { return new Steps(this, yieldOne(value)); }
    giveAll(iterable) { return new Steps(this, yieldAll(iterable)); }
  }
  // The queue of requests of an async generator, as the specification has it.
  class SpecGenerator extends Context {
    constructor(frame) { super(); this.frame = frame; frame.task = this; this.queue = []; this.isBusy = false; this.isStarted = false; this.isOver = false; }
    wake() { this.run(false); }
    request(type, value) {
      return new P((resolve, reject) => { this.queue.push({ type, value, resolve, reject }); this.drain(); });
    }
    drain() {
      while (!this.isBusy && this.queue.length > 0) {
        const { type, value } = this.queue[0];
        if (!this.isStarted && type !== "next") this.isOver = true;
        if (!this.isOver) {
          this.isBusy = true;
          const isFirst = !this.isStarted;
          this.isStarted = true;
          if (isFirst) this.run(false);
          else { const steps = this.frame.awaited; steps.waits = false; steps.resume("next", { type, value }); this.goOn(steps); }
        } else if (type === "next") this.queue.shift().resolve({ value: undefined, done: true });
        else if (type === "throw") this.queue.shift().reject(value);
        else {
          this.isBusy = true;
          const end = (settle) => (value) => { this.isBusy = false; settle(this.queue.shift(), value); this.drain(); };
          let promise;
          try { promise = P.resolve(value); } catch (error) { end((r, e) => r.reject(e))(error); return; }
          apply(then, promise, [end((r, value) => r.resolve({ value, done: true })), end((r, e) => r.reject(e))]);
        }
      }
    }
    offer(value) {
      this.queue.shift().resolve({ value, done: false });
      if (this.queue.length > 0) return this.queue[0];
      this.isBusy = false;
    }
    goOn(steps) {
      if (steps.outcome === null) return;
      if (steps.outcome.leave) this.leave(steps.outcome.value);
      else this.run(false);
    }
    leave(value) { this.returned = value; this.run(true); }
    run(isLeaving) {
      const { frame } = this;
      let poll;
      try {
        if (isLeaving) { frame.state = 1; this.resumed = frame; poll = frame.unwind(this); }
        else poll = frame.poll(this);
      } catch (error) { this.end((r) => r.reject(error)); return; }
      if (poll === Pending) {
        // All the steps may be over already, where requests had waited.
        const { outcome } = frame.awaited ?? {};
        if (outcome?.leave) this.leave(outcome.value);
        return;
      }
      this.end((r) => r.resolve({ value: poll === undefined ? this.returned : poll, done: true }));
    }
    end(settle) { this.isOver = true; this.isBusy = false; settle(this.queue.shift()); this.drain(); }
  }
  // A stream as an async generator, as well as that can be.
  class PolledGenerator extends Context {
    constructor(stream) { super(); this.stream = stream; this.queue = []; this.isBusy = false; this.go = null; }
    wake() { apply(then, P.resolve(), [() => this.go?.()]); }
    // Calls back when there is something: at once, if it is there.
    drive(poll, done, failed) {
      this.go = () => {
        let result;
        try { result = poll(); } catch (error) { this.go = null; failed(error); return; }
        if (result !== Pending) { this.go = null; done(result); }
      };
      this.go();
    }
    request(type, value) {
      return new P((resolve, reject) => { this.queue.push({ type, value, resolve, reject }); if (!this.isBusy) this.begin(); });
    }
    begin() {
      const request = this.queue[0];
      if (request === undefined) return;
      const { type, value, resolve, reject } = request;
      this.isBusy = true;
      const end = (settle) => (result) => { this.queue.shift(); this.isBusy = false; settle(result); this.begin(); };
      if (type === "next") {
        const give = end((result) => resolve({ value: result === End ? undefined : result, done: result === End }));
        this.drive(() => this.stream.pollNext(this), give, end(reject));
        return;
      }
      const finish = () => {
        if (type === "throw") end(reject)(value);
        else apply(then, P.resolve(value), [end((value) => resolve({ value, done: true })), end(reject)]);
      };
      this.drive(() => this.stream.cancel(this), finish, end(reject));
    }
  }
  const AsyncGeneratorFunction = Object.getPrototypeOf(async function* () {});
  const generators = new WeakMap();
  const request = (type) => function (value) {
    const generator = generators.get(this);
    return generator === undefined ? P.reject(new TypeError("not an async generator")) : generator.request(type, value);
  };
  const prototype = Object.create(AsyncGeneratorFunction.prototype, {
    next: { value: request("next") }, return: { value: request("return") }, throw: { value: request("throw") },
  });
  globalThis.$generator = (coroutine, name) => {
    const f = { f(...args) {
      const source = apply(coroutine, this, args);
      const own = isObject(f.prototype) ? f.prototype : prototype;
      const object = Object.create(own);
      generators.set(object, $mode === "spec" ? new SpecGenerator(source) : new PolledGenerator(source));
      return object;
    } }.f;
    defineProperty(f, "name", { value: name ?? coroutine.name, configurable: true });
    defineProperty(f, "length", { value: coroutine.length, configurable: true });
    defineProperty(f, "prototype", { value: Object.create(prototype), writable: true, enumerable: false, configurable: false });
    setPrototypeOf(f, AsyncGeneratorFunction);
    return f;
  };
  globalThis.$runtime = $mode === "spec"
    ? {
        ...$pollux,
        future: (value) => value instanceof Future ? value : new Await(value),
        isThenable: () => false,
        StreamFrame: SpecFrame,
        streaming: (start) => start,
      }
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
  // This file runs from its sources and from where `npm run test262` builds it.
  const [workspace = ""] = fileURLToPath(import.meta.url).split("/packages/compiler/");
  const core = `${workspace}/packages/pollux/dist/core/`;
  const built = await rolldown({
    input: "entry",
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? id : null),
        load: (id) =>
          id === "entry"
            ? `export * from ${JSON.stringify(`${core}../stream/compiler-runtime.js`)};
               export { Context } from ${JSON.stringify(`${core}context.js`)};
               export { Future } from ${JSON.stringify(`${core}future.js`)};
               export { End } from ${JSON.stringify(`${core}stream-source.js`)};`
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
  // What Node 20 gives its own realm only.
  vm.runInContext(
    `for (const name of ["dispose", "asyncDispose"]) {
  if (!(name in Symbol)) Object.defineProperty(Symbol, name, { value: Symbol("Symbol." + name) });
}`,
    realm,
  );
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
