import { expect, expectTypeOf, test } from "vitest";
import { failureOf, shared, until, type Work, workUrl } from "../../test/support/blocking-work.ts";
import {
  type BlockingOptions,
  blocking,
  co,
  currentTask,
  type Future,
  mpsc,
  NoContextError,
  type OnMain,
  onMain,
  Runtime,
  type RuntimeOptions,
  run,
  sleep,
  spawn,
  transfer,
  yieldNow,
} from "../index.ts";

/** Runs a call on a runtime of its own, which ends with it. */
function ask<T>(
  services: NonNullable<BlockingOptions["services"]>,
  call: (work: ReturnType<typeof blocking<Work>>) => Future<T>,
  options?: RuntimeOptions,
): Promise<T> {
  return run(call(blocking<Work>(workUrl, { services })), options ?? {});
}

test("onMain: a thread stands still until a future, a promise or a value is there", async () => {
  const services = {
    future: co(function* (n: number) {
      yield* sleep(1);
      return n * 2;
    }),
    promise: async (n: number) => n * 3,
    value: (n: number) => n * 4,
  };
  expect(await ask(services, (work) => work.askFor("future", 10))).toBe(20);
  expect(await ask(services, (work) => work.askFor("promise", 10))).toBe(30);
  expect(await ask(services, (work) => work.askFor("value", 10))).toBe(40);
  expect(await ask(services, (work) => work.askTwice("future"))).toEqual([2, 4]);
});

test("onMain: has the types of the services", () => {
  interface Offers {
    [name: string]: (...args: never[]) => unknown;
    price(item: string): Future<number>;
  }
  expectTypeOf<OnMain<Offers>["price"]>().toEqualTypeOf<(item: string) => number>();
});

test("onMain: a service runs within the task that made the call", async () => {
  const services = { who: () => currentTask().name };
  const runtime = new Runtime();
  const work = blocking<Work>(workUrl, { services });
  expect(await runtime.spawn(work.askFor("who"), { name: "caller" })).toBe("caller");
  await runtime.shutdown();
});

test("onMain: a failure of the service is one in the thread, with code and both stacks", async () => {
  const services = {
    refuse: co(function* refusing() {
      yield* yieldNow();
      throw Object.assign(new Error("refused"), { code: "E_REFUSED" });
    }),
  };
  const told = await ask(services, (work) => work.askSafely("refuse"));
  expect(told).toMatchObject({ name: "Error", code: "E_REFUSED" });
  expect(told.stack).toMatch(/refusing[\s\S]*blocking-work\.mjs/);
  // Not caught in the thread, it is the failure of the call.
  expect(await failureOf(ask(services, (work) => work.askFor("refuse")))).toMatchObject({
    code: "E_REFUSED",
  });
});

test("onMain: a service that is not there, or whose answer cannot be cloned, is a failure in the thread", async () => {
  expect(await ask({}, (work) => work.askSafely("toString"))).toMatchObject({ name: "TypeError" });
  const services = { fn: () => () => {} };
  expect(await ask(services, (work) => work.askSafely("fn"))).toMatchObject({ code: "POLLUX_NOT_CLONEABLE" });
});

test("onMain: what transfer names is moved with the answer", async () => {
  const bytes = new Uint8Array([1, 2, 3]);
  const services = { bytes: () => transfer(bytes, [bytes.buffer]) };
  expect(await ask(services, (work) => work.askFor("bytes"))).toEqual(new Uint8Array([1, 2, 3]));
  expect(bytes.length).toBe(0);
});

test("onMain: a cancel of the call cancels the service, and then goes on in the thread", async () => {
  const runtime = new Runtime();
  const state = shared(1);
  const events: string[] = [];
  let begun = false;
  const services = {
    slow: co(function* () {
      try {
        begun = true;
        yield* sleep(600_000);
      } finally {
        yield* sleep(1);
        events.push(`released, ${state[0]}`);
      }
    }),
  };
  const task = runtime.spawn(blocking<Work>(workUrl, { services }).askAndReport(state, "slow"));
  while (!begun) await new Promise((resolve) => setImmediate(resolve));
  task.abort();
  expect(await failureOf(task)).toMatchObject({ code: "POLLUX_CANCELLED" });
  expect(events).toEqual(["released, 0"]);
  expect(state[0]).toBe(1);
  await runtime.shutdown();
});

test("onMain: a service that is asked for after the cancel is refused at once", async () => {
  const runtime = new Runtime();
  const state = shared(2);
  let calls = 0;
  const work = blocking<Work & { cancelledThenAsk(state: Int32Array, name: string): void }>(workUrl, {
    services: { count: () => ++calls },
  });
  const task = runtime.spawn(work.cancelledThenAsk(state, "count"));
  await until(state, 0, 1);
  task.abort();
  expect(await failureOf(task)).toMatchObject({ code: "POLLUX_CANCELLED" });
  expect(calls).toBe(0);
  await runtime.shutdown();
});

test("onMain: a service may be a call in another thread, which may ask in turn", async () => {
  const services = {
    twice: (n: number) =>
      blocking<Work>(workUrl, { services: { add: (m: number) => m + 1 } }).askFor("add", n),
  };
  expect(await ask(services, (work) => work.askFor("twice", 5))).toBe(6);
});

test("onMain: a thread that dies while a service runs has that cancelled, and fails", async () => {
  const runtime = new Runtime();
  let released = false;
  let begun = false;
  const services = {
    slow: co(function* () {
      try {
        begun = true;
        yield* sleep(600_000);
      } finally {
        released = true;
      }
    }),
  };
  const task = runtime.spawn(blocking<Work>(workUrl, { services }).askFor("slow"));
  while (!begun) await new Promise((resolve) => setImmediate(resolve));
  // The pool ends its threads, as a runtime does at its end, under a call that is not cancelled.
  await runtime.handle.blocking?.close(5_000);
  expect(await failureOf(task)).toMatchObject({ code: "POLLUX_THREAD_EXITED" });
  expect(released).toBe(true);
  await runtime.shutdown();
});

test("onMain: a paused clock serves a thread that stands still for a timer", async () => {
  const services = {
    wait: co(function* () {
      yield* sleep(3_600_000);
      return "an hour later";
    }),
  };
  const call = ask(services, (work) => work.askFor("wait"), { clock: "paused" });
  expect(await call).toBe("an hour later");
});

test("onMain: a thread sends into a channel, and waits for room", async () => {
  const main = co(function* () {
    const [tx, rx] = mpsc<number>(1);
    const work = blocking<Work & { sendAll(count: number): void }>(workUrl, {
      services: { send: (n: number) => tx.send(n), close: () => tx.close() },
    });
    const got: number[] = [];
    const sender = spawn(work.sendAll(20));
    yield* rx.forEach((n) => {
      got.push(n);
    });
    yield* sender;
    return got;
  });
  expect(await run(main())).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

test("onMain: in a thread that is none of a pool it refuses", () => {
  expect(() => onMain<{ any(): number }>().any()).toThrow(NoContextError);
});
