import { expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { AlreadyInitializedError, WouldBlockError } from "../../../src/core/errors.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { OnceCell } from "../../../src/sync/once-cell.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { sleep } from "../../../src/time/sleep.ts";

const five = co(function* () {
  return 5;
});

const ten = co(function* () {
  yield* sleep(1);
  return 10;
});

const failing = co(function* (): Generator<never, number, unknown> {
  throw new Error("init");
});

test("from: a cell can be made with its value", () => {
  expect(OnceCell.of(2).get()).toBe(2);
});

test("get_or_init: of two initializers the first one's value is everybody's", async () => {
  const cell = new OnceCell<number>();
  const main = co(function* () {
    const handles = [spawn(cell.getOrInit(five)), spawn(cell.getOrInit(ten))] as const;
    return [yield* handles[0], yield* handles[1]];
  });
  expect(await run(main(), { clock: "paused" })).toEqual([5, 5]);
});

test("get_or_init_panic: an initializer that is not needed is not run", async () => {
  const cell = new OnceCell<number>();
  const main = co(function* () {
    const handles = [spawn(cell.getOrInit(five)), spawn(cell.getOrInit(failing))] as const;
    yield* sleep(1);
    return [yield* handles[0], yield* handles[1]];
  });
  expect(await run(main(), { clock: "paused" })).toEqual([5, 5]);
});

test("set_and_get: what one task sets the other gets", async () => {
  const cell = new OnceCell<number>();
  const set = co(function* () {
    cell.set(5);
  });
  const main = co(function* () {
    yield* spawn(set());
    return cell.get();
  });
  expect(await run(main())).toBe(5);
});

test("get_uninit: there is no value before it was made", () => {
  expect(new OnceCell<number>().get()).toBe(undefined);
});

test("set_twice: the second set is refused", () => {
  const cell = new OnceCell<number>();
  cell.set(5);
  expect(() => cell.set(6)).toThrow(AlreadyInitializedError);
});

test("set_while_initializing: set is refused while an initializer is at work, whose value counts", async () => {
  const cell = new OnceCell<number>();
  const slow = co(function* () {
    yield* sleep(2);
    return 5;
  });
  const set = co(function* () {
    yield* sleep(1);
    expect(() => cell.set(10)).toThrow(WouldBlockError);
  });
  const main = co(function* () {
    const handles = [spawn(cell.getOrInit(slow)), spawn(set())] as const;
    yield* handles[1];
    return yield* handles[0];
  });
  expect(await run(main(), { clock: "paused" })).toBe(5);
});

test("get_or_try_init: after an initializer that failed the next one makes the value", async () => {
  const cell = new OnceCell<number>();
  const main = co(function* () {
    const handles = [spawn(cell.getOrInit(failing)), spawn(cell.getOrInit(ten))] as const;
    try {
      yield* handles[0];
      expect.unreachable();
    } catch (error) {
      expect(error).toEqual(new Error("init"));
    }
    return yield* handles[1];
  });
  expect(await run(main(), { clock: "paused" })).toBe(10);
});
