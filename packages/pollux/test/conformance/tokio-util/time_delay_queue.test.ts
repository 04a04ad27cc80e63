import { expect, test } from "vitest";
import { blockFuture } from "../../../src/core/coroutine.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { Pending } from "../../../src/core/poll.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { advance, now } from "../../../src/time/clock.ts";
import { DelayQueue } from "../../../src/time/delay-queue.ts";
import { sleep, sleepUntil } from "../../../src/time/sleep.ts";
import type { TestContext } from "../../support/context.ts";
import { currentContext } from "../../support/current-context.ts";

/** A queue, and the context that it is polled with. */
interface Polled<T> {
  queue: DelayQueue<T>;
  cx: TestContext;
  /** Polls, and expects this value. */
  expectValue: (value: T) => void;
  /** Polls, and gives the value that must be there. */
  take: () => T;
  expectPending: () => void;
  expectEmpty: () => void;
  /** Whether it was woken since the last poll. */
  isWoken: () => boolean;
}

function polled<T>(): Polled<T> {
  const queue = new DelayQueue<T>();
  const cx = currentContext();
  const poll = (): ReturnType<typeof queue.pollExpired> => {
    cx.takeWakes();
    return queue.pollExpired(cx);
  };
  const take = (): T => {
    const delayed = poll();
    if (delayed === Pending || delayed === undefined) throw new Error("nothing was due");
    return delayed.value;
  };
  return {
    queue,
    cx,
    take,
    expectValue: (value) => expect(take()).toBe(value),
    expectPending: () => expect(poll()).toBe(Pending),
    expectEmpty: () => expect(poll()).toBe(undefined),
    isWoken: () => cx.wakes > 0,
  };
}

/** Runs a block on a clock that stands at 0. */
const paused = <T = string>(
  block: (polled: Polled<T>) => Generator<Suspend, void, unknown>,
): Promise<void> => {
  const main = function* (): Generator<Suspend, void, unknown> {
    yield* block(polled<T>());
  };
  return run(blockFuture(main(), "a test"), { clock: "paused" });
};

test("single_immediate_delay: what is due now comes out, and then the queue is empty", () =>
  paused(function* ({ queue, expectValue, expectEmpty }) {
    queue.insertAt("foo", now());
    yield* sleep(1);
    expectValue("foo");
    expectEmpty();
  }));

test("multi_immediate_delays: all that is due now comes out", () =>
  paused(function* ({ queue, expectValue, expectEmpty }) {
    for (const value of ["1", "2", "3"]) queue.insertAt(value, now());
    yield* sleep(1);
    for (const value of ["1", "2", "3"]) expectValue(value);
    expectEmpty();
  }));

test("single_short_delay: wakes at the deadline, and not before", () =>
  paused(function* ({ queue, expectValue, expectPending, expectEmpty, isWoken }) {
    queue.insertAt("foo", now() + 5);
    expectPending();
    yield* sleep(1);
    expect(isWoken()).toBe(false);
    yield* sleep(5);
    expect(isWoken()).toBe(true);
    expectValue("foo");
    expectEmpty();
  }));

test("multi_delay_at_start: each of many wakes at its own time; nothing else does", () =>
  paused<number>(function* ({ queue, take, expectPending, isWoken }) {
    const delays = [1000, 2, 234, 262_144 + 9 * 4096, 60, 10];
    for (const delay of delays) queue.insertAt(delay, now() + delay);
    expectPending();
    expect(isWoken()).toBe(false);
    const start = now();
    for (let elapsed = 1; elapsed <= 1200; elapsed++) {
      yield* sleepUntil(start + elapsed);
      expect(isWoken()).toBe(delays.includes(elapsed));
      if (!delays.includes(elapsed)) continue;
      expect(take()).toBe(elapsed);
      expectPending();
    }
    queue.clear();
  }));

test("insert_in_past_fires_immediately: what was due before it went in comes out at once", () =>
  paused(function* ({ queue, expectValue }) {
    const start = now();
    yield* sleep(10);
    queue.insertAt("foo", start);
    expectValue("foo");
  }));

