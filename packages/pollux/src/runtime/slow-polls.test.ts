import { afterEach, expect, test, vi } from "vitest";
import { co, Runtime, type SlowPoll, slowPolls, spawn, yieldNow } from "../index.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Has `performance.now` stand still, but for what the test adds. */
function fakeClock(): { time: number } {
  const clock = { time: 0 };
  vi.spyOn(performance, "now").mockImplementation(() => clock.time);
  return clock;
}

test("slowPolls: tells of each poll that took longer than the limit, and of the longest of all", async () => {
  const clock = fakeClock();
  const told: [name: string | undefined, ms: number][] = [];
  const slow = slowPolls(20, ({ task, ms }: SlowPoll) => told.push([task.name, ms]));
  const main = co(function* () {
    clock.time += 20;
    yield* yieldNow();
    clock.time += 21;
    yield* yieldNow();
    clock.time += 5;
  });
  await new Runtime({ hooks: slow }).run(main());
  expect(told).toEqual([["main", 21]]);
  expect(slow.longest).toBe(21);
});

test("slowPolls: a poll within another one counts for both", async () => {
  const clock = fakeClock();
  const told: [name: string | undefined, ms: number][] = [];
  const main = co(function* () {
    const child = spawn(
      co(function* () {
        clock.time += 30;
      })(),
      { name: "child" },
    );
    clock.time += 5;
    yield* child;
  });
  await new Runtime({ hooks: slowPolls(20, ({ task, ms }) => told.push([task.name, ms])) }).run(main());
  expect(told).toEqual([
    ["child", 30],
    ["main", 35],
  ]);
});

test("slowPolls: refuses a limit that is none", () => {
  expect(() => slowPolls(-1, () => {})).toThrow(RangeError);
  expect(() => slowPolls(Number.NaN, () => {})).toThrow(RangeError);
});
