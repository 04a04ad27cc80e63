import { expect, test } from "vitest";
import { blocking, co, Mutex, oneshot, Runtime, run, sleep, spawn, yieldNow } from "../../../src/index.ts";
import { shared, until, type Work, workUrl } from "../../support/blocking-work.ts";

// Tokio's rt_threaded.rs: what it says of threads that block, and of several runtimes.

const work = blocking<Work>(workUrl);

test("blocking: a thousand tasks go on while four threads block", async () => {
  const runtime = new Runtime({ maxBlockingThreads: 4 });
  const gate = shared(2);
  const blocked = Array.from({ length: 4 }, () => runtime.spawn(work.waitAtGate(gate, "freed")));
  await until(gate, 1, 4);
  const count = co(function* (n: number) {
    yield* yieldNow();
    return n;
  });
  const counted = await Promise.all(Array.from({ length: 1_000 }, (_, n) => runtime.spawn(count(n))));
  expect(counted.at(-1)).toBe(999);
  expect(gate[1]).toBe(4);
  Atomics.store(gate, 0, 1);
  Atomics.notify(gate, 0);
  expect(await Promise.all(blocked)).toEqual(["freed", "freed", "freed", "freed"]);
  await runtime.shutdown();
});

test("max_blocking_threads: one thread is enough", async () => {
  expect(await run(work.add(1, 2), { maxBlockingThreads: 1 })).toBe(3);
});

test("max_blocking_threads_set_to_zero: none is refused", () => {
  expect(() => new Runtime({ maxBlockingThreads: 0 })).toThrow(RangeError);
});

test("hang_on_shutdown: the end of main is not held up by a thread that waits for what a task would have sent", async () => {
  const main = co(function* () {
    const [, never] = oneshot<string>();
    const waiting = blocking<Work>(workUrl, { services: { recv: () => never } });
    spawn(waiting.askFor("recv"));
    yield* sleep(20);
  });
  const runtime = new Runtime();
  await runtime.run(main());
  expect(runtime.metrics()).toMatchObject({ alive: 0, blockingThreads: 0 });
});

test("test_nested_block_in_place_with_block_on_between: a thread blocks on a task that blocks another thread, again and again", async () => {
  const inner = blocking<Work>(workUrl);
  const outer = blocking<Work>(workUrl, { services: { inner: (n: number) => spawn(inner.add(n, 1)) } });
  const main = co(function* () {
    for (let n = 0; n < 100; n++) expect(yield* outer.askFor("inner", n)).toBe(n + 1);
  });
  // One thread for each level: with one in all, the inner call would wait for the outer one.
  await run(main(), { maxBlockingThreads: 2 });
});

test("yield_now_in_block_in_place: a thread may block on a task that yields", async () => {
  const services = {
    turn: co(function* () {
      yield* yieldNow();
      return "turned";
    }),
  };
  expect(await run(blocking<Work>(workUrl, { services }).askFor("turn"))).toBe("turned");
});

test("mutex_in_block_in_place: a thread takes a lock of the runtime more often than a poll has budget", async () => {
  const lock = new Mutex(0);
  const services = {
    recv: () =>
      lock.with(function* (guard) {
        yield* yieldNow();
        guard.value++;
        return guard.value;
      }),
  };
  const counting = blocking<Work & { receiveAll(count: number): number }>(workUrl, { services });
  expect(await run(counting.receiveAll(129))).toBe((129 * 130) / 2);
});

test("multi_threadpool: a task of one runtime wakes one of another", async () => {
  const [first, second] = [new Runtime(), new Runtime()];
  const [tx, rx] = oneshot<string>();
  const received = second.spawn(rx);
  first.spawn(
    co(function* () {
      tx.send("over there");
    })(),
  );
  expect(await received).toBe("over there");
});
