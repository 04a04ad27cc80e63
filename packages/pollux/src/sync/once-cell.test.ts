import { expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import {
  AlreadyInitializedError,
  CancelledError,
  PollAfterCompletionError,
  WouldBlockError,
} from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { OnceCell } from "./once-cell.ts";
import type { PermitQueue } from "./permit-queue.ts";

/** The queue behind a cell. Private, since a program has no use for it; a leak is seen there first. */
const queueOf = (cell: OnceCell<unknown>): PermitQueue => (cell as unknown as { cell: PermitQueue }).cell;

test("OnceCell: the first who needs the value makes it, and everybody gets it", () => {
  const cell = new OnceCell<number>();
  const gate = new Gate<number>();
  let calls = 0;
  const init = (): Future<number> => {
    calls++;
    return gate;
  };
  const gets = [cell.getOrInit(init), cell.getOrInit(init), cell.getOrInit(init)] as const;
  const contexts = gets.map((get) => pending(get));
  expect(calls).toBe(1);
  expect(cell.isInitialized).toBe(false);
  expect(cell.get()).toBe(undefined);
  gate.open(7);
  expect(ready(gets[0])).toBe(7);
  // Nobody has to wait for another waiter to be polled.
  expect(contexts.map((cx) => cx.wakes)).toEqual([1, 1, 1]);
  expect(ready(gets[2])).toBe(7);
  expect(ready(gets[1])).toBe(7);
  expect(ready(cell.getOrInit(() => raise("not called")))).toBe(7);
  expect(cell.get()).toBe(7);
  expect(calls).toBe(1);
});

test("OnceCell: the initializer is not called before the first poll", () => {
  const cell = new OnceCell<number>();
  const get = cell.getOrInit(() => raise("called"));
  get.cancel(new TestContext());
  expect(() => get.poll(new TestContext())).toThrow(PollAfterCompletionError);
});

test("OnceCell: when an initializer fails, its caller gets the error and the next one tries with its own", () => {
  const cell = new OnceCell<string>();
  const gates = [new Gate<string>(), new Gate<string>(), new Gate<string>()] as const;
  const gets = gates.map((gate) => cell.getOrInit(() => gate));
  const [first, second, third] = gets as [Future<string>, Future<string>, Future<string>];
  const contexts = gets.map((get) => pending(get));
  const error = new Error("first");
  gates[0].fail(error);
  expect(() => ready(first)).toThrow(error);
  expect(contexts.map((cx) => cx.takeWakes())).toEqual([1, 1, 0]);
  pending(second, contexts[1]);
  expect(gates[1].polls).toBe(1);
  gates[1].open("second");
  expect(ready(second)).toBe("second");
  expect(ready(third)).toBe("second");
  expect(gates[2].polls).toBe(0);
});

test("OnceCell: an initializer that throws before it returns a future has failed", async () => {
  const cell = new OnceCell<number>();
  await expect(run(cell.getOrInit(() => raise(new Error("init"))))).rejects.toThrow("init");
  const wrong = (() => 5) as unknown as () => Future<number>;
  await expect(run(cell.getOrInit(wrong))).rejects.toThrow(TypeError);
  expect(() => cell.getOrInit(5 as unknown as () => Future<number>)).toThrow(TypeError);
  expect(
    await run(
      cell.getOrInit(function* () {
        yield* yieldNow();
        return 5;
      }),
    ),
  ).toBe(5);
});

test("OnceCell: cancelling the one that initializes cancels the initializer, waits for its cleanup, and the next tries", async () => {
  const cell = new OnceCell<string>();
  const log: string[] = [];
  const forever = new Gate<string>();
  const main = co(function* () {
    const first = spawn(
      cell.getOrInit(function* () {
        try {
          return yield* forever;
        } finally {
          yield* yieldNow();
          yield* yieldNow();
          log.push("cleaned up");
        }
      }),
    );
    const second = spawn(
      cell.getOrInit(function* () {
        log.push("second");
        return "second";
      }),
    );
    yield* yieldNow();
    first.abort("enough");
    expect(yield* second).toBe("second");
    yield* first;
  });
  await expect(run(main())).rejects.toThrow(CancelledError);
  expect(forever.reason).toBe("enough");
  expect(log).toEqual(["cleaned up", "second"]);
});

test("OnceCell: set gives the value once, and not while an initializer is at work", () => {
  const cell = new OnceCell<number>({ name: "port" });
  const gate = new Gate<number>();
  const get = cell.getOrInit(() => gate);
  pending(get);
  expect(() => cell.set(1)).toThrow(WouldBlockError);
  get.cancel(new TestContext());
  cell.set(2);
  expect(() => cell.set(3)).toThrow(AlreadyInitializedError);
  expect(() => cell.set(3)).toThrow('OnceCell "port"');
  expect(cell.get()).toBe(2);
});

test("OnceCell: the one whose turn it is next keeps set away", () => {
  const cell = new OnceCell<number>();
  const [first, second] = [
    cell.getOrInit(() => new Gate<number>()),
    cell.getOrInit(() => new Gate<number>()),
  ];
  pending(first);
  pending(second);
  first.cancel(new TestContext());
  expect(() => cell.set(1)).toThrow(WouldBlockError);
  second.cancel(new TestContext());
  cell.set(1);
});

test("OnceCell: undefined is a value like any other", () => {
  const cell = OnceCell.of(undefined);
  expect(cell.isInitialized).toBe(true);
  expect(ready(cell.getOrInit(() => raise("not called")))).toBe(undefined);
  expect(() => cell.set(undefined)).toThrow(AlreadyInitializedError);
});

test("OnceCell: a getOrInit that finds the value takes a unit of budget", () => {
  const { handle } = new Runtime();
  const cell = OnceCell.of("value");
  const get = cell.getOrInit(() => raise("not called"));
  const cx = new TestContext(handle);
  handle.budget = 0;
  pending(get, cx);
  expect(cx.wakes).toBe(1);
  handle.budget = 1;
  expect(ready(get, cx)).toBe("value");
  expect(handle.budget).toBe(0);
  expect(() => get.poll(cx)).toThrow(PollAfterCompletionError);
});

test("OnceCell: a getOrInit cancelled at any poll lets the others initialize, one at a time", async () => {
  for (const fails of [false, true]) {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const cell = new OnceCell<string>();
      let busy = 0;
      const init = (name: string, error?: Error) =>
        function* () {
          expect(++busy).toBe(1);
          try {
            yield* yieldNow();
            yield* yieldNow();
            if (error !== undefined) throw error;
            return name;
          } finally {
            // A cancel that comes while this waits ends the wait.
            try {
              yield* yieldNow();
            } finally {
              busy--;
            }
          }
        };
      const before = co(function* () {
        try {
          return yield* cell.getOrInit(init("before", fails ? new Error("init") : undefined));
        } catch {
          return "failed";
        }
      });
      const main = co(function* () {
        const first = spawn(before());
        yield* yieldNow();
        const operation = cancelAt(cell.getOrInit(init("middle")));
        const last = spawn(cell.getOrInit(init("last")));
        yield* operation;
        yield* first;
        expect(yield* last).toBe(cell.get());
      });
      await run(main());
      expect(cell.isInitialized).toBe(true);
      expect(queueOf(cell).waiters.size).toBe(0);
    });
    expect(polls).toBeGreaterThan(1);
  }
});

test("OnceCell: 100,000 cancelled getOrInits leave nothing behind, be they waiting or initializing", () => {
  const cell = new OnceCell<number>();
  const cx = new TestContext();
  const batch = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const gets = [
        cell.getOrInit(() => new Gate<number>()),
        cell.getOrInit(() => raise("its turn never comes")),
      ];
      for (const get of gets) pending(get, cx);
      for (const get of gets.reverse()) get.cancel(cx);
    }
  };
  batch(10_000);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  batch(50_000);
  globalThis.gc?.();
  expect(queueOf(cell).waiters.size).toBe(0);
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  cell.set(1);
});

test("OnceCell: the types follow the value", () => {
  const cell = new OnceCell<number>();
  expectTypeOf(cell.get()).toEqualTypeOf<number | undefined>();
  expectTypeOf(cell.getOrInit(() => new Gate<number>())).toEqualTypeOf<Future<number>>();
  expectTypeOf(OnceCell.of("x")).toEqualTypeOf<OnceCell<string>>();
});