test("remove_entry: what was removed does not come out", () =>
  paused(function* ({ queue, expectPending, expectEmpty }) {
    const key = queue.insertAt("foo", now() + 5);
    expectPending();
    expect(queue.remove(key)).toBe(true);
    expect(key.value).toBe("foo");
    yield* sleep(10);
    expectEmpty();
  }));

test("reset_entry: a new deadline counts, and the old one does not", () =>
  paused(function* ({ queue, expectValue, expectPending, expectEmpty, isWoken }) {
    const start = now();
    const key = queue.insertAt("foo", start + 5);
    expectPending();
    yield* sleep(1);
    queue.resetAt(key, start + 10);
    expectPending();
    yield* sleep(7);
    expect(isWoken()).toBe(false);
    expectPending();
    yield* sleep(3);
    expect(isWoken()).toBe(true);
    expectValue("foo");
    expectEmpty();
  }));

test("reset_to_past_wakes_pending_queue: a deadline in the past wakes who waits", () =>
  paused(function* ({ queue, expectValue, expectPending, expectEmpty, isWoken }) {
    const key = queue.insert("foo", 10_000);
    expectPending();
    expect(isWoken()).toBe(false);
    queue.resetAt(key, now() - 100);
    expect(isWoken()).toBe(true);
    expectValue("foo");
    expectEmpty();
  }));

test("reset_much_later: an earlier deadline wakes, although the queue was not polled in between", () =>
  paused(function* ({ queue, expectPending, isWoken }) {
    const start = now();
    yield* sleep(1);
    const key = queue.insertAt("foo", start + 200);
    expectPending();
    yield* sleep(3);
    queue.resetAt(key, start + 10);
    yield* sleep(20);
    expect(isWoken()).toBe(true);
  }));

test("reset_twice: the last deadline counts", () =>
  paused(function* ({ queue, expectPending, isWoken }) {
    const start = now();
    yield* sleep(1);
    const key = queue.insertAt("foo", start + 200);
    expectPending();
    yield* sleep(3);
    queue.resetAt(key, start + 50);
    yield* sleep(20);
    queue.resetAt(key, start + 40);
    yield* sleep(20);
    expect(isWoken()).toBe(true);
  }));

test("repeatedly_reset_entry_inserted_as_expired: what went in too late can be reset, and again", () =>
  paused(function* ({ queue, expectValue, expectPending, expectEmpty, isWoken }) {
    yield* sleep(1000);
    const start = now();
    const key = queue.insertAt("foo", start - 100);
    queue.resetAt(key, start + 100);
    queue.resetAt(key, start + 50);
    expectPending();
    yield* sleepUntil(start + 60);
    expect(isWoken()).toBe(true);
    expectValue("foo");
    expectEmpty();
  }));

test("remove_expired_item: what is due can be removed", () =>
  paused(function* ({ queue }) {
    const start = now();
    yield* sleep(10);
    const key = queue.insertAt("foo", start);
    expect(queue.remove(key)).toBe(true);
    expect(queue.size).toBe(0);
  }));

test("remove_at_timer_wheel_threshold: what is due where a level of the wheel begins can be removed", () =>
  paused(function* ({ queue, expectValue, expectEmpty }) {
    const start = now();
    queue.insertAt("foo", start + 64);
    const bar = queue.insertAt("bar", start + 64);
    yield* sleep(80);
    expectValue("foo");
    expect(queue.remove(bar)).toBe(true);
    expectEmpty();
  }));

test("expires_before_last_insert: an earlier one that goes in later wakes at its time", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    queue.insertAt("foo", start + 10_000);
    expectPending();
    queue.insertAt("bar", start + 600);
    expectPending();
    yield* sleep(600);
    expect(isWoken()).toBe(true);
    expectValue("bar");
  }));

test("multi_reset: several that are reset come out at their new times", () =>
  paused(function* ({ queue, expectValue, expectPending, expectEmpty }) {
    const start = now();
    const one = queue.insertAt("one", start + 200);
    const two = queue.insertAt("two", start + 250);
    expectPending();
    queue.resetAt(one, start + 300);
    queue.resetAt(two, start + 350);
    queue.resetAt(one, start + 400);
    yield* sleep(310);
    expectPending();
    yield* sleep(50);
    expectValue("two");
    expectPending();
    yield* sleep(50);
    expectValue("one");
    expectEmpty();
  }));

