import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { fakeExecutor } from "../../test/support/fake-host.ts";
import { Gate } from "../../test/support/gate.ts";
import { pollFn } from "../combine/poll-fn.ts";
import { select } from "../combine/select.ts";
import { co } from "../core/coroutine.ts";
import { CancelledError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import type { JoinHandle } from "./join-handle.ts";
import { spawn } from "./spawn.ts";
import { yieldNow } from "./yield-now.ts";

describe("JoinHandle", () => {
  test("gives the value to all who await it, at any time and again", () =>
    run(
      co(function* () {
        const handle = spawn(
          co(function* () {
            yield* yieldNow();
            return {};
          })(),
        );
        const join = co(function* () {
          return yield* handle;
        });
        const joins = [spawn(join()), spawn(join())];
        const value = yield* handle;
        for (const each of joins) expect(yield* each).toBe(value);
        expect(yield* handle).toBe(value);
      })(),
    ));

  test("throws the error that the task failed with, to all", () =>
    run(
      co(function* () {
        const error = new Error("x");
        const handle = spawn(
          co(function* () {
            yield* yieldNow();
            throw error;
          })(),
        );
        for (let i = 0; i < 2; i++) {
          let thrown: unknown;
          try {
            yield* handle;
          } catch (e) {
            thrown = e;
          }
          expect(thrown).toBe(error);
        }
      })(),
    ));

  test("cancelling a join leaves the task alone, and no waker with it", () =>
    run(
      co(function* () {
        const gate = new Gate<number>();
        const handle = spawn(gate);
        const [a, b] = [new TestContext(), new TestContext()];
        pending(handle, a);
        pending(handle, b);
        handle.cancel(a);
        gate.open(1);
        yield* yieldNow();
        yield* yieldNow();
        expect([a.wakes, b.wakes]).toEqual([0, 1]);
        expect(ready(handle, b)).toBe(1);
      })(),
    ));

  test("a join that is cancelled at every poll leaves the task alone", () =>
    cancelAtEveryPoll(async (cancelAt) => {
      await run(
        co(function* () {
          const handle = spawn(
            co(function* () {
              for (let i = 0; i < 3; i++) yield* yieldNow();
              return 7;
            })(),
          );
          yield* cancelAt(handle);
          expect(yield* handle).toBe(7);
        })(),
      );
    }));

  test("lending it in a loop of 10,000 leaves nothing behind", () =>
    run(
      co(function* () {
        const gate = new Gate<number>();
        const handle = spawn(gate);
        yield* yieldNow();
        for (let i = 0; i < 10_000; i++) {
          const loan = handle.ref();
          const cx = new TestContext();
          pending(loan, cx);
          loan.cancel(cx);
        }
        expect((handle as unknown as { task: { output: unknown } }).task.output).toSatisfy(
          (joiners: unknown) => joiners === undefined || (joiners as Set<unknown>).size === 0,
        );
        gate.open(1);
        expect(yield* handle).toBe(1);
      })(),
    ));

  test("lending a coroutine that awaits it in a loop of 10,000 leaves few wakers behind, and not its own", () =>
    run(
      co(function* () {
        const gate = new Gate<number>();
        const handle = spawn(gate);
        const join = co(function* () {
          return yield* handle;
        });
        const [lent, other] = [join(), spawn(join())];
        for (let i = 0; i < 10_000; i++) yield* select({ lent: lent.ref(), tick: yieldNow() });
        const { output } = (handle as unknown as { task: { output: Set<unknown> } }).task;
        expect(output.size).toBeLessThan(40);
        gate.open(1);
        expect([yield* lent, yield* other]).toEqual([1, 1]);
      })(),
    ));

  test("abort: before the first poll the task is polled once all the same, and its finally runs", () =>
    run(
      co(function* () {
        const log: string[] = [];
        const handle = spawn(
          co(function* (connection: string) {
            try {
              log.push("started");
              yield* new Gate();
            } finally {
              log.push(`closed ${connection}`);
            }
          })("connection"),
        );
        handle.abort();
        expect(handle.isFinished).toBe(false);
        try {
          yield* handle;
        } catch (error) {
          expect(error).toBeInstanceOf(CancelledError);
        }
        expect(log).toEqual(["started", "closed connection"]);
      })(),
    ));

  test("abort: a poll that gives a value wins", () =>
    run(
      co(function* () {
        const early = spawn(
          co(function* () {
            return 1;
          })(),
        );
        early.abort();
        expect(yield* early).toBe(1);
        const own: JoinHandle<number> = spawn(
          co(function* (): Generator<never, number> {
            own.abort();
            return 2;
          })(),
        );
        expect(yield* own).toBe(2);
      })(),
    ));

  test("abort after the end does nothing; the first reason counts", () =>
    run(
      co(function* () {
        const done = spawn(
          co(function* () {
            return 1;
          })(),
        );
        yield* done;
        done.abort("late");
        expect(yield* done).toBe(1);
        const handle = spawn(new Gate());
        yield* yieldNow();
        handle.abort("first");
        handle.abort("second");
        try {
          yield* handle;
        } catch (error) {
          expect(error).toMatchObject({ cause: "first" });
        }
      })(),
    ));

  test("abortHandle ends the task and asks after it", () =>
    run(
      co(function* () {
        const handle = spawn(new Gate(), { name: "worker" }).observed();
        const abort = handle.abortHandle();
        expect([abort.id, abort.name, abort.isFinished]).toEqual([handle.id, "worker", false]);
        yield* yieldNow();
        abort.abort("why");
        yield* yieldNow();
        yield* yieldNow();
        expect(abort.isFinished).toBe(true);
      })(),
    ));

  test("a join takes a unit of the budget when it gives something, and none for waiting", () => {
    const { host, executor } = fakeExecutor();
    const gate = new Gate<number>();
    const handle = executor.spawn(gate);
    host.runMicrotasks();
    const before = executor.budget;
    const cx = pending(handle, new TestContext(executor));
    expect(executor.budget).toBe(before);
    gate.open(1);
    host.runMicrotasks();
    const then = executor.budget;
    expect(handle.poll(cx)).toBe(1);
    expect(executor.budget).toBe(then - 1);
    executor.budget = 0;
    cx.wakes = 0;
    pending(handle, cx);
    expect(cx.wakes).toBe(1);
  });

  test("may be joined in a context of one's own, which says nothing of its task", () => {
    const { host, executor } = fakeExecutor();
    const join = co(function* () {
      return yield* executor.spawn(seven());
    });
    const seven = co(function* () {
      return 7;
    });
    const future = join();
    const cx = pending(future, new TestContext(executor));
    host.runMicrotasks();
    expect([cx.wakes, future.poll(cx)]).toEqual([1, 7]);
  });

  test("a task that is polled at its first join does not see the reason of the cancel that joins it", () => {
    const { host, executor } = fakeExecutor();
    const reasons: unknown[] = [];
    const note = (): Future<void> => pollFn((cx) => void reasons.push(cx.cancelReason));
    const task = executor.spawn(
      co(function* () {
        try {
          yield* new Gate();
        } finally {
          yield* executor.spawn(note());
          yield* note();
        }
      })(),
    );
    host.runMicrotasks();
    task.abort("enough");
    host.runMicrotasks();
    expect(reasons).toEqual([undefined, "enough"]);
  });

  test("may be joined from another runtime", async () => {
    const one = new Runtime();
    const two = new Runtime();
    const gate = new Gate<number>();
    const handle = one.spawn(gate);
    const joined = two.run(
      co(function* () {
        return yield* handle;
      })(),
    );
    await Promise.resolve();
    gate.open(7);
    expect(await joined).toBe(7);
  });

  test("is a promise for code outside of the runtime", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const handle = runtime.spawn(
      co(function* () {
        yield* sleep(5);
        return 7;
      })(),
    );
    expect(await Promise.all([handle, handle.then((n) => n + 1)])).toEqual([7, 8]);
    expect(await handle).toBe(7);
    const aborted = runtime.spawn(new Gate());
    aborted.abort("why");
    await expect(aborted).rejects.toMatchObject({ cause: "why" });
  });

  test("types", () => {
    const handle = null as unknown as JoinHandle<number>;
    expectTypeOf(handle).toExtend<Future<number>>();
    expectTypeOf(handle).toExtend<PromiseLike<number>>();
    expectTypeOf<Awaited<typeof handle>>().toEqualTypeOf<number>();
  });
});
