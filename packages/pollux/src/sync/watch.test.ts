import fc from "fast-check";
import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { LinkedList } from "../core/list.ts";
import { Pending } from "../core/poll.ts";
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { type WatchReceiver, type WatchSender, watch } from "./watch.ts";

/** A body for `forEach` that takes a while. */
function* pause() {
  yield* yieldNow();
}

/** How many wait for a change, and in `closed()`. Private, since a program has no use for it; a leak is seen there. */
const waiting = <T>(tx: WatchSender<T>): [number, number] => {
  const { waiters, desertionWaiters } = (
    tx as unknown as {
      channel: { waiters: LinkedList<never>; desertionWaiters: LinkedList<never> | null };
    }
  ).channel;
  return [waiters.size, desertionWaiters?.size ?? 0];
};

test("watch: a receiver sees the latest value, and waits for the next", async () => {
  const main = co(function* () {
    const [tx, rx] = watch(0);
    const produce = co(function* () {
      for (let i = 1; i <= 6; i++) {
        tx.send(i);
        if (i % 2 === 0) yield* yieldNow();
      }
      tx.close();
    });
    spawn(produce());
    const seen: number[] = [];
    yield* rx.forEach((value) => {
      seen.push(value);
    });
    return seen;
  });
  expect(await run(main())).toEqual([2, 4, 6]);
});

test("watch: its types follow from the value's", () => {
  const pair = watch<number | string>(1);
  expectTypeOf(pair).toEqualTypeOf<[WatchSender<number | string>, WatchReceiver<number | string>]>();
  const [tx, rx] = pair;
  expectTypeOf(rx.changed()).toEqualTypeOf<Future<number | string>>();
  expectTypeOf(rx.waitFor(() => true)).toEqualTypeOf<Future<number | string>>();
  expectTypeOf(rx.value).toEqualTypeOf<number | string>();
  // @ts-expect-error a value of another type
  tx.send(true);
});

test("watch: the initial value is seen, for the first receiver and for those who subscribe", () => {
  const [tx, rx] = watch("a");
  expect([rx.value, rx.hasChanged(), tx.value]).toEqual(["a", false, "a"]);
  tx.send("b");
  const late = tx.subscribe();
  expect([late.value, late.hasChanged(), rx.hasChanged()]).toEqual(["b", false, true]);
});

test("watch: changed gives the latest value and marks it seen; reading the value does not", () => {
  const [tx, rx] = watch(0);
  tx.send(1);
  tx.send(2);
  expect(rx.value).toBe(2);
  expect(rx.hasChanged()).toBe(true);
  expect(ready(rx.changed())).toBe(2);
  expect(rx.hasChanged()).toBe(false);
  const changed = rx.changed();
  const cx = pending(changed);
  tx.send(3);
  tx.send(4);
  expect(cx.wakes).toBe(1);
  expect(ready(changed)).toBe(4);
  expect(() => ready(changed)).toThrow(PollAfterCompletionError);
});

test("watch: a value that is the same as before is a change as well", () => {
  const [tx, rx] = watch(0);
  tx.send(0);
  expect(ready(rx.changed())).toBe(0);
});

test("watch: the waker of the latest poll is the one that is woken", () => {
  const [tx, rx] = watch(0);
  const changed = rx.changed();
  const contexts = [pending(changed), pending(changed)];
  tx.send(1);
  expect(contexts.map((cx) => cx.wakes)).toEqual([0, 1]);
});

test("watch: borrowAndUpdate marks the value seen, and so does what waits meanwhile see", () => {
  const [tx, rx] = watch(0);
  const changed = rx.changed();
  const cx = pending(changed);
  tx.send(1);
  expect(cx.wakes).toBe(1);
  expect(rx.borrowAndUpdate()).toBe(1);
  pending(changed, cx);
  tx.send(2);
  expect(cx.wakes).toBe(2);
  expect(ready(changed)).toBe(2);
});

test("watch: markChanged and markUnchanged decide what counts as seen", () => {
  const [tx, rx] = watch(0);
  rx.markChanged();
  rx.markChanged();
  expect(rx.hasChanged()).toBe(true);
  expect(ready(rx.changed())).toBe(0);
  tx.send(1);
  rx.markUnchanged();
  expect(rx.hasChanged()).toBe(false);
  pending(rx.changed());
});

test("watch: markChanged wakes who waits on this receiver, and on no other", () => {
  const [, rx] = watch(0);
  const other = rx.clone();
  const [mine, theirs] = [rx.changed(), other.changed()];
  const contexts = [pending(mine), pending(theirs)];
  rx.markChanged();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 0]);
  expect(ready(mine)).toBe(0);
  pending(theirs);
});