test("expire_first_key_when_reset_to_expire_earlier: the first, made earlier, comes out then", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    const one = queue.insertAt("one", start + 200);
    queue.insertAt("two", start + 250);
    expectPending();
    queue.resetAt(one, start + 100);
    yield* sleep(100);
    expect(isWoken()).toBe(true);
    expectValue("one");
  }));

test("expire_second_key_when_reset_to_expire_earlier: the second, made the first, comes out then", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    queue.insertAt("one", start + 200);
    const two = queue.insertAt("two", start + 250);
    expectPending();
    queue.resetAt(two, start + 100);
    yield* sleep(100);
    expect(isWoken()).toBe(true);
    expectValue("two");
  }));

test("reset_first_expiring_item_to_expire_later: the second comes out at its time", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    const one = queue.insertAt("one", start + 200);
    queue.insertAt("two", start + 250);
    expectPending();
    queue.resetAt(one, start + 300);
    yield* sleep(250);
    expect(isWoken()).toBe(true);
    expectValue("two");
  }));

test("insert_before_first_after_poll: one that goes in before the first comes out before it", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    queue.insertAt("one", start + 200);
    expectPending();
    queue.insertAt("two", start + 100);
    yield* sleep(99);
    expectPending();
    yield* sleep(1);
    expect(isWoken()).toBe(true);
    expectValue("two");
  }));

test("insert_after_ready_poll: inserts between the polls do not keep back what is due", () =>
  paused(function* ({ queue, take, expectPending, isWoken }) {
    const start = now();
    for (const value of ["1", "2", "3"]) queue.insertAt(value, start + 100);
    expectPending();
    yield* sleep(100);
    expect(isWoken()).toBe(true);
    const taken: string[] = [];
    while (taken.length < 3) {
      taken.push(take());
      queue.insertAt("foo", start + 500);
    }
    expect(taken).toEqual(["1", "2", "3"]);
  }));

test("reset_later_after_slot_starts: a reset in the middle of a level's round counts to the millisecond", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    const foo = queue.insertAt("foo", start + 100);
    expectPending();
    yield* sleepUntil(start + 80);
    expect(isWoken()).toBe(false);
    queue.resetAt(foo, start + 120);
    expectPending();
    yield* sleepUntil(start + 119);
    expect(isWoken()).toBe(false);
    yield* sleep(1);
    expect(isWoken()).toBe(true);
    expectValue("foo");
  }));

test("reset_inserted_expired: what went in too late and was reset counts as one", () =>
  paused(function* ({ queue, expectValue }) {
    yield* sleep(1000);
    const start = now();
    const key = queue.insertAt("foo", start - 100);
    queue.resetAt(key, start + 100);
    expect(queue.size).toBe(1);
    yield* sleep(200);
    expectValue("foo");
    expect(queue.size).toBe(0);
  }));

test("reset_earlier_after_slot_starts: so does one to an earlier time", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    const foo = queue.insertAt("foo", start + 200);
    expectPending();
    yield* sleepUntil(start + 80);
    expect(isWoken()).toBe(false);
    queue.resetAt(foo, start + 120);
    expectPending();
    yield* sleepUntil(start + 119);
    expect(isWoken()).toBe(false);
    yield* sleep(1);
    expect(isWoken()).toBe(true);
    expectValue("foo");
  }));

test("insert_in_past_after_poll_fires_immediately: what goes in too late wakes who waits", () =>
  paused(function* ({ queue, expectValue, expectPending, isWoken }) {
    const start = now();
    queue.insertAt("foo", start + 200);
    expectPending();
    yield* sleep(80);
    expect(isWoken()).toBe(false);
    queue.insertAt("bar", start + 40);
    expect(isWoken()).toBe(true);
    expectValue("bar");
  }));

test("delay_queue_poll_expired_when_empty: empty by a remove, it says so", () =>
  paused<number>(function* ({ queue, expectPending, expectEmpty }) {
    const key = queue.insert(0, 10_000);
    expectPending();
    queue.remove(key);
    expectEmpty();
  }));

