import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { raise } from "../../test/support/raise.ts";
import { Cleanup } from "../core/cleanup.ts";
import { POLL_BUDGET } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import {
  CancelledError,
  CleanupError,
  CleanupTimeoutError,
  FutureInUseError,
  PollAfterCompletionError,
} from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { allSettled } from "./all-settled.ts";
import { any } from "./any.ts";
import { join, joinAll } from "./join.ts";
import { lazy } from "./lazy.ts";
import { never } from "./never.ts";
import { race } from "./race.ts";
import { failed, ready } from "./ready.ts";
import { select } from "./select.ts";
import { tryJoin, tryJoinAll } from "./try-join.ts";

/** Every combinator of several futures, as a function of a list of them. */
const combinators: [name: string, make: (futures: Future<unknown>[]) => Future<unknown>][] = [
  ["join", (futures) => join(...futures)],
  ["join of a record", (futures) => join(Object.fromEntries(futures.entries()))],
  ["joinAll", (futures) => joinAll(futures)],
  ["tryJoin", (futures) => tryJoin(...futures)],
  ["tryJoinAll", (futures) => tryJoinAll(futures)],
  ["allSettled", (futures) => allSettled(futures)],
  ["select", (futures) => select(Object.fromEntries(futures.entries()))],
  ["biased select", (futures) => select(Object.fromEntries(futures.entries()), { biased: true })],
  ["race", (futures) => race(futures)],
  ["any", (futures) => any(futures)],
];

const probes = (count: number, kind?: "sync" | "slow" | "throws"): Probe[] =>
  Array.from({ length: count }, (_, n) => new Probe(`${n}`, kind));

/** Cancels as whoever owns a future does, with the reason "outside" unless told otherwise. */
class Canceller {
  readonly cleanup: Cleanup;
  readonly cx: TestContext;

  constructor(future: Future<unknown>, cx: TestContext, reason: unknown = "outside") {
    this.cleanup = new Cleanup(future, reason, "the test");
    this.cx = cx;
  }

  poll(): Poll<void> {
    this.cx.wakes = 0;
    return this.cleanup.poll(this.cx);
  }
}

/** Whether a result has the value in it, somewhere. */
function contains(result: unknown, value: unknown): boolean {
  if (result === value) return true;
  return (
    typeof result === "object" &&
    result !== null &&
    Object.values(result).some((each) => contains(each, value))
  );
}

function failureOf(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure");
}

function cleanupErrorOf(run: () => unknown): CleanupError {
  const error = failureOf(run);
  if (!(error instanceof CleanupError)) throw error;
  return error;
}

