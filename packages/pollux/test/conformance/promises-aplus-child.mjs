// Runs the suite of promises-aplus-tests in this process, of which it wants all; see promises-aplus.test.ts.
// node promises-aplus-child.mjs BUNDLE ADAPTER: the last line that it prints is JSON.
import { createRequire } from "node:module";
import { argv } from "node:process";

const { Future, Pending, Runtime, co } = await import(argv[2]);
const suite = createRequire(import.meta.url)("promises-aplus-tests");

/** A future that the suite settles. */
class Deferred extends Future {
  #settled;
  #waker;

  settle(settled) {
    this.#settled ??= settled;
    this.#waker?.wake();
  }

  poll(cx) {
    this.#waker = cx.waker;
    if (this.#settled === undefined) return Pending;
    if ("reason" in this.#settled) throw this.#settled.reason;
    return this.#settled.value;
  }
}

// Rejections that nobody handles are part of the suite.
process.on("unhandledRejection", () => {});
const runtime = new Runtime({ onUnhandledError: () => {} });

/** What stands for the promise: the handle of a task, the future itself, or a coroutine that awaits it. */
const adapters = {
  "join-handle": (future) => runtime.spawn(future),
  future: (future) => future,
  coroutine: (future) =>
    co(function* () {
      return yield* future;
    })(),
};

const adapt = adapters[argv[3]];

const adapter = {
  deferred() {
    const future = new Deferred();
    return {
      promise: adapt(future),
      resolve: (value) => future.settle({ value }),
      reject: (reason) => future.settle({ reason }),
    };
  },
};

const passed = [];
const failed = [];

class Reporter {
  constructor(runner) {
    runner.on("pass", (test) => passed.push(test.fullTitle()));
    runner.on("fail", (test, error) => failed.push(`${test.fullTitle()}: ${error.message}`));
  }
}

// Its own limit, 200 ms a case, is one on the machine: some cases wait for 50 ms three times.
suite(adapter, { reporter: Reporter, timeout: 10_000 }, () => {
  const sections = {};
  for (const title of passed) {
    const [section] = /^\d+\.\d+(?:\.\d+)?/.exec(title) ?? ["other"];
    sections[section] = (sections[section] ?? 0) + 1;
  }
  console.log(JSON.stringify({ passed: passed.length, failed, sections }));
  process.exit(0);
});
