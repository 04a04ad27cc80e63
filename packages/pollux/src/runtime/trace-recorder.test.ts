import fc from "fast-check";
import { expect, test } from "vitest";
import {
  co,
  mpsc,
  never,
  Runtime,
  run,
  scope,
  sleep,
  spawn,
  type TraceEvent,
  TraceRecorder,
  yieldNow,
} from "../index.ts";

/** A clock that goes on by 1 ms whenever it is read: no two events are at one instant. */
function ticking(): () => number {
  let time = 0;
  return () => ++time;
}

/** What the format asks for, so that a viewer shows all of it. */
function check(events: readonly TraceEvent[]): void {
  const open = new Map<string, TraceEvent>();
  const stacks = new Map<number, number[]>();
  let last = 0;
  for (const event of events) {
    const { name, cat, ph, ts, pid, tid, dur, id } = event;
    expect([typeof name, typeof cat, Number.isFinite(ts), pid, Number.isInteger(tid)]).toEqual([
      "string",
      "string",
      true,
      1,
      true,
    ]);
    expect(ts).toBeGreaterThanOrEqual(last);
    last = ts;
    if (ph === "X") {
      expect(dur).toBeGreaterThanOrEqual(0);
      // Spans of one track are nested or apart.
      const ends = stacks.get(tid) ?? [];
      stacks.set(tid, ends);
      while ((ends.at(-1) ?? Number.POSITIVE_INFINITY) <= ts) ends.pop();
      expect(ts + (dur ?? 0)).toBeLessThanOrEqual(ends.at(-1) ?? Number.POSITIVE_INFINITY);
      ends.push(ts + (dur ?? 0));
    } else if (ph === "b") {
      expect(open.has(`${cat} ${id}`)).toBe(false);
      open.set(`${cat} ${id}`, event);
    } else if (ph === "e") {
      expect(open.get(`${cat} ${id}`)).toMatchObject({ name, tid });
      open.delete(`${cat} ${id}`);
    } else if (ph === "i") expect(event.s).toBe("t");
    else expect([ph, name]).toEqual(["M", "thread_name"]);
  }
  expect([...open.keys()]).toEqual([]);
}

const worker = co(function* (n: number) {
  for (let i = 0; i < n; i++) yield* yieldNow();
  if (n % 3 === 0) throw new Error("third");
});

test("TraceRecorder: polls are spans, wakes instants, and each task has a span of its life", async () => {
  const recorder = new TraceRecorder({ now: ticking() });
  const main = co(function* () {
    const child = spawn(worker(1), { name: "child" });
    const endless = spawn(never(), { name: "endless" });
    yield* yieldNow();
    yield* child;
    endless.abort();
  });
  await new Runtime({ hooks: recorder }).run(main());
  const { traceEvents } = recorder.toJSON();
  check(traceEvents);
  const seen = (ph: string): string[] => traceEvents.filter((each) => each.ph === ph).map(({ name }) => name);
  expect(seen("X").filter((name) => name === "task 2 (child)")).toHaveLength(2);
  expect(seen("i")).toContain("task 1 (main)");
  expect(seen("b")).toEqual(["task 1 (main)", "task 2 (child)", "task 3 (endless)"]);
  const lives = traceEvents.filter(({ ph }) => ph === "b").map(({ args }) => args?.["ended"]);
  expect(lives).toEqual(["completed", "completed", "aborted"]);
});

test("TraceRecorder: tasks that live end in the trace, now", async () => {
  const recorder = new TraceRecorder({ now: ticking() });
  const runtime = new Runtime({ hooks: recorder });
  const main = co(function* () {
    spawn(never());
    yield* yieldNow();
    return recorder.toJSON().traceEvents;
  });
  const events = await runtime.run(main());
  check(events);
  expect(events.filter(({ ph, args }) => ph === "b" && args?.["ended"] === "not yet")).toHaveLength(2);
});

test("TraceRecorder: a track for each task has its name", async () => {
  const recorder = new TraceRecorder({ tracks: "tasks", now: ticking() });
  await run(
    co(function* () {
      yield* spawn(worker(2), { name: "child" });
    })(),
    { hooks: recorder },
  );
  const { traceEvents } = recorder.toJSON();
  check(traceEvents);
  const names = traceEvents.filter(({ ph }) => ph === "M").map(({ tid, args }) => [tid, args?.["name"]]);
  expect(names.sort()).toEqual([
    [1, "task 1 (main)"],
    [2, "task 2 (child)"],
  ]);
});

test("TraceRecorder: keeps the latest events, and says how many it has dropped", async () => {
  const recorder = new TraceRecorder({ limit: 10, now: ticking() });
  const main = co(function* () {
    for (let n = 0; n < 50; n++) yield* yieldNow();
  });
  await new Runtime({ hooks: recorder }).run(main());
  const { traceEvents } = recorder.toJSON();
  check(traceEvents);
  // The life of main is one of the ten, and two events.
  expect(traceEvents.filter(({ ph }) => ph !== "M")).toHaveLength(11);
  expect(recorder.dropped).toBe(2 * 50 + 2 - 10);
});

test("TraceRecorder: one that comes in the middle of things begins with what it sees whole", async () => {
  const recorder = new TraceRecorder({ now: ticking() });
  const runtime = new Runtime();
  const main = co(function* () {
    const stop = runtime.observe(recorder); // within a poll whose beginning it has not seen
    yield* yieldNow();
    yield* spawn(worker(1));
    stop();
    yield* yieldNow();
  });
  await runtime.run(main());
  check(recorder.toJSON().traceEvents);
});

test("TraceRecorder: whatever tasks do, the trace is valid", async () => {
  const step = fc.record({ spawns: fc.nat(4), yields: fc.nat(4), sends: fc.nat(3), abort: fc.boolean() });
  const options = fc.record({ limit: fc.integer({ min: 1, max: 60 }), tasks: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 5 }), options, async (steps, { limit, tasks }) => {
      const recorder = new TraceRecorder({ limit, tracks: tasks ? "tasks" : "runtime" });
      const main = co(function* () {
        yield* scope(function* (s) {
          const [tx, rx] = mpsc<number>(1);
          s.spawn(rx.forEach(() => {}));
          for (const { spawns, yields, sends, abort } of steps) {
            for (let n = 0; n < spawns; n++) spawn(worker(n)).observed();
            if (abort) s.spawn(sleep(60_000)).abort();
            for (let n = 0; n < sends; n++) yield* tx.send(n);
            for (let n = 0; n < yields; n++) yield* yieldNow();
            check(recorder.toJSON().traceEvents);
          }
          tx.close();
        });
      });
      await new Runtime({ clock: "paused", hooks: recorder }).run(main());
      check(recorder.toJSON().traceEvents);
      expect(JSON.parse(JSON.stringify(recorder))).toEqual(recorder.toJSON());
    }),
    { numRuns: 50 },
  );
});

test("TraceRecorder: refuses a limit that is none", () => {
  for (const limit of [0, 1.5, Number.NaN]) expect(() => new TraceRecorder({ limit })).toThrow(RangeError);
});