describe.each(combinators)("%s", (_name, make) => {
  test("does nothing when it is made", () => {
    const children = probes(3);
    make(children);
    expect(children.map((child) => child.polls)).toEqual([0, 0, 0]);
  });

  test("touches nothing when it is cancelled before its first poll, and cannot be polled then", () => {
    const children = probes(3);
    const all = make(children);
    expect(new Canceller(all, new TestContext()).poll()).toBeUndefined();
    expect(children.map((child) => [child.polls, child.cancels, child.owner])).toEqual([
      [0, 0, null],
      [0, 0, null],
      [0, 0, null],
    ]);
    expect(() => all.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("cancels all children with the reason, at the same time, and waits for all", () => {
    const children = probes(3, "slow");
    const all = make(children);
    const canceller = new Canceller(all, pending(all));
    expect(canceller.poll()).toBe(Pending);
    expect(children.map((child) => [child.cancels > 0, child.reason])).toEqual([
      [true, "outside"],
      [true, "outside"],
      [true, "outside"],
    ]);
    children[2]?.endCleanup();
    expect(canceller.cx.wakes).toBe(1);
    expect(canceller.poll()).toBe(Pending);
    children[0]?.endCleanup();
    children[1]?.endCleanup();
    expect(canceller.poll()).toBeUndefined();
    expect(children.every((child) => child.isOver && child.breaches.length === 0)).toBe(true);
    expect(() => all.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("asks a child whose cleanup waits again only when it was woken", () => {
    const children = probes(3, "slow");
    const all = make(children);
    const canceller = new Canceller(all, pending(all));
    canceller.poll();
    const before = children.map((child) => child.cancels);
    canceller.poll();
    children[1]?.wake();
    canceller.poll();
    expect(children.map((child, n) => child.cancels - (before[n] ?? 0))).toEqual([0, 1, 0]);
  });

  test("must not be polled while it is being cancelled", () => {
    const children = probes(2, "slow");
    const all = make(children);
    new Canceller(all, pending(all)).poll();
    expect(() => all.poll(new TestContext())).toThrow(FutureInUseError);
  });

  test("collects what failed in cleanup into one CleanupError, and every child is cancelled all the same", () => {
    const children = [new Probe("0", "throws"), new Probe("1", "slow"), new Probe("2", "throws")];
    const all = make(children);
    const canceller = new Canceller(all, pending(all));
    expect(canceller.poll()).toBe(Pending);
    children[1]?.failCleanup(new Error("late"));
    const error = cleanupErrorOf(() => canceller.poll());
    expect(error.cause).toBe("outside");
    expect(error.errors.map((each) => (each as Error).message)).toEqual([
      "cleanup of 0",
      "cleanup of 2",
      "late",
    ]);
    expect(children.every((child) => child.isOver)).toBe(true);
  });

  test("gives what failed in the cleanup of nested ones as one flat list", () => {
    const children = probes(3, "throws");
    const all = make([make(children.slice(0, 2)), ...children.slice(2)]);
    const error = cleanupErrorOf(() => new Canceller(all, pending(all)).poll());
    expect(error.errors.map((each) => (each as Error).message)).toEqual([
      "cleanup of 0",
      "cleanup of 1",
      "cleanup of 2",
    ]);
  });

  test("abandons a child whose cleanup lasts longer than the limit, reports it, and ends", async () => {
    const warnings: string[] = [];
    const runtime = new Runtime({
      clock: "paused",
      cleanupLimit: 50,
      host: { ...(await import("../runtime/host/node.ts")).host, warn: (text) => warnings.push(text) },
    });
    const stuck = new Probe("stuck", "slow");
    const all = make([stuck, new Probe()]);
    const task = runtime.spawn(all).observed();
    await runtime.run(
      co(function* () {
        yield* sleep(1);
        task.abort("outside");
        yield* sleep(100);
      })(),
    );
    const error = await task.then(
      () => undefined,
      (failure: unknown) => failure,
    );
    expect(error).toBeInstanceOf(CleanupError);
    expect((error as CleanupError).errors[0]).toBeInstanceOf(CleanupTimeoutError);
    expect(warnings.length).toBeGreaterThan(0);
    expect(runtime.timers.size).toBe(0);
  });

  test("leaves a future alone that it has not polled and that somebody else awaits", () => {
    const mine = new Probe("mine");
    const theirs = new Probe("theirs");
    pending(join(theirs));
    const all = make([mine, theirs]);
    // No budget: neither child has been polled when the cancel comes.
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 0;
    pending(all, cx);
    new Canceller(all, cx).poll();
    expect([mine.cancels, theirs.cancels]).toEqual([1, 0]);
  });

  test("cancels a future that it has not polled: it may have begun in a loan", () => {
    const begun = new Probe("begun");
    const loan = join(begun.ref());
    new Canceller(loan, pending(loan)).poll();
    expect(begun.state).toBe("pending");
    const all = make([new Probe(), begun]);
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 0;
    pending(all, cx);
    new Canceller(all, cx).poll();
    expect(begun.state).toBe("cancelled");
  });

  test("leaves what was lent as it was", () => {
    const lent = probes(3);
    const all = make(lent.map((child) => child.ref()));
    new Canceller(all, pending(all)).poll();
    expect(lent.map((child) => [child.state, child.cancels, child.owner])).toEqual(
      lent.map(() => ["pending", 0, null]),
    );
  });

  test("has no children any more when a stale waker is called", () => {
    const children = probes(2);
    const all = make(children);
    const canceller = new Canceller(all, pending(all));
    canceller.poll();
    canceller.cx.wakes = 0;
    for (const child of children) child.wake();
    expect(canceller.cx.wakes).toBe(0);
  });

  test("can have no children but where that makes no sense", () => {
    if (_name === "race") expect(() => make([])).toThrow(RangeError);
    else if (_name === "any") expect(() => readyNow(make([]))).toThrow("nothing");
    else if (_name.includes("select")) expect(() => readyNow(make([]))).toThrow("disabled");
    else expect(Object.keys(readyNow(make([])) as object)).toEqual([]);
  });

  test("does not lose a value that it cannot deliver: it is disposed of", () => {
    const resource = new Resource();
    const [fast, slow] = [new Probe("fast"), new Probe("slow", "slow")];
    const all = make([fast, slow]);
    const cx = pending(all);
    fast.resolve(resource);
    expect(all.poll(cx)).toBe(Pending);
    const canceller = new Canceller(all, cx);
    expect(canceller.poll()).toBe(Pending);
    slow.endCleanup();
    expect(canceller.poll()).toBeUndefined();
    expect(resource.disposals).toBe(1);
  });

  test("disposes of the values in what other combinators have given it, however deep", () => {
    const resources: Resource[] = [];
    const resource = (): Future<Resource> =>
      lazy(() => resources[resources.push(new Resource()) - 1] as Resource);
    const [gate, slow] = [new Probe("gate"), new Probe("slow", "slow")];
    const nested = join({
      list: joinAll([resource(), resource()]),
      settled: allSettled([resource(), failed(new Error("settled"))]),
      selected: select({ selected: resource(), never: never() }),
      won: any([race([resource()])]),
      gate,
    });
    const all = make([nested, slow]);
    const cx = pending(all);
    gate.resolve("there");
    expect(all.poll(cx)).toBe(Pending);
    expect(resources.map((each) => each.disposals)).toEqual([0, 0, 0, 0, 0]);
    const canceller = new Canceller(all, cx);
    canceller.poll();
    slow.endCleanup();
    expect(canceller.poll()).toBeUndefined();
    expect(resources.map((each) => each.disposals)).toEqual([1, 1, 1, 1, 1]);
  });

  test("waits for an asynchronous disposal", () => {
    const closing = new Probe<void>("closing");
    const [fast, slow] = [new Probe("fast"), new Probe("slow", "slow")];
    const all = make([fast, slow]);
    const cx = pending(all);
    fast.resolve({ [Symbol.asyncDispose]: () => closing });
    expect(all.poll(cx)).toBe(Pending);
    const canceller = new Canceller(all, cx);
    canceller.poll();
    expect(closing.polls).toBeGreaterThan(0);
    slow.endCleanup();
    expect(canceller.poll()).toBe(Pending);
    closing.resolve();
    expect(canceller.poll()).toBeUndefined();
  });

  test("cancelled at every poll: no child and no timer is left, and every value is received or disposed of", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let open = 0;
      const resources: Resource[] = [];
      const worker = co(function* (turns: number, last: number) {
        open++;
        try {
          for (let n = 0; n < turns; n++) yield* yieldNow();
          yield* sleep(last);
        } finally {
          open--;
          yield* sleep(1);
        }
        const resource = new Resource();
        resources.push(resource);
        return resource;
      });
      const runtime = new Runtime({ clock: "paused" });
      const workers = [worker(1, 5), worker(2, 1), worker(0, 3)];
      const outcome = await runtime.run(cancelAt(make([...workers.slice(0, 2), make(workers.slice(2))])));
      expect(open).toBe(0);
      expect(runtime.timers.size).toBe(0);
      expect(
        resources.every(
          (each) => each.disposals === (outcome.cancelled || !contains(outcome.value, each) ? 1 : 0),
        ),
      ).toBe(true);
    });
    expect(polls).toBeGreaterThan(4);
  });

  test("does not dispose of what a task gives: others may await it", async () => {
    const resource = new Resource();
    const runtime = new Runtime({ clock: "paused" });
    await runtime.run(
      co(function* () {
        const handle = runtime.spawn(ready(resource));
        yield* handle;
        const all = runtime.spawn(make([handle, new Probe("slow", "sync")]));
        yield* sleep(1);
        all.abort();
        yield* allSettled([all]);
      })(),
    );
    expect(resource.disposals).toBe(0);
  });
});

/** Those that end with the first child. */
const first: [name: string, make: (futures: Future<unknown>[]) => Future<unknown>][] = combinators.filter(
  ([name]) => /select|race|any/.test(name),
);

describe.each(first)("%s, which ends with its first child,", (name, make) => {
  const outcome = (value: unknown): unknown => (name.includes("select") ? { key: "1", value } : value);

  test("returns at once when the cleanup of the others ends at once, having told them why", () => {
    const children = probes(3);
    const all = make(children);
    const cx = pending(all);
    children[1]?.resolve("won");
    expect(readyNow(all, cx)).toEqual(outcome("won"));
    for (const child of [children[0], children[2]]) {
      expect(child?.state).toBe("cancelled");
      expect(child?.reason).toBeInstanceOf(CancelledError);
      expect(String(child?.reason)).toContain("another future was ready first");
    }
    expect(children.flatMap((child) => child.breaches)).toEqual([]);
    expect(() => all.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("waits for the cleanup of all others, which goes on at the same time", () => {
    const children = probes(3, "slow");
    const all = make(children);
    const cx = pending(all);
    children[1]?.resolve("won");
    pending(all, cx);
    expect(children.map((child) => child.state)).toEqual(["cancelling", "completed", "cancelling"]);
    children[2]?.endCleanup();
    cx.wakes = 0;
    pending(all, cx);
    children[0]?.endCleanup();
    expect(cx.wakes).toBe(1);
    expect(readyNow(all, cx)).toEqual(outcome("won"));
  });

  test("throws a CleanupError with the winner when the cleanup of another fails, and disposes of the value", () => {
    const resource = new Resource();
    const children = [new Probe("0", "throws"), new Probe("1"), new Probe("2", "slow")];
    const all = make(children);
    const cx = pending(all);
    children[1]?.resolve(resource);
    pending(all, cx);
    expect(resource.disposals).toBe(0);
    children[2]?.endCleanup();
    const error = cleanupErrorOf(() => all.poll(cx));
    expect(error.errors.map((each) => (each as Error).message)).toEqual(["cleanup of 0"]);
    expect((error.cause as Error).message).toBe("another future was ready first");
    expect(error.winner).toEqual(outcome(resource));
    expect(resource.disposals).toBe(1);
  });

  test("is not interrupted by a cancel while the others clean up", () => {
    const children = probes(2, "slow");
    const all = make([children[0] as Probe, children[1] as Probe]);
    const cx = pending(all);
    children[1]?.resolve("won");
    pending(all, cx);
    const cancels = children[0]?.cancels;
    const canceller = new Canceller(all, cx);
    expect(canceller.poll()).toBe(Pending);
    expect(children[0]?.cancels).toBe(cancels);
    expect(String(children[0]?.reason)).toContain("another future was ready first");
    children[0]?.failCleanup(new Error("late"));
    const error = cleanupErrorOf(() => canceller.poll());
    expect(error.cause).toBe("outside");
    expect(error.winner).toEqual(outcome("won"));
    expect(error.errors).toEqual([new Error("late")]);
  });

  test("disposes of the winner at once when it is cancelled while the others clean up", () => {
    const resource = new Resource();
    const children = probes(2, "slow");
    const all = make([children[0] as Probe, children[1] as Probe]);
    const cx = pending(all);
    children[1]?.resolve(resource);
    pending(all, cx);
    const canceller = new Canceller(all, cx);
    expect(canceller.poll()).toBe(Pending);
    expect(resource.disposals).toBe(1);
    children[0]?.endCleanup();
    expect(canceller.poll()).toBeUndefined();
    expect(resource.disposals).toBe(1);
  });

  test("has at most one winner: of two that are ready, the other is cancelled and never polled again", () => {
    const children = probes(2);
    const all = make(children);
    const cx = pending(all);
    children[1]?.resolve("first woken");
    children[0]?.resolve("second woken");
    if (name === "biased select") expect(readyNow(all, cx)).toEqual({ key: "0", value: "second woken" });
    else expect(readyNow(all, cx)).toEqual(outcome("first woken"));
    expect(children.map((child) => child.polls).sort()).toEqual([1, 2]);
    expect(children.flatMap((child) => child.breaches)).toEqual([]);
  });

  test("gives up nested ones together with all that they own", () => {
    const inner = probes(2, "slow");
    const winner = new Probe();
    const all = make([make(inner), winner]);
    const cx = pending(all);
    winner.resolve("won");
    pending(all, cx);
    expect(inner.map((child) => child.state)).toEqual(["cancelling", "cancelling"]);
    for (const child of inner) child.endCleanup();
    expect(readyNow(all, cx)).toEqual(outcome("won"));
  });

  test("leaves what was lent to it as it was, to be lent again", () => {
    const timer = new Probe<string>("timer");
    for (let round = 1; round <= 3; round++) {
      const message = new Probe("message");
      const all = make([timer.ref(), message]);
      const cx = pending(all);
      message.resolve("message");
      expect(readyNow(all, cx)).toEqual(outcome("message"));
      expect([timer.state, timer.cancels]).toEqual(["pending", 0]);
    }
    timer.resolve("time");
    expect(readyNow(timer)).toBe("time");
  });
});

/** Those that end with the first failure. */
const failing = combinators.filter(([name]) => /select|race|tryJoin/.test(name));

describe.each(failing)("%s, which ends with the first failure,", (_name, make) => {
  test("throws it as it is, having cancelled the others with it as the reason", () => {
    const children = probes(3, "slow");
    const all = make(children);
    const cx = pending(all);
    const failure = new Error("failed");
    children[1]?.reject(failure);
    pending(all, cx);
    expect(children.map((child) => child.state)).toEqual(["cancelling", "completed", "cancelling"]);
    expect([children[0]?.reason, children[2]?.reason]).toEqual([failure, failure]);
    children[0]?.endCleanup();
    children[2]?.endCleanup();
    expect(failureOf(() => all.poll(cx))).toBe(failure);
    expect(() => all.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("throws a CleanupError with the failure as its cause when the cleanup of another fails too", () => {
    const children = [new Probe("0", "throws"), new Probe("1"), new Probe("2")];
    const all = make(children);
    const cx = pending(all);
    const failure = new Error("failed");
    children[1]?.reject(failure);
    const error = cleanupErrorOf(() => all.poll(cx));
    expect(error.cause).toBe(failure);
    expect(error.errors).toEqual([new Error("cleanup of 0")]);
    expect(error.winner).toBeUndefined();
    expect(children.flatMap((child) => child.breaches)).toEqual([]);
  });

  test("does not lose the failure when it is cancelled while the others clean up", () => {
    const children = probes(2, "slow");
    const all = make(children);
    const cx = pending(all);
    const failure = new Error("failed");
    children[1]?.reject(failure);
    pending(all, cx);
    const canceller = new Canceller(all, cx);
    expect(canceller.poll()).toBe(Pending);
    children[0]?.failCleanup(new Error("late"));
    const error = cleanupErrorOf(() => canceller.poll());
    expect(error.cause).toBe("outside");
    expect(error.errors).toEqual([failure, new Error("late")]);
  });

  test("treats the misuse of a future as a failure, and leaves that future alone", () => {
    const other = new Probe("other", "slow");
    const taken = new Probe("taken");
    pending(join(taken));
    const all = make([other, taken]);
    const cx = new TestContext();
    let poll: unknown;
    const error = failureOf(() => {
      poll = all.poll(cx);
      if (poll !== Pending) throw new Error("it has ended");
      other.endCleanup();
      all.poll(cx);
    });
    expect(error).toBeInstanceOf(FutureInUseError);
    expect([other.isOver || other.polls === 0, taken.cancels]).toEqual([true, 0]);
  });
});

test("combinators leave nothing behind after 100,000 cancelled ones of each", { timeout: 60_000 }, () => {
  const runtime = new Runtime({ clock: "paused" });
  const lent = new Probe();
  const cx = new TestContext(runtime.handle);
  const cancelMany = (ofEach: number): void => {
    for (let n = 0; n < ofEach * combinators.length; n++) {
      const make = combinators[n % combinators.length]?.[1] ?? joinAll;
      const all = make([lent.ref(), sleep(60_000)]);
      cx.runtime.budget = POLL_BUDGET;
      pending(all, cx);
      all.cancel(cx);
    }
    globalThis.gc?.();
  };
  cancelMany(5_000);
  const before = process.memoryUsage().heapUsed;
  cancelMany(100_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  expect([runtime.timers.size, runtime.handle.outstanding, lent.owner]).toEqual([0, 0, null]);
});

describe("in coroutines", () => {
  test("the finally blocks of the losers have run when select returns", async () => {
    const log: string[] = [];
    const loser = co(function* (name: string, ms: number) {
      try {
        yield* never();
      } finally {
        yield* sleep(ms);
        log.push(name);
      }
    });
    await new Runtime({ clock: "paused" }).run(
      co(function* () {
        const result = yield* select({ a: loser("a", 30), b: loser("b", 20), winner: sleep(1) });
        log.push(result.key);
      })(),
    );
    expect(log).toEqual(["b", "a", "winner"]);
  });

  test("a yieldNow in a loser's finally block lets the other tasks go first", async () => {
    const log: string[] = [];
    const loser = co(function* () {
      try {
        yield* never();
      } finally {
        log.push("before");
        yield* yieldNow();
        log.push("after");
      }
    });
    const other = co(function* () {
      log.push("other");
    });
    const winner = co(function* () {
      yield* yieldNow();
      spawn(other());
    });
    await run(select({ loser: loser(), winner: winner() }));
    expect(log).toEqual(["before", "other", "after"]);
  });

  test("a select in a finally block of its own loser cancels as usual", async () => {
    const log: string[] = [];
    const loser = co(function* () {
      try {
        yield* never();
      } finally {
        const result = yield* select({ slow: never(), fast: sleep(5) });
        log.push(result.key);
      }
    });
    await new Runtime({ clock: "paused" }).run(
      co(function* () {
        yield* select({ loser: loser(), winner: sleep(1) });
        log.push("returned");
      })(),
    );
    expect(log).toEqual(["fast", "returned"]);
  });

  test("what a loser's finally block throws surfaces with the winner", async () => {
    const loser = co(function* () {
      try {
        yield* never();
      } finally {
        raise(new Error("in finally"));
      }
    });
    const error: unknown = await new Runtime({ clock: "paused" })
      .run(
        co(function* () {
          return yield* select({ loser: loser(), winner: sleep(1) });
        })(),
      )
      .catch((failure: unknown) => failure);
    expect(error).toBeInstanceOf(CleanupError);
    expect((error as CleanupError).errors).toEqual([new Error("in finally")]);
    expect((error as CleanupError).winner).toEqual({ key: "winner", value: undefined });
  });

  test("an error thrown in a child keeps its own stack", async () => {
    const inner = co(function* innermost() {
      yield* sleep(1);
      throw new Error("deep");
    });
    const outer = co(function* outermost() {
      yield* tryJoin(inner(), never());
    });
    const error: unknown = await new Runtime({ clock: "paused" })
      .run(outer())
      .catch((failure: unknown) => failure);
    expect((error as Error).message).toBe("deep");
    expect((error as Error).stack).toMatch(/innermost/);
  });
});
