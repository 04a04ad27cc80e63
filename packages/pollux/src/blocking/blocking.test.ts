import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { failureOf, shared, until, type Work, workUrl } from "../../test/support/blocking-work.ts";
import { Context } from "../core/context.ts";
import {
  type Blocking,
  blocking,
  CleanupError,
  co,
  type Future,
  join,
  NoRuntimeError,
  NotCloneableError,
  PollAfterCompletionError,
  Runtime,
  type RuntimeOptions,
  ready,
  select,
  sleep,
  spawn,
  ThreadExitedError,
  transfer,
} from "../index.ts";

const work = blocking<Work>(workUrl);

let runtimes: Runtime[] = [];
function runtimeWith(options?: RuntimeOptions): Runtime {
  const runtime = new Runtime(options);
  runtimes.push(runtime);
  return runtime;
}

afterEach(async () => {
  const all = runtimes;
  runtimes = [];
  for (const runtime of all) {
    await runtime.shutdown();
    expect(runtime.metrics()).toMatchObject({
      blockingThreads: 0,
      blockingRunning: 0,
      blockingQueued: 0,
      outstanding: 0,
    });
  }
});

describe("blocking: a call", () => {
  test("gives what the function gives, awaited if it is async", async () => {
    const runtime = runtimeWith();
    expect(await runtime.spawn(join(work.add(1, 2), work.later("late")))).toEqual([3, "late"]);
  });

  test("has the types of the function", () => {
    expectTypeOf(work.add).toEqualTypeOf<(a: number, b: number) => Future<number>>();
    expectTypeOf(work.later).toEqualTypeOf<(value: string) => Future<string>>();
    expectTypeOf<"notAFunction" extends keyof Blocking<Work> ? true : false>().toEqualTypeOf<false>();
  });

  test("is lazy, and done with after its outcome", async () => {
    const runtime = runtimeWith();
    const call = work.add(1, 2);
    expect(runtime.metrics().blockingThreads).toBe(0);
    const main = co(function* () {
      yield* call;
      yield* call;
    });
    expect(await failureOf(runtime.spawn(main()))).toBeInstanceOf(PollAfterCompletionError);
  });

  test("refuses a module without an absolute URL, and what makes no sense as an option", () => {
    expect(() => blocking("./work.js")).toThrow(TypeError);
    // @ts-expect-error it is no URL
    expect(() => blocking(5)).toThrow(TypeError);
    expect(() => blocking(workUrl, { cancelGrace: -1 })).toThrow(RangeError);
    // @ts-expect-error it is no object
    expect(() => blocking(workUrl, { services: 5 })).toThrow(TypeError);
  });

  test("needs a runtime", () => {
    class Bare extends Context {
      override wake(): void {}
    }
    expect(() => work.add(1, 2).poll(new Bare())).toThrow(NoRuntimeError);
  });

  test("of what the module does not export fails, and so does one of a module that is not there", async () => {
    const runtime = runtimeWith();
    const missing = blocking<{ nothing(): void; notAFunction(): void; toString(): string }>(workUrl);
    for (const name of ["nothing", "notAFunction", "toString"] as const) {
      const error = await failureOf(runtime.spawn(missing[name]() as Future<unknown>));
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toContain(`exports no function ${name}`);
    }
    const nowhere = blocking<Work>(new URL("./nowhere.mjs", import.meta.url));
    expect(await failureOf(runtime.spawn(nowhere.count()))).toMatchObject({ code: "ERR_MODULE_NOT_FOUND" });
  });

  test("moves what transfer names, there and back", async () => {
    const runtime = runtimeWith();
    const bytes = new Uint8Array(1000);
    const filled = await runtime.spawn(work.fill(transfer(bytes, [bytes.buffer])));
    expect([bytes.length, filled.length, filled[999]]).toEqual([0, 1000, 7]);
    // @ts-expect-error a number holds nothing
    expect(() => transfer(5, [])).toThrow(TypeError);
  });
});

