import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { paused } from "../../test/support/paused.ts";
import { raise } from "../../test/support/raise.ts";
import { join } from "../combine/join.ts";
import { never } from "../combine/never.ts";
import { ready } from "../combine/ready.ts";
import { select } from "../combine/select.ts";
import { POLL_BUDGET } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, ClosedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { scope } from "../task/scope.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import type { Emit } from "./make.ts";
import { Stream } from "./stream.ts";

test("make: gives what the body emits, and ends with it", () =>
  paused(function* () {
    const stream = Stream.make<number>(function* (emit) {
      expectTypeOf(emit).toEqualTypeOf<Emit<number>>();
      yield* emit(1);
      yield* sleep(5);
      yield* emit(2);
    });
    expectTypeOf(stream).toEqualTypeOf<Stream<number>>();
    expect(yield* stream.collect()).toEqual([1, 2]);
  }));

test("make: the body goes on when the next value is wanted, and not before", () =>
  paused(function* () {
    const log: string[] = [];
    const stream = Stream.make<number>(function* (emit) {
      log.push("begun");
      yield* emit(1);
      log.push("after 1");
      yield* emit(2);
      log.push("after 2");
    });
    expect(log).toEqual([]);
    expect(yield* stream.next()).toBe(1);
    yield* sleep(5);
    expect(log).toEqual(["begun"]);
    expect(yield* stream.next()).toBe(2);
    expect(log).toEqual(["begun", "after 1"]);
    expect(yield* stream.next()).toBe(End);
    expect(log).toEqual(["begun", "after 1", "after 2"]);
    expect(yield* stream.next()).toBe(End);
  }));

test("make: an error of the body is thrown once, after what it has emitted, and is the end", () =>
  paused(function* () {
    const error = new Error("in the body");
    const stream = Stream.make<number>(function* (emit) {
      yield* emit(1);
      throw error;
    });
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

test("make: a function that returns a coroutine does as well; one that returns neither is told so", () =>
  paused(function* () {
    const numbers = co(function* (emit: Emit<number>) {
      yield* emit(1);
    });
    expect(yield* Stream.make<number>((emit) => numbers(emit)).collect()).toEqual([1]);
    // @ts-expect-error: it gives no future
    const wrong = Stream.make<number>(() => 1);
    let caught: unknown;
    try {
      yield* wrong.next();
    } catch (failure) {
      caught = failure;
    }
    expect(caught).toBeInstanceOf(TypeError);
    expect(yield* wrong.next()).toBe(End);
  }));

test("make: emit works in a nested coroutine, in a join, and in the tasks of a scope", () =>
  paused(function* () {
    const twice = co(function* (emit: Emit<string>, name: string) {
      yield* emit(`${name} 1`);
      yield* sleep(5);
      yield* emit(`${name} 2`);
    });
    const stream = Stream.make<string>(function* (emit) {
      yield* twice(emit, "nested");
      yield* join(twice(emit, "a"), twice(emit, "b"));
      yield* scope(function* (s) {
        s.spawn(twice(emit, "c"));
        s.spawn(twice(emit, "d"));
        yield* emit("block");
      });
    });
    expect(yield* stream.collect()).toEqual([
      ...["nested 1", "nested 2"],
      ...["a 1", "b 1", "a 2", "b 2"],
      ...["block", "c 1", "d 1", "c 2", "d 2"],
    ]);
  }));

test("make: an emit that is cancelled before its value was taken has not emitted it", () =>
  paused(function* () {
    const stream = Stream.make<number>(function* (emit) {
      expect((yield* select({ one: emit(1), other: ready() }, { biased: true })).key).toBe("other");
      yield* emit(2);
    });
    expect(yield* stream.collect()).toEqual([2]);
  }));

test("make: a cancel cancels the body, whose finally blocks run to their end and cannot emit", () =>
  paused(function* () {
    const log: unknown[] = [];
    const stream = Stream.make<number>(function* (emit) {
      try {
        yield* emit(1);
      } finally {
        yield* sleep(5);
        try {
          yield* emit(2);
        } catch (error) {
          log.push(error);
        }
        log.push("closed");
      }
    });
    expect(yield* stream.next()).toBe(1);
    yield* stream.close();
    expect(log).toEqual([expect.any(ClosedError), "closed"]);
  }));

test("make: what fails in those comes out of the cancel", () =>
  paused(function* () {
    const stream = Stream.make<number>(function* (emit) {
      try {
        yield* emit(1);
      } finally {
        raise(new Error("in the finally"));
      }
    });
    let caught: unknown;
    try {
      yield* stream.take(1).collect();
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(CleanupError);
    expect(caught).toMatchObject({ errors: [new Error("in the finally")] });
  }));

test("make: a task that the body leaves behind is told that nothing can be emitted any more", () =>
  paused(function* () {
    let left: Future<unknown> | undefined;
    const stream = Stream.make<number>(function* (emit) {
      left = spawn(emit(1)).observed();
      yield* yieldNow();
    });
    expect(yield* stream.next()).toBe(1);
    expect(yield* stream.next()).toBe(End);
    let caught: unknown;
    try {
      yield* left as Future<unknown>;
    } catch (error) {
      caught = error;
    }
    // It was wanted after all: the end was asked for.
    expect(caught).toBeUndefined();
  }));

test("make: takes a unit of budget for each value", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const cx = new TestContext(runtime);
  const stream = Stream.make<number>(function* (emit) {
    for (let n = 1; ; n++) yield* emit(n);
  });
  runtime.budget = POLL_BUDGET;
  let given = 0;
  while (stream.pollNext(cx) !== Pending) given++;
  expect(given).toBe(POLL_BUDGET);
  expect(cx.wakes).toBeGreaterThan(0);
  // And gives it back when there is none.
  const waiting = Stream.make<number>(() => never());
  runtime.budget = POLL_BUDGET;
  expect(waiting.pollNext(cx)).toBe(Pending);
  expect(runtime.budget).toBe(POLL_BUDGET);
});

test("make: cancelled at every poll of whoever takes, the body is left and no value is given twice", async () => {
  await cancelAtEveryPoll(async (cancelAt) => {
    let open = 0;
    const taken: number[] = [];
    await paused(function* () {
      const stream = Stream.make<number>(function* (emit) {
        open++;
        try {
          yield* emit(1);
          yield* join(emit(2), sleep(5));
          yield* emit(3);
        } finally {
          open--;
        }
      });
      yield* cancelAt(
        stream.forEach(function* (n) {
          taken.push(n);
          yield* sleep(1);
        }),
      );
      expect(open).toBe(0);
    });
    expect(taken).toEqual([1, 2, 3].slice(0, taken.length));
  });
});

test("make: the body has its turn while tasks in it emit without end", () =>
  paused(function* () {
    const stream = Stream.make<string>(function* (emit) {
      yield* scope(function* (inner) {
        const loop = co(function* (name: string) {
          for (;;) yield* emit(name);
        });
        for (const name of ["a", "b"]) inner.spawn(loop(name));
        for (;;) yield* emit("body");
      });
    });
    const counts: Record<string, number> = { a: 0, b: 0, body: 0 };
    for (let n = 0; n < 300; n++) {
      const value = yield* stream.next();
      if (value !== End) counts[value] = (counts[value] as number) + 1;
      yield* sleep(1);
    }
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(50);
    yield* stream.close();
  }));