test("watch: a clone of a receiver has seen what that has, and goes its own way", () => {
  const [tx, rx] = watch(0);
  tx.send(1);
  const clone = rx.clone();
  expect([clone.sameChannel(rx), tx.receiverCount]).toEqual([true, 2]);
  expect(ready(rx.changed())).toBe(1);
  expect(ready(clone.changed())).toBe(1);
});

test("watch: with no receiver send changes nothing and says so; sendReplace sets the value all the same", () => {
  const [tx, rx] = watch(0);
  rx.close();
  expect(tx.isClosed).toBe(true);
  expect(tx.send(1)).toBe(false);
  expect(tx.value).toBe(0);
  expect(tx.sendReplace(2)).toBe(0);
  expect(tx.value).toBe(2);
  tx.sendModify((value) => value + 1);
  expect(tx.sendIfModified((value) => value + 1)).toBe(true);
  expect(tx.subscribe().value).toBe(4);
  expect(tx.isClosed).toBe(false);
  expect(tx.send(5)).toBe(true);
});

test("watch: sendModify is a change in any case, sendIfModified only if the value is another", () => {
  const state = { count: 0 };
  const [tx, rx] = watch(state);
  tx.sendModify((same) => {
    same.count++;
    return same;
  });
  expect(ready(rx.changed())).toBe(state);
  expect(tx.sendIfModified((same) => same)).toBe(false);
  expect(rx.hasChanged()).toBe(false);
  expect(tx.sendIfModified(({ count }) => ({ count: count + 1 }))).toBe(true);
  expect(ready(rx.changed())).toEqual({ count: 2 });
});

test("watch: an update that throws leaves the value as it was, and nobody is woken", () => {
  const [tx, rx] = watch(1);
  const cx = pending(rx.changed());
  expect(() => tx.sendModify(() => raise(new Error("update")))).toThrow("update");
  expect(() => tx.sendIfModified(() => raise(new Error("update")))).toThrow("update");
  expect([rx.value, rx.hasChanged(), cx.wakes]).toEqual([1, false, 0]);
});

test("watch: a receiver gets a value that it has not seen after the senders are closed, and then ClosedError", () => {
  const [tx, rx] = watch(0, { name: "config" });
  tx.send(1);
  tx.close();
  expect(rx.isClosed).toBe(true);
  expect(() => rx.hasChanged()).toThrow(ClosedError);
  expect(ready(rx.changed())).toBe(1);
  expect(() => ready(rx.changed())).toThrow(new ClosedError('the watch channel "config"'));
  expect(rx.value).toBe(1);
});

test("watch: closing the last sender wakes all who wait", () => {
  const [tx, rx] = watch(0);
  const clone = tx.clone();
  expect([tx.senderCount, clone.sameChannel(tx)]).toEqual([2, true]);
  const [changed, wanted] = [rx.changed(), rx.waitFor((value) => value > 0)];
  const contexts = [pending(changed), pending(wanted)];
  tx.close();
  tx.close();
  expect(contexts.map((cx) => cx.wakes)).toEqual([0, 0]);
  clone[Symbol.dispose]();
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1]);
  expect(() => ready(changed)).toThrow(ClosedError);
  expect(() => ready(wanted)).toThrow(ClosedError);
});

test("watch: a closed sender refuses all further use", () => {
  const [tx, rx] = watch(0);
  const other = tx.clone();
  tx.close();
  expect(tx.isClosed).toBe(true);
  const refusal = new ClosedError("this sender of the watch channel");
  for (const use of [
    () => tx.send(1),
    () => tx.sendReplace(1),
    () => tx.sendModify(() => 1),
    () => tx.sendIfModified(() => 1),
    () => tx.subscribe(),
    () => tx.clone(),
  ]) {
    expect(use).toThrow(refusal);
  }
  expect(rx.value).toBe(0);
  expect(other.send(1)).toBe(true);
});

test("watch: a closed receiver counts no more, wakes its own waiters, and waits for nothing", () => {
  const [tx, rx] = watch(0);
  const other = tx.subscribe();
  const [mine, theirs] = [rx.changed(), other.changed()];
  const cx = pending(mine);
  pending(theirs);
  rx.close();
  rx[Symbol.dispose]();
  expect(tx.receiverCount).toBe(1);
  expect(cx.wakes).toBe(1);
  expect(() => ready(mine)).toThrow(new ClosedError("this receiver of the watch channel"));
  expect(() => ready(rx.waitFor(() => true))).toThrow(ClosedError);
  expect(() => rx.clone()).toThrow(ClosedError);
  expect(() => rx.hasChanged()).toThrow(ClosedError);
  expect([rx.isClosed, rx.value]).toEqual([true, 0]);
  const theirCx = pending(theirs);
  tx.send(1);
  expect(theirCx.wakes).toBe(1);
  expect(ready(theirs)).toBe(1);
});