describe("blocking: a failure", () => {
  test("has name, message, code, cause and properties, and the stacks of both threads", async () => {
    const runtime = runtimeWith();
    const caller = co(function* callerInHere() {
      yield* work.fail("no money");
    });
    const error = await failureOf(runtime.spawn(caller()));
    expect(error).toBeInstanceOf(RangeError);
    expect(error).toMatchObject({ name: "PaymentError", message: "no money", code: "E_PAYMENT" });
    expect((error as Error).cause).toBeInstanceOf(TypeError);
    expect((error as Error).cause).toMatchObject({ message: "the cause" });
    expect((error as Error).stack).toMatch(/^PaymentError|RangeError: no money\n.*blocking-work\.mjs/);
    expect((error as Error).stack).toMatch(/at fail \(.*blocking-work\.mjs[\s\S]*callerInHere/);
    expect(error).toHaveProperty("details", expect.anything());
  });

  test("of several comes with all, and what is no error as it is", async () => {
    const runtime = runtimeWith();
    const all = await failureOf(runtime.spawn(work.failAll()));
    expect(all).toMatchObject({ name: "AggregateError", message: "all" });
    expect((all as AggregateError).errors).toEqual([expect.objectContaining({ message: "one" }), "two"]);
    expect(await failureOf(runtime.spawn(work.failWith({ status: 5 })))).toEqual({ status: 5 });
    expect(await failureOf(runtime.spawn(work.failWith(undefined)))).toBe(undefined);
  });

  test("that cannot be read is one all the same", async () => {
    const runtime = runtimeWith();
    expect(await failureOf(runtime.spawn(work.failUnreadably()))).toContain("cannot be read");
  });

  test("process.exit, and an error that nobody catches, are failures of the call; the pool goes on", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const exited = await failureOf(runtime.spawn(work.exit(7)));
    expect(exited).toBeInstanceOf(ThreadExitedError);
    expect(exited).toMatchObject({
      code: "POLLUX_THREAD_EXITED",
      message: expect.stringContaining("exit code 7"),
    });
    const crashed = await failureOf(runtime.spawn(work.crash()));
    expect(crashed).toBeInstanceOf(ThreadExitedError);
    expect((crashed as Error).cause).toMatchObject({ message: "nobody catches this" });
    expect(await runtime.spawn(work.add(1, 2))).toBe(3);
  });

  test("is what cannot be cloned, as an argument or as a result; the thread goes on", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const argument = await failureOf(runtime.spawn(work.block(0, () => {})));
    expect(argument).toBeInstanceOf(NotCloneableError);
    expect(argument).toMatchObject({ cause: { name: "DataCloneError" } });
    expect(await failureOf(runtime.spawn(work.giveFunction()))).toBeInstanceOf(NotCloneableError);
    expect(await runtime.spawn(work.count())).toBe(1);
    expect(await runtime.spawn(work.count())).toBe(2);
  });
});

describe("blocking: a cancel", () => {
  test("before the first poll, and while it waits for a thread, lets it never begin", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const [gate, log] = [shared(2), shared(8)];
    const holder = runtime.spawn(work.waitAtGate(gate, "held"));
    await until(gate, 1, 1);
    const queued = runtime.spawn(work.note(log, 1));
    const last = runtime.spawn(work.note(log, 2));
    await new Promise((resolve) => setImmediate(resolve));
    expect(runtime.metrics()).toMatchObject({ blockingRunning: 1, blockingQueued: 2, outstanding: 3 });
    queued.abort();
    expect(await failureOf(queued)).toMatchObject({ code: "POLLUX_CANCELLED" });
    expect(runtime.metrics()).toMatchObject({ blockingRunning: 1, blockingQueued: 1, outstanding: 2 });
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await holder).toBe("held");
    await last;
    expect([...log.slice(0, 3)]).toEqual([1, 2, 0]);
  });

  test("reaches the function, and waits for its end", async () => {
    const runtime = runtimeWith();
    const state = shared(2);
    const task = runtime.spawn(work.untilCancelled(state));
    await until(state, 0, 1);
    task.abort();
    await failureOf(task);
    expect(state[1]).toBe(1);
    expect(runtime.metrics()).toMatchObject({ blockingThreads: 1, blockingRunning: 0 });
  });

  test("does not reach the next call of the thread", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const [first, second] = [shared(2), shared(2)];
    for (const state of [first, second]) {
      const task = runtime.spawn(work.untilCancelled(state));
      await until(state, 0, 1);
      expect(state[1]).toBe(0);
      task.abort();
      await failureOf(task);
    }
    expect([first[1], second[1]]).toEqual([1, 1]);
  });

  test("that ends in the moment in which its thread is ended gives that thread to no other call", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const state = shared(2);
    const ending = runtime.spawn(blocking<Work>(workUrl, { cancelGrace: 0 }).untilCancelled(state));
    await until(state, 0, 1);
    const next = runtime.spawn(work.add(1, 2));
    // Node's loop stands still: when it turns, the grace is over, and the result is there too.
    const standStill = co(function* () {
      yield* ready(undefined);
      Atomics.wait(state, 1, 0, 5_000);
      Atomics.wait(shared(1), 0, 0, 50);
    });
    ending.abort();
    // Polled after the task that is aborted.
    await runtime.spawn(standStill());
    expect(state[1]).toBe(1);
    expect(await next).toBe(3);
    await failureOf(ending);
  });

  test("ends the thread after the grace, and the next call gets another", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const state = shared(1);
    const task = runtime.spawn(blocking<Work>(workUrl, { cancelGrace: 0 }).spin(state));
    await until(state, 0, 1);
    const next = runtime.spawn(work.add(2, 2));
    task.abort();
    expect(await failureOf(task)).toMatchObject({ code: "POLLUX_CANCELLED" });
    expect(await next).toBe(4);
  });

  test("fails where the function fails after it, for another reason", async () => {
    const runtime = runtimeWith();
    const state = shared(2);
    const task = runtime.spawn(work.failWhenCancelled(state, "half done"));
    await until(state, 0, 1);
    task.abort();
    const error = await failureOf(task);
    expect(error).toBeInstanceOf(CleanupError);
    expect((error as CleanupError).errors).toEqual([expect.objectContaining({ message: "half done" })]);
  });

  test("at each moment loses nothing: the pool answers the next call", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 2 });
    for (let turns = 0; turns < 12; turns++) {
      const tasks = [0, 1, 2, 3].map((n) => runtime.spawn(work.later(String(n))));
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      for (const task of tasks) task.abort();
      await Promise.allSettled(tasks);
      expect(runtime.metrics()).toMatchObject({ blockingRunning: 0, blockingQueued: 0, outstanding: 0 });
      expect(await runtime.spawn(work.add(turns, 1))).toBe(turns + 1);
    }
  });

  test("of the loser of a select is waited for", async () => {
    const runtime = runtimeWith();
    const state = shared(2);
    const main = co(function* () {
      const call = spawn(work.untilCancelled(state));
      yield* sleep(1);
      call.abort();
      return (yield* select({ a: work.add(1, 1), b: sleep(600_000) })).key;
    });
    expect(await runtime.run(main())).toBe("a");
    expect(runtime.metrics().blockingThreads).toBe(0);
  });
});