test("compact_remove_remapped_keys: keys stay good while others go (there is nothing to compact)", () =>
  paused(function* ({ queue, expectValue }) {
    const start = now();
    queue.insertAt("foo1", start + 10);
    queue.insertAt("foo2", start + 10);
    const key3 = queue.insertAt("foo3", start + 20);
    const key4 = queue.insertAt("foo4", start + 20);
    yield* sleep(10);
    expectValue("foo1");
    expectValue("foo2");
    queue.insertAt("foo5", now() + 10);
    expect([queue.remove(key3), queue.remove(key4)]).toEqual([true, true]);
    expect([key3.value, key4.value]).toEqual(["foo3", "foo4"]);
    expect(queue.size).toBe(1);
  }));

test("compact_change_deadline: keys can be reset while others go (there is nothing to compact)", () =>
  paused(function* ({ queue, expectValue, expectEmpty }) {
    let start = now();
    queue.insertAt("foo1", start + 10);
    queue.insertAt("foo2", start + 10);
    queue.insertAt("foo3", start + 20);
    const key4 = queue.insertAt("foo4", start + 20);
    yield* sleep(10);
    expectValue("foo1");
    expectValue("foo2");
    start = now();
    queue.insertAt("foo5", start + 10);
    const key6 = queue.insertAt("foo6", start + 10);
    queue.resetAt(key4, start + 20);
    queue.resetAt(key6, start + 20);
    yield* sleep(10);
    expectValue("foo3");
    expectValue("foo5");
    yield* sleep(10);
    expectValue("foo4");
    expectValue("foo6");
    expectEmpty();
  }));

test("item_expiry_greater_than_wheel: goes on when it is older than the wheel is long", () =>
  paused<number>(function* ({ queue, expectPending, expectValue }) {
    for (let n = 0; n < 3; n++) {
      yield* advance(2 ** 35);
      queue.insert(0, 0);
      yield* queue.next();
    }
    queue.insert(1, 1);
    expectPending();
    yield* sleep(1);
    expectValue(1);
  }));

test("remove_after_compact: the key of what was removed is of no use any more", () =>
  paused(function* ({ queue }) {
    const key = queue.insertAt("foo", now() + 10);
    queue.insertAt("bar", now() + 20);
    expect(queue.remove(key)).toBe(true);
    expect(queue.remove(key)).toBe(false);
    expect(queue.size).toBe(1);
  }));

test("remove_after_compact_poll: the key of what came out is of no use any more", () =>
  paused(function* ({ queue, expectValue }) {
    const key = queue.insertAt("foo", now() + 10);
    queue.insertAt("bar", now() + 20);
    yield* sleep(10);
    expectValue("foo");
    expect(queue.remove(key)).toBe(false);
    expect(queue.size).toBe(1);
  }));

test("peek: shows what comes out next, due or not", () =>
  paused(function* ({ queue, expectValue, expectPending }) {
    const start = now();
    const foo = queue.insertAt("foo", start + 5);
    const bar = queue.insertAt("bar", start);
    const baz = queue.insertAt("baz", start + 10);
    expect(queue.peek()).toBe(bar);
    yield* sleep(6);
    expect(queue.peek()).toBe(bar);
    expectValue("bar");
    expect(queue.peek()).toBe(foo);
    expectValue("foo");
    expect(queue.peek()).toBe(baz);
    expectPending();
    yield* sleep(5);
    expect(queue.peek()).toBe(baz);
    expectValue("baz");
    expect(queue.peek()).toBe(undefined);
  }));

test("wake_after_remove_last: who waits is woken when the last one is removed", () =>
  paused(function* ({ queue, expectPending, expectEmpty, isWoken }) {
    const key = queue.insert("foo", 1000);
    expectPending();
    queue.remove(key);
    expect(isWoken()).toBe(true);
    expectEmpty();
  }));

test("wake_after_clear: who waits is woken when all are", () =>
  paused(function* ({ queue, expectPending, expectEmpty, isWoken }) {
    queue.insert("foo", 1000);
    expectPending();
    expect(isWoken()).toBe(false);
    queue.clear();
    expect(isWoken()).toBe(true);
    expectEmpty();
  }));