test("watch: closed waits until there is no receiver", () => {
  const [tx, rx] = watch(0);
  const other = rx.clone();
  const closed = tx.closed();
  const cx = pending(closed);
  rx.close();
  expect(cx.wakes).toBe(0);
  other.close();
  expect(cx.wakes).toBe(1);
  ready(closed);
});

test("watch: waitFor asks the current value first, seen or not, and then each that it gets to see, once", () => {
  const [tx, rx] = watch(0);
  const asked: number[] = [];
  const above = (limit: number): Future<number> =>
    rx.waitFor((value) => {
      asked.push(value);
      return value > limit;
    });
  expect(ready(above(-1))).toBe(0);
  const wanted = above(1);
  const cx = pending(wanted);
  pending(wanted, cx);
  tx.send(1);
  expect(cx.takeWakes()).toBe(1);
  pending(wanted, cx);
  tx.send(2);
  expect(cx.takeWakes()).toBe(1);
  expect(ready(wanted)).toBe(2);
  expect(asked).toEqual([0, 0, 1, 2]);
  expect(rx.hasChanged()).toBe(false);
});

test("watch: waitFor fails with what its predicate throws, and refuses what is no predicate at the call", () => {
  const [tx, rx] = watch(0);
  const wanted = rx.waitFor((value) => value > 0 && raise(new Error("predicate")));
  pending(wanted);
  tx.send(1);
  expect(() => ready(wanted)).toThrow("predicate");
  expect(() => ready(wanted)).toThrow(PollAfterCompletionError);
  expect(waiting(tx)[0]).toBe(0);
  // What TypeScript would not let through.
  expect(() => rx.waitFor(1 as unknown as () => boolean)).toThrow(TypeError);
});

test("watch: for await gives the values that were not seen", async () => {
  const [tx, rx] = watch("a");
  rx.markChanged();
  const seen: string[] = [];
  for await (const value of rx) {
    seen.push(value);
    if (value === "a") tx.send("b");
    else tx.close();
  }
  expect(seen).toEqual(["a", "b"]);
});

test("watch: progress costs a unit of budget, the end included; waiting costs none", () => {
  const { handle } = new Runtime();
  const cx = new TestContext(handle);
  const cost = (act: () => void): number => {
    handle.budget = 10;
    act();
    return 10 - handle.budget;
  };
  const [tx, rx] = watch(0);
  expect(cost(() => pending(rx.changed(), cx))).toBe(0);
  expect(
    cost(() =>
      pending(
        rx.waitFor((value) => value > 0),
        cx,
      ),
    ),
  ).toBe(0);
  tx.send(1);
  expect(cost(() => ready(rx.changed(), cx))).toBe(1);
  expect(
    cost(() =>
      ready(
        rx.waitFor((value) => value > 0),
        cx,
      ),
    ),
  ).toBe(1);
  tx.send(2);
  handle.budget = 0;
  expect(pending(rx.changed(), new TestContext(handle)).wakes).toBe(1);
  expect(rx.hasChanged()).toBe(true);
  rx.markUnchanged();
  tx.close();
  expect(cost(() => expect(() => ready(rx.changed(), cx)).toThrow(ClosedError))).toBe(1);
});

test("watch: an operation cancelled at any poll loses no change, and leaves no waiter", async () => {
  for (const kind of ["changed", "waitFor", "forEach", "closed"] as const) {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = watch(0);
      const main = co(function* () {
        const work = co(function* () {
          for (let i = 1; i <= 3; i++) {
            yield* yieldNow();
            tx.send(i);
          }
          if (kind === "closed") rx.close();
          tx.close();
        });
        const working = spawn(work());
        const operation: Future<unknown> =
          kind === "changed"
            ? rx.changed()
            : kind === "waitFor"
              ? rx.waitFor((value) => value === 3)
              : kind === "forEach"
                ? rx.forEach(pause)
                : tx.closed();
        const outcome = yield* cancelAt(operation);
        yield* working;
        expect(rx.value).toBe(3);
        // What was not given is not marked as seen.
        if (kind === "changed" && outcome.cancelled) expect(yield* rx.changed()).toBe(3);
      });
      await run(main());
      expect(waiting(tx)).toEqual([0, 0]);
    });
    expect(polls).toBeGreaterThan(1);
  }
});

test("watch: 100,000 cancelled operations of each kind leave nothing behind", () => {
  const [tx, rx] = watch(0);
  const cx = new TestContext();
  const never = (): boolean => false;
  const batch = (): void => {
    const futures: Future<unknown>[] = [];
    for (let i = 0; i < 100_000; i++) futures.push(rx.changed(), rx.waitFor(never), tx.closed());
    for (const future of futures) pending(future, cx);
    for (const future of futures) future.cancel(cx);
  };
  batch();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch();
  globalThis.gc?.();
  expect(waiting(tx)).toEqual([0, 0]);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});