describe("blocking: the pool", () => {
  test("has no more threads than it may, and serves who comes first", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const log = shared(16);
    await Promise.all(Array.from({ length: 10 }, (_, n) => runtime.spawn(work.note(log, n))));
    expect([...log.slice(0, 11)]).toEqual([10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(runtime.metrics().blockingThreads).toBe(1);
  });

  test("runs as many calls at a time as it may have threads", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 3 });
    const gate = shared(2);
    const tasks = Array.from({ length: 5 }, (_, n) => runtime.spawn(work.waitAtGate(gate, String(n))));
    await until(gate, 1, 3);
    expect(runtime.metrics()).toMatchObject({ blockingThreads: 3, blockingRunning: 3, blockingQueued: 2 });
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await Promise.all(tasks)).toEqual(["0", "1", "2", "3", "4"]);
  });

  test("uses an idle thread again, and ends it after its time", async () => {
    const kept = runtimeWith();
    await kept.spawn(work.count());
    expect(await kept.spawn(work.count())).toBe(2);
    const brief = runtimeWith({ threadKeepAlive: 0 });
    await brief.spawn(work.count());
    while (brief.metrics().blockingThreads > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await brief.spawn(work.count())).toBe(1);
  });

  test("is told by the dump: who runs, and who waits", async () => {
    const runtime = runtimeWith({ maxBlockingThreads: 1 });
    const gate = shared(2);
    const first = runtime.spawn(work.waitAtGate(gate, ""), { name: "first" });
    await until(gate, 1, 1);
    const second = runtime.spawn(work.add(1, 2), { name: "second" });
    await new Promise((resolve) => setImmediate(resolve));
    const dump = runtime.dump();
    expect(dump).toMatch(/\(first\): .*blocking call waitAtGate in blocking pool #1 \(runs in thread 1\)/);
    expect(dump).toMatch(
      /\(second\): .*blocking call add in blocking pool #1 \(queued; 1 of 1 threads run\)/,
    );
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await Promise.all([first, second]);
  });

  test("ends with its runtime, whatever its threads do", async () => {
    const runtime = runtimeWith({ shutdownGrace: 5_000 });
    const main = co(function* () {
      const state = shared(1);
      const spinning = blocking<Work>(workUrl, { cancelGrace: 0 });
      spawn(spinning.spin(state));
      yield* work.add(1, 2);
    });
    await runtime.run(main());
    expect(runtime.metrics()).toMatchObject({ blockingThreads: 0, alive: 0 });
    expect(await runtime.run(work.add(3, 4))).toBe(7);
  });

  test("refuses limits that are none", () => {
    for (const maxBlockingThreads of [0, -1, 1.5, Number.NaN])
      expect(() => new Runtime({ maxBlockingThreads })).toThrow(RangeError);
    expect(() => new Runtime({ threadKeepAlive: -1 })).toThrow(RangeError);
  });
});
