import { getEventListeners } from "node:events";
import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import { CancelledError, CleanupError, FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import type { CancelListener } from "./cancel-state.ts";
import { CancellationToken, type DropGuard } from "./cancellation-token.ts";

/** How many listen to a token. Private, since a program has no use for it; a leak is seen there first. */
const listeners = (token: CancellationToken): number =>
  (token as unknown as { state: { listeners: LinkedList<CancelListener> | null } }).state.listeners?.size ??
  0;

const aborts = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

test("CancellationToken: cancel wakes who waits, with the reason; the first reason counts", () => {
  const token = new CancellationToken({ name: "shutdown" });
  const [first, second] = [token.cancelled(), token.cancelled()];
  const contexts = [pending(first), pending(second)];
  expect([token.isCancelled, token.reason]).toEqual([false, undefined]);
  token.cancel("why");
  token.cancel("again");
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect([token.isCancelled, token.reason]).toEqual([true, "why"]);
  expect(ready(first)).toBe("why");
  expect(ready(second)).toBe("why");
  expect(ready(token.cancelled())).toBe("why");
  expect(token.name).toBe("shutdown");
});

test("CancellationToken: throwIfCancelled throws a CancelledError with the reason as its cause", () => {
  const token = new CancellationToken();
  token.throwIfCancelled();
  token.cancel("why");
  expect(() => token.throwIfCancelled()).toThrow(CancelledError);
  expect(() => token.throwIfCancelled()).toThrow(expect.objectContaining({ cause: "why" }));
});

test("CancellationToken: a child is cancelled with its parent, not the other way round", () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const grandchild = child.childToken();
  const sibling = token.childToken();
  const [waits, siblingWaits] = [pending(grandchild.cancelled()), pending(sibling.cancelled())];
  child.cancel("child");
  expect([waits.wakes, siblingWaits.wakes]).toEqual([1, 0]);
  expect([token.isCancelled, grandchild.isCancelled, sibling.isCancelled]).toEqual([false, true, false]);
  token.cancel("token");
  expect(siblingWaits.wakes).toBe(1);
  expect([grandchild.reason, child.reason, sibling.reason]).toEqual(["child", "child", "token"]);
});

test("CancellationToken: a child that nobody waits on knows of the cancel, and its own comes too late", () => {
  const token = new CancellationToken();
  const grandchild = token.childToken().childToken();
  token.cancel("token");
  grandchild.cancel("grandchild");
  expect(grandchild.reason).toBe("token");
  const late = token.childToken();
  expect(late.isCancelled).toBe(true);
  expect(ready(late.cancelled())).toBe("token");
});

test("CancellationToken: a parent knows a child only while somebody waits on it", () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const grandchild = child.childToken();
  expect(listeners(token)).toBe(0);
  const [first, second] = [grandchild.cancelled(), grandchild.cancelled()];
  pending(first);
  pending(second);
  expect([token, child, grandchild].map(listeners)).toEqual([1, 1, 2]);
  first.cancel(new TestContext());
  expect([token, child, grandchild].map(listeners)).toEqual([1, 1, 1]);
  second.cancel(new TestContext());
  expect([token, child, grandchild].map(listeners)).toEqual([0, 0, 0]);
});

test("CancellationToken: a cancelled child leaves its parent", () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const cx = pending(child.cancelled());
  child.cancel();
  expect([token, child].map(listeners)).toEqual([0, 0]);
  token.cancel();
  expect(cx.wakes).toBe(1);
});

test("CancellationToken: everybody is found cancelled as soon as the first is told", () => {
  const token = new CancellationToken();
  const tokens = [token, token.childToken(), token.childToken().childToken()];
  let told = 0;
  class Asking extends TestContext {
    override wake(): void {
      told++;
      expect(tokens.map(({ isCancelled }) => isCancelled)).toEqual([true, true, true]);
      for (const each of tokens) expect(ready(each.cancelled())).toBe("why");
    }
  }
  for (const each of tokens) pending(each.cancelled(), new Asking());
  token.cancel("why");
  expect(told).toBe(3);
  expect(tokens.map(listeners)).toEqual([0, 0, 0]);
});

test("CancellationToken: a waker may take others out while they are being told", () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const [first, second, third] = [token.cancelled(), token.cancelled(), child.cancelled()];
  class Reentrant extends TestContext {
    override wake(): void {
      second.cancel(this);
      third.cancel(this);
      child.cancel("too late");
    }
  }
  pending(first, new Reentrant());
  const [secondCx, thirdCx] = [pending(second), pending(third)];
  token.cancel("why");
  expect([secondCx.wakes, thirdCx.wakes]).toEqual([0, 0]);
  expect(child.reason).toBe("why");
  expect([token, child].map(listeners)).toEqual([0, 0]);
});