/** A receiver as plainly as it can be said: the latest value, and whether it has seen it. */
interface ModelReceiver {
  readonly rx: WatchReceiver<number>;
  seen: boolean;
  waiting: { future: Future<number>; cx: TestContext } | null;
}

const step = fc.tuple(
  fc.constantFrom(
    ...([
      "send",
      "send",
      "sendReplace",
      "sendIfModified",
      "changed",
      "changed",
      "changed",
      "cancel",
    ] as const),
    ...(["borrowAndUpdate", "markChanged", "markUnchanged", "subscribe", "clone", "close", "end"] as const),
  ),
  fc.nat({ max: 7 }),
);

test("watch: does what its model does, in any interleaving", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [tx, rx] = watch(0);
      const receivers: ModelReceiver[] = [{ rx, seen: true, waiting: null }];
      let value = 0;
      let ended = false;
      const set = (next: number): void => {
        value = next;
        for (const receiver of receivers) receiver.seen = false;
      };
      for (const [action, n] of steps) {
        const at = n % Math.max(1, receivers.length);
        const receiver = receivers[at];
        if (!ended) {
          if (action === "send") {
            expect(tx.send(n)).toBe(receivers.length > 0);
            if (receivers.length > 0) set(n);
          }
          if (action === "sendReplace") {
            expect(tx.sendReplace(n)).toBe(value);
            set(n);
          }
          if (action === "sendIfModified") {
            expect(tx.sendIfModified(() => n)).toBe(n !== value);
            if (n !== value) set(n);
          }
          if (action === "subscribe") receivers.push({ rx: tx.subscribe(), seen: true, waiting: null });
          // For good: most runs are to see something before.
          if (action === "end" && n === 0) {
            tx.close();
            ended = true;
          }
        }
        if (receiver !== undefined) {
          if (action === "changed") {
            const { future, cx } = receiver.waiting ?? {
              future: receiver.rx.changed(),
              cx: new TestContext(),
            };
            receiver.waiting = null;
            if (!receiver.seen) {
              expect(future.poll(cx)).toBe(value);
              receiver.seen = true;
            } else if (ended) expect(() => future.poll(cx)).toThrow(ClosedError);
            else {
              expect(future.poll(cx)).toBe(Pending);
              cx.takeWakes();
              receiver.waiting = { future, cx };
            }
          }
          if (action === "cancel") {
            receiver.waiting?.future.cancel(receiver.waiting.cx);
            receiver.waiting = null;
          }
          if (action === "borrowAndUpdate") {
            expect(receiver.rx.borrowAndUpdate()).toBe(value);
            receiver.seen = true;
          }
          if (action === "markChanged") {
            receiver.rx.markChanged();
            receiver.seen = false;
          }
          if (action === "markUnchanged") {
            receiver.rx.markUnchanged();
            receiver.seen = true;
          }
          if (action === "clone")
            receivers.push({ rx: receiver.rx.clone(), seen: receiver.seen, waiting: null });
          if (action === "close") {
            receiver.rx.close();
            receivers.splice(at, 1);
          }
        }
        expect([tx.receiverCount, tx.value]).toEqual([receivers.length, value]);
        for (const { rx, seen, waiting } of receivers) {
          expect(rx.value).toBe(value);
          if (!ended) expect(rx.hasChanged()).toBe(!seen);
          if (waiting !== null && (ended || !seen)) expect(waiting.cx.wakes).toBeGreaterThan(0);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test("watch: waitFor looks at a value that its own predicate has sent", () => {
  const [tx, rx] = watch(0);
  const last = rx.waitFor((value) => {
    if (value < 2) tx.send(value + 1);
    else tx.close();
    return value === 2;
  });
  expect(pending(last).takeWakes()).toBe(1);
  expect(pending(last).takeWakes()).toBe(1);
  expect(ready(last)).toBe(2);
});

test("watch: waitFor asks for the last value also when its predicate has closed the sender", () => {
  const [tx, rx] = watch(0);
  const last = rx.waitFor((value) => {
    if (value === 0) {
      tx.send(1);
      tx.close();
    }
    return value === 1;
  });
  pending(last);
  expect(ready(last)).toBe(1);
});

test("watch: waitFor gives the value that its predicate has accepted, not one that it sent meanwhile", () => {
  const [tx, rx] = watch(0);
  const accepted = rx.waitFor((value) => {
    tx.send(value + 1);
    return true;
  });
  expect(ready(accepted)).toBe(0);
  expect(rx.hasChanged()).toBe(true);
});

test("watch: a receiver that is closed is not counted any more when those who wait on it are woken", () => {
  const [tx, rx] = watch(0);
  const seen: number[] = [];
  class Looking extends TestContext {
    override wake(): void {
      seen.push(tx.receiverCount);
    }
  }
  rx.changed().poll(new Looking());
  rx.close();
  expect(seen).toEqual([0]);
});
