import { expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { co } from "../../../src/core/coroutine.ts";
import { WouldBlockError } from "../../../src/core/errors.ts";
import type { Suspend } from "../../../src/core/future.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { TaskTracker } from "../../../src/task/task-tracker.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { pending, ready } from "../../support/context.ts";

const work = co(function* (): Generator<Suspend, void> {});

test("open_close: closing and opening, again and again, changes nothing else", () => {
  const tracker = new TaskTracker();
  const state = (): unknown[] => [tracker.isClosed, tracker.isEmpty, tracker.len];
  expect(state()).toEqual([false, true, 0]);
  tracker.close();
  expect(state()).toEqual([true, true, 0]);
  tracker.reopen();
  tracker.reopen();
  expect(state()).toEqual([false, true, 0]);
  tracker.close();
  tracker.close();
  expect(state()).toEqual([true, true, 0]);
});

test("token_len: each token counts until it is dropped", () => {
  const tracker = new TaskTracker();
  const tokens = Array.from({ length: 10 }, (_, i) => {
    expect(tracker.len).toBe(i);
    return tracker.token();
  });
  expect([tracker.isEmpty, tracker.len]).toEqual([false, 10]);
  for (const [i, token] of tokens.entries()) {
    token[Symbol.dispose]();
    expect(tracker.len).toBe(9 - i);
  }
});

test("notify_immediately: a closed and empty tracker is not waited for", () => {
  const tracker = new TaskTracker();
  tracker.close();
  ready(tracker.wait());
});

test("notify_immediately_on_reopen: nor is one that was at the call of wait", () => {
  const tracker = new TaskTracker();
  tracker.close();
  const wait = tracker.wait();
  tracker.reopen();
  ready(wait);
});

test("notify_on_close: closing an empty one ends the wait", () => {
  const tracker = new TaskTracker();
  const wait = tracker.wait();
  const cx = pending(wait);
  tracker.close();
  expect(cx.wakes).toBe(1);
  ready(wait);
});

test("notify_on_close_reopen: also if it is opened again before the waiter looks", () => {
  const tracker = new TaskTracker();
  const wait = tracker.wait();
  pending(wait);
  tracker.close();
  tracker.reopen();
  ready(wait);
});

test("notify_on_last_task: the end of the last one ends the wait", () => {
  const tracker = new TaskTracker();
  tracker.close();
  const token = tracker.token();
  const wait = tracker.wait();
  const cx = pending(wait);
  token[Symbol.dispose]();
  expect(cx.wakes).toBe(1);
  ready(wait);
});

test("notify_on_last_task_respawn: also if another one has come before the waiter looks", () => {
  const tracker = new TaskTracker();
  tracker.close();
  const token = tracker.token();
  const wait = tracker.wait();
  pending(wait);
  token[Symbol.dispose]();
  const second = tracker.token();
  ready(wait);
  second[Symbol.dispose]();
});

test("no_notify_on_respawn_if_open: an open one that is empty for a moment is still waited for", () => {
  const tracker = new TaskTracker();
  const token = tracker.token();
  const wait = tracker.wait();
  const cx = pending(wait);
  token[Symbol.dispose]();
  const second = tracker.token();
  expect(cx.wakes).toBe(0);
  pending(wait);
  second[Symbol.dispose]();
});

test("close_during_exit: the wait ends when the tracker is closed and the last has left, in any order", () => {
  const n = 5;
  for (let closeAt = 0; closeAt <= n; closeAt++) {
    const tracker = new TaskTracker();
    const tokens = Array.from({ length: n }, () => tracker.token());
    const wait = tracker.wait();
    for (const [i, token] of tokens.entries()) {
      pending(wait);
      if (i === closeAt) {
        tracker.close();
        pending(wait);
      }
      token[Symbol.dispose]();
    }
    if (closeAt === n) {
      pending(wait);
      tracker.close();
    }
    ready(wait);
  }
});

test("notify_many: all who wait are told", () => {
  const tracker = new TaskTracker();
  const waits = Array.from({ length: 10 }, () => tracker.wait());
  const cxs = waits.map((wait) => pending(wait));
  tracker.close();
  expect(cxs.map((cx) => cx.wakes)).toEqual(Array(10).fill(1));
  for (const wait of waits) ready(wait);
});

test("spawn::spawn_then_close, spawn_local::spawn_then_close: tasks that were spawned before the close are waited for", () =>
  run(
    co(function* () {
      const tracker = new TaskTracker();
      for (let i = 0; i < 16; i++) tracker.spawn(work());
      tracker.close();
      yield* tracker.wait();
      expect([tracker.isEmpty, tracker.isClosed]).toEqual([true, true]);
    })(),
  ));

test("spawn_local::spawn_after_close: so are those that were spawned after it", () =>
  run(
    co(function* () {
      const tracker = new TaskTracker();
      tracker.close();
      for (let i = 0; i < 8; i++) tracker.spawn(work());
      yield* tracker.wait();
      expect([tracker.isEmpty, tracker.isClosed]).toEqual([true, true]);
    })(),
  ));

test("spawn_local_on::local_set::spawn_then_drop: dropping the tracker leaves its tasks alone", () =>
  run(
    co(function* () {
      const [tx, rx] = unboundedMpsc<void>();
      const start = (): void => {
        const tracker = new TaskTracker();
        for (let i = 0; i < 8; i++) {
          const own = tx.clone();
          tracker.spawn(
            co(function* () {
              try {
                yield* never();
              } finally {
                own.close();
              }
            })(),
          );
        }
      };
      start();
      tx.close();
      yield* yieldNow();
      expect(() => rx.tryRecv()).toThrow(WouldBlockError);
    })(),
  ));
