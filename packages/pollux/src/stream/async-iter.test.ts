import "../runtime/default.ts";
import { expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { paused } from "../../test/support/paused.ts";
import { select } from "../combine/select.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { fromPromise } from "../interop/promise.ts";
import { Runtime } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { AsyncIter } from "./async-iter.ts";
import { Stream } from "./stream.ts";

/** An async iterator whose promises the test settles. */
class Manual implements AsyncIterableIterator<number> {
  readonly asked: ((result: IteratorResult<number>) => void)[] = [];
  readonly closing: (() => void)[] = [];

  next(): Promise<IteratorResult<number>> {
    return new Promise((resolve) => this.asked.push(resolve));
  }

  return(): Promise<IteratorResult<number>> {
    return new Promise((resolve) => this.closing.push(() => resolve({ done: true, value: undefined })));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

test("AsyncIter: gives what an async generator yields", () =>
  paused(function* () {
    async function* numbers() {
      yield 1;
      await undefined;
      yield 2;
    }
    expect(yield* Stream.from(numbers()).collect()).toEqual([1, 2]);
  }));

test("AsyncIter: asks for one value at a time, at the first poll", () => {
  const manual = new Manual();
  const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
  const stream = Stream.from(manual);
  expect(manual.asked.length).toBe(0);
  const next = stream.next();
  pending(next, cx);
  pending(next, cx);
  expect(manual.asked.length).toBe(1);
});

test("AsyncIter: an error is thrown, and is the end", () =>
  paused(function* () {
    const error = new Error("in the generator");
    async function* failing(): AsyncGenerator<number> {
      yield 1;
      throw error;
    }
    const stream = Stream.from(failing());
    expect(yield* stream.next()).toBe(1);
    let caught: unknown;
    try {
      yield* stream.next();
    } catch (failure) {
      caught = failure;
    }
    expect(caught).toBe(error);
    expect(yield* stream.next()).toBe(End);
  }));

test("AsyncIter: a value that comes after a next was given up is the next one's", () =>
  paused(function* () {
    const manual = new Manual();
    const stream = Stream.from(manual);
    const waiting = stream.next();
    pending(waiting, new TestContext(new Runtime({ clock: "paused" }).handle));
    waiting.cancel(new TestContext());
    manual.asked[0]?.({ done: false, value: 1 });
    expect(yield* stream.next()).toBe(1);
    expect(manual.asked.length).toBe(1);
  }));

test("AsyncIter: a cancel runs the generator's finally and waits for it", () =>
  paused(function* () {
    const log: string[] = [];
    async function* numbers() {
      try {
        for (let n = 1; ; n++) yield n;
      } finally {
        await undefined;
        log.push("closed");
      }
    }
    expect(yield* Stream.from(numbers()).take(2).collect()).toEqual([1, 2]);
    expect(log).toEqual(["closed"]);
  }));

test("AsyncIter: a cancel waits for return, while a next is pending too, whose value is dropped", () =>
  paused(function* () {
    const manual = new Manual();
    const stream = Stream.from(manual);
    const next = stream.next();
    expect((yield* select({ next, turn: fromPromise(() => Promise.resolve()) })).key).toBe("turn");
    const closed = stream.close();
    expect((yield* select({ closed: closed.ref(), turn: fromPromise(() => Promise.resolve()) })).key).toBe(
      "turn",
    );
    expect(manual.closing.length).toBe(1);
    manual.asked[0]?.({ done: false, value: 1 });
    manual.closing[0]?.();
    yield* closed;
  }));

test("AsyncIter: counts as outstanding while it waits, so that a paused clock stands still", async () => {
  const runtime = new Runtime({ clock: "paused" });
  const manual = new Manual();
  const cx = new TestContext(runtime.handle);
  const source = new AsyncIter(manual);
  source.pollNext(cx);
  expect(runtime.handle.outstanding).toBe(1);
  manual.asked[0]?.({ done: false, value: 1 });
  await sleep(1);
  expect(runtime.handle.outstanding).toBe(0);
  expect(source.pollNext(cx)).toBe(1);
  source.pollNext(cx);
  source.cancel(cx);
  expect(runtime.handle.outstanding).toBe(1); // `return()` is waited for
  manual.closing[0]?.();
  await sleep(1);
  expect(source.cancel(cx)).toBeUndefined();
  expect(runtime.handle.outstanding).toBe(0);
});

test("AsyncIter: a cancel before the first poll touches nothing", () => {
  const manual = new Manual();
  const source = new AsyncIter(manual);
  expect(source.cancel(new TestContext())).toBeUndefined();
  expect(manual.closing.length).toBe(0);
  expect(source.pollNext(new TestContext())).toBe(End);
});

test("AsyncIter: does not ask without budget, and is woken for it", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const cx = new TestContext(runtime);
  const manual = new Manual();
  const source = new AsyncIter(manual);
  runtime.budget = 0;
  expect(source.pollNext(cx)).toBe(Pending);
  expect([manual.asked.length, cx.wakes]).toEqual([0, 1]);
});