test("CancellationToken: a chain of 100,000 children is no deeper than a loop", () => {
  const token = new CancellationToken();
  let last = token;
  for (let i = 0; i < 100_000; i++) last = last.childToken();
  const wait = last.cancelled();
  const cx = pending(wait);
  expect(listeners(token)).toBe(1);
  token.cancel("why");
  expect(cx.wakes).toBe(1);
  expect(ready(wait)).toBe("why");
});

test("CancellationToken: a wait takes a unit of budget once it is cancelled; waiting takes none", () => {
  const { handle } = new Runtime();
  const token = new CancellationToken();
  const cx = new TestContext(handle);
  const wait = token.cancelled();
  handle.budget = 0;
  pending(wait, cx);
  expect(cx.takeWakes()).toBe(1);
  expect(listeners(token)).toBe(0);
  handle.budget = 1;
  pending(wait, cx);
  expect(handle.budget).toBe(1);
  token.cancel();
  ready(wait, cx);
  expect(handle.budget).toBe(0);
  expect(() => wait.poll(cx)).toThrow(PollAfterCompletionError);
});

test("CancellationToken: the waker of the latest poll is the one that is woken", () => {
  const token = new CancellationToken();
  const waits = [token.cancelled(), token.childToken().runUntilCancelled(new Gate())];
  const contexts = waits.map((wait) => [pending<unknown>(wait), pending<unknown>(wait)]);
  token.cancel();
  for (const pair of contexts) expect(pair.map((cx) => cx.wakes)).toEqual([0, 1]);
});

// Runs until cancelled.

test("runUntilCancelled: gives what the future gives, and throws what it throws, leaving nobody listening", () => {
  const token = new CancellationToken();
  const [gate, failing] = [new Gate<number>(), new Gate<number>()];
  const [runs, fails] = [token.runUntilCancelled(gate), token.runUntilCancelled(failing)];
  expectTypeOf(runs).toEqualTypeOf<Future<number | undefined>>();
  pending(runs);
  pending(fails);
  expect(listeners(token)).toBe(2);
  gate.open(7);
  failing.fail(new Error("inner"));
  expect(ready(runs)).toBe(7);
  expect(() => ready(fails)).toThrow("inner");
  expect(listeners(token)).toBe(0);
  expect(gate.cancels + failing.cancels).toBe(0);
  for (const ended of [runs, fails])
    expect(() => ended.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("runUntilCancelled: when the token is cancelled, so is the future, with the reason", () => {
  const token = new CancellationToken();
  const gate = new Gate<number>();
  const runs = token.childToken().runUntilCancelled(gate);
  const cx = pending(runs);
  token.cancel("why");
  expect(cx.wakes).toBe(1);
  expect(ready(runs)).toBe(undefined);
  expect([gate.cancels, gate.reason]).toEqual([1, "why"]);
  expect(() => runs.poll(cx)).toThrow(PollAfterCompletionError);
});

test("runUntilCancelled: does not poll a future that has not begun when the token is cancelled already", () => {
  const token = new CancellationToken();
  token.cancel("why");
  const gate = new Gate<number>();
  expect(ready(token.runUntilCancelled(gate))).toBe(undefined);
  expect([gate.polls, gate.cancels]).toEqual([0, 1]);
});

test("runUntilCancelled: a value that is there when the token is cancelled is not thrown away", () => {
  const token = new CancellationToken();
  const gate = new Gate<string>();
  const runs = token.runUntilCancelled(gate);
  pending(runs);
  gate.open("value");
  token.cancel();
  expect(ready(runs)).toBe("value");
});

test("runUntilCancelled: notices a cancel by the future itself", () => {
  const token = new CancellationToken();
  const cancelsItself = co(function* () {
    token.cancel("mine");
    yield* yieldNow();
    return "not reached";
  });
  expect(ready(token.runUntilCancelled(cancelsItself()))).toBe(undefined);
});

test("runUntilCancelled: waits for the cleanup of the future", async () => {
  const token = new CancellationToken();
  const log: string[] = [];
  const work = co(function* () {
    try {
      yield* new Gate();
    } finally {
      yield* yieldNow();
      yield* yieldNow();
      log.push("cleaned up");
    }
  });
  const main = co(function* () {
    const handle = spawn(token.runUntilCancelled(work()));
    yield* yieldNow();
    token.cancel();
    yield* handle;
    log.push("ended");
  });
  await run(main());
  expect(log).toEqual(["cleaned up", "ended"]);
});

test("runUntilCancelled: a failure in cleanup is thrown as a CleanupError with the token's reason", async () => {
  const token = new CancellationToken();
  const work = co(function* () {
    try {
      yield* new Gate();
    } finally {
      yield* yieldNow();
      raise(new Error("cleanup"));
    }
  });
  class BadLeaf extends Gate {
    override cancel(cx: TestContext): undefined {
      super.cancel(cx);
      throw new Error("leaf");
    }
  }
  for (const [future, message] of [
    [work(), "cleanup"],
    [new BadLeaf(), "leaf"],
  ] as const) {
    const child = token.childToken();
    const main = co(function* () {
      const handle = spawn(child.runUntilCancelled(future));
      yield* yieldNow();
      child.cancel("why");
      yield* handle;
    });
    const error = await run(main()).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toMatchObject({ cause: "why", errors: [new Error(message)] });
  }
});

test("runUntilCancelled: cancelled from outside, it cancels the future and listens no more", () => {
  const token = new CancellationToken();
  const gate = new Gate();
  const runs = token.runUntilCancelled(gate);
  const cx = pending(runs);
  expect(runs.cancel(cx)).toBe(undefined);
  expect(gate.cancels).toBe(1);
  expect(listeners(token)).toBe(0);
  expect(runs.cancel(cx)).toBe(undefined);
  expect(gate.cancels).toBe(1);
  expect(() => runs.poll(cx)).toThrow(PollAfterCompletionError);
});

test("runUntilCancelled: cancelled before its first poll, it leaves the future alone", () => {
  const token = new CancellationToken();
  const gate = new Gate();
  const runs = token.runUntilCancelled(gate);
  runs.cancel(new TestContext());
  expect([gate.polls, gate.cancels]).toEqual([0, 0]);
  expect(() => runs.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("runUntilCancelled: a cancel from outside goes on with a cleanup that is under way", async () => {
  const token = new CancellationToken();
  const log: string[] = [];
  const work = co(function* () {
    try {
      yield* new Gate();
    } finally {
      log.push("cleanup begins");
      for (let i = 0; i < 5; i++) yield* yieldNow();
      log.push("cleanup ends");
    }
  });
  const main = co(function* () {
    const handle = spawn(token.runUntilCancelled(work()));
    yield* yieldNow();
    token.cancel();
    yield* yieldNow();
    yield* yieldNow();
    handle.abort();
    yield* handle;
  });
  await expect(run(main())).rejects.toThrow(CancelledError);
  expect(log).toEqual(["cleanup begins", "cleanup ends"]);
});

test("runUntilCancelled: a future that is awaited elsewhere is refused; what is no future is refused at the call", () => {
  const token = new CancellationToken();
  const gate = new Gate();
  pending(gate.ref());
  const runs = token.runUntilCancelled(gate);
  expect(() => runs.poll(new TestContext())).toThrow(FutureInUseError);
  expect(() => token.runUntilCancelled(7 as unknown as Future<number>)).toThrow(TypeError);
});

// AbortSignal.

test("fromSignal: a token is cancelled with its signal, for the same reason", () => {
  const controller = new AbortController();
  const token = CancellationToken.fromSignal(controller.signal, { name: "request" });
  const child = token.childToken();
  const cx = pending(child.cancelled());
  controller.abort("why");
  expect(cx.wakes).toBe(1);
  expect([token.reason, child.reason]).toEqual(["why", "why"]);
  expect(aborts(controller.signal)).toBe(0);
  expect(CancellationToken.fromSignal(controller.signal).reason).toBe("why");
  expect(token.name).toBe("request");
  expect(() => CancellationToken.fromSignal({} as AbortSignal)).toThrow(TypeError);
});

test("fromSignal: listens to the signal once, and only while somebody waits", () => {
  const { signal } = new AbortController();
  const token = CancellationToken.fromSignal(signal);
  expect(aborts(signal)).toBe(0);
  const waits = [token.cancelled(), token.childToken().cancelled()];
  for (const wait of waits) pending(wait);
  expect(aborts(signal)).toBe(1);
  for (const wait of waits) wait.cancel(new TestContext());
  expect(aborts(signal)).toBe(0);
  const again = token.cancelled();
  pending(again);
  expect(aborts(signal)).toBe(1);
  token.cancel();
  expect(aborts(signal)).toBe(0);
});

test("fromSignal: who asks the token before it was told of the abort does not keep others from being told", () => {
  const controller = new AbortController();
  let token: CancellationToken | undefined;
  controller.signal.addEventListener("abort", () => expect(token?.isCancelled).toBe(true));
  token = CancellationToken.fromSignal(controller.signal);
  const cx = pending(token.cancelled());
  controller.abort();
  expect(cx.wakes).toBe(1);
});

test("fromSignal: an abort event without an abort changes nothing", () => {
  const { signal } = new AbortController();
  const token = CancellationToken.fromSignal(signal);
  const cx = pending(token.cancelled());
  signal.dispatchEvent(new Event("abort"));
  expect([cx.wakes, token.isCancelled]).toEqual([0, false]);
});

test("toAbortSignal: a signal is aborted with its token, for the same reason; there is one a token", () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const signal = child.toAbortSignal();
  expect(child.toAbortSignal()).toBe(signal);
  expect(signal.aborted).toBe(false);
  token.cancel("why");
  expect([signal.aborted, signal.reason]).toEqual([true, "why"]);
  const late = token.toAbortSignal();
  expect([late.aborted, late.reason]).toEqual([true, "why"]);
});

test("toAbortSignal: without a reason, the signal has the host's AbortError", () => {
  const token = new CancellationToken();
  token.cancel();
  expect(token.reason).toBe(undefined);
  expect(token.toAbortSignal().reason).toMatchObject({ name: "AbortError" });
});

test("toAbortSignal: a child that feeds a signal leaves its parent when it is cancelled", async () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const signal = child.toAbortSignal();
  expect(listeners(token)).toBe(1);
  await run(
    child.with(function* () {
      yield* yieldNow();
    }),
  );
  expect(signal.aborted).toBe(true);
  expect(listeners(token)).toBe(0);
});

test("CancellationToken: a signal goes through a token unchanged", () => {
  const controller = new AbortController();
  const signal = CancellationToken.fromSignal(controller.signal).childToken().toAbortSignal();
  const reason = new Error("why");
  controller.abort(reason);
  expect(signal.reason).toBe(reason);
  expect(aborts(controller.signal)).toBe(0);
});

// Guards.

test("DropGuard: cancels the token when it is disposed of, unless it was disarmed", () => {
  const [token, other] = [new CancellationToken(), new CancellationToken()];
  const guard = token.dropGuard("scope ended");
  guard[Symbol.dispose]();
  guard[Symbol.dispose]();
  expect(token.reason).toBe("scope ended");
  const disarmed: DropGuard = other.dropGuard();
  disarmed.disarm();
  disarmed[Symbol.dispose]();
  expect(other.isCancelled).toBe(false);
});

test("CancellationToken: with cancels the token when its body ends, however it ends", async () => {
  const token = new CancellationToken();
  const returns = token.childToken();
  const value = returns.with(function* (self) {
    yield* yieldNow();
    expect(self).toBe(returns);
    return self.isCancelled;
  });
  expectTypeOf(value).toEqualTypeOf<Future<boolean>>();
  expect(await run(value)).toBe(false);
  const throws = token.childToken();
  await expect(run(throws.with(() => raise(new Error("body"))))).rejects.toThrow("body");
  const cancelled = token.childToken();
  const main = co(function* () {
    const handle = spawn(cancelled.with(() => new Gate()));
    yield* yieldNow();
    handle.abort();
  });
  await run(main());
  expect([returns, throws, cancelled].map(({ isCancelled }) => isCancelled)).toEqual([true, true, true]);
  expect(token.isCancelled).toBe(false);
  expect(() => token.with(undefined as unknown as () => Future<void>)).toThrow(TypeError);
});

// Cancelled at every poll, leaks, properties.

test("CancellationToken: a wait cancelled at any poll leaves nobody listening", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    const controller = new AbortController();
    const token = CancellationToken.fromSignal(controller.signal).childToken();
    const main = co(function* () {
      const other = spawn(token.cancelled());
      const aborting = co(function* () {
        yield* yieldNow();
        controller.abort("why");
      });
      spawn(aborting());
      yield* cancelAt(token.cancelled());
      expect(yield* other).toBe("why");
    });
    await run(main());
    expect(listeners(token)).toBe(0);
    expect(aborts(controller.signal)).toBe(0);
  });
});

test("runUntilCancelled: cancelled at any poll, it leaves nobody listening and the future cleaned up", async () => {
  const polls = await cancelAtEveryPoll(async (cancelAt) => {
    const controller = new AbortController();
    const token = CancellationToken.fromSignal(controller.signal);
    let begun = 0;
    let cleanedUp = 0;
    const work = co(function* () {
      begun++;
      try {
        for (let i = 0; i < 4; i++) yield* yieldNow();
        yield* new Gate();
      } finally {
        yield* yieldNow();
        cleanedUp++;
      }
    });
    const main = co(function* () {
      const aborting = co(function* () {
        for (let i = 0; i < 6; i++) yield* yieldNow();
        controller.abort();
      });
      spawn(aborting());
      yield* cancelAt(token.runUntilCancelled(work()));
    });
    await run(main());
    expect(cleanedUp).toBe(begun);
    expect(aborts(controller.signal)).toBe(0);
  });
  expect(polls).toBeGreaterThan(5);
});

test("CancellationToken: 100,000 cancelled waits of each kind leave no listener and no memory behind", () => {
  const { signal } = new AbortController();
  const token = CancellationToken.fromSignal(signal);
  const cx = new TestContext();
  const operations = [
    () => token.cancelled(),
    () => token.childToken().cancelled(),
    () => token.childToken().runUntilCancelled(new Gate()),
  ];
  const batch = (count: number): void => {
    for (const operation of operations) {
      for (let left = count; left > 0; left -= 100) {
        const waits = Array.from({ length: 100 }, operation);
        for (const wait of waits) pending<unknown>(wait, cx);
        expect(aborts(signal)).toBe(1);
        for (const wait of waits) wait.cancel(cx);
      }
    }
  };
  batch(10_000);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch(100_000);
  globalThis.gc?.();
  expect(listeners(token)).toBe(0);
  expect(aborts(signal)).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});

test("CancellationToken: 100,000 children come and go at a price that does not grow with those that stay", () => {
  const token = new CancellationToken();
  const cx = new TestContext();
  const staying = Array.from({ length: 100_000 }, () => token.childToken().cancelled());
  for (const wait of staying) pending(wait, cx);
  expect(listeners(token)).toBe(100_000);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  // O(n) for each would take minutes, and the test would time out.
  for (let i = 0; i < 100_000; i++) {
    const child = token.childToken();
    const wait = child.cancelled();
    pending(wait, cx);
    if (i % 2 === 0) child.cancel();
    else wait.cancel(cx);
    token.childToken(); // Forgotten at once.
  }
  globalThis.gc?.();
  expect(listeners(token)).toBe(100_000);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  token.cancel();
  expect(cx.wakes).toBe(150_000);
  expect(listeners(token)).toBe(0);
});

test("CancellationToken: whatever the tree and the order of things, who is cancelled has been told", () => {
  const step = fc.tuple(fc.constantFrom("child", "wait", "leave", "cancel", "ask", "abort"), fc.nat(50));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (run) => {
      const controller = new AbortController();
      interface Node {
        token: CancellationToken;
        parent: Node | null;
        reason: string | undefined;
      }
      const nodes: Node[] = [
        { token: CancellationToken.fromSignal(controller.signal), parent: null, reason: undefined },
      ];
      const waits: { node: Node; wait: Future<unknown>; cx: TestContext }[] = [];
      const isBelow = (node: Node, ancestor: Node): boolean =>
        node === ancestor || (node.parent !== null && isBelow(node.parent, ancestor));
      const cancel = (ancestor: Node, reason: string): void => {
        for (const node of nodes) if (isBelow(node, ancestor)) node.reason ??= reason;
      };
      for (const [i, [name, n]] of run.entries()) {
        const node = nodes[n % nodes.length] as Node;
        const at = n % Math.max(waits.length, 1);
        switch (name) {
          case "child":
            nodes.push({ token: node.token.childToken(), parent: node, reason: node.reason });
            break;
          case "wait": {
            if (node.reason !== undefined) break;
            const wait = node.token.cancelled();
            waits.push({ node, wait, cx: pending(wait) });
            break;
          }
          case "leave":
            for (const { wait, cx } of waits.splice(at, 1)) wait.cancel(cx);
            break;
          case "cancel":
            node.token.cancel(`step ${i}`);
            cancel(node, `step ${i}`);
            break;
          case "ask":
            expect(node.token.reason).toBe(node.reason);
            break;
          case "abort":
            if (n > 10) break;
            controller.abort(`step ${i}`);
            cancel(nodes[0] as Node, `step ${i}`);
            break;
        }
        for (const { node: waited, cx } of waits) expect(cx.wakes).toBe(waited.reason === undefined ? 0 : 1);
        const awaited = waits.some(({ node: waited }) => waited.reason === undefined);
        expect(aborts(controller.signal)).toBe(awaited ? 1 : 0);
      }
      for (const { token, reason } of nodes) {
        expect(token.isCancelled).toBe(reason !== undefined);
        expect(token.reason).toBe(reason);
      }
      for (const { node, wait, cx } of waits)
        expect(wait.poll(cx)).toBe(node.reason === undefined ? Pending : node.reason);
    }),
    { numRuns: 500 },
  );
});
