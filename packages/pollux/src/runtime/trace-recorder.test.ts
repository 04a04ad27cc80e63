import fc from "fast-check";
import { expect, test } from "vitest";
import {
  co,
  mpsc,
  never,
  Runtime,
  ready,
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

/** A time as Perfetto reads it: in whole ns. */
const ns = (us: number): number => Math.round(us * 1_000);

/** What the format asks for, so that a viewer shows all of it. */
function check(events: readonly TraceEvent[]): void {
  const open = new Map<string, TraceEvent>();
  const arrows = new Map<string | undefined, TraceEvent>();
  const arrived = new Set<string | undefined>();
  const stacks = new Map<number, number[]>();
  const latest = new Map<number, TraceEvent>();
  let last = 0;
  for (const event of events) {
    const { name, cat, ph, ts, pid, tid, dur = 0, id, id2 } = event;
    expect([typeof name, typeof cat, Number.isFinite(ts), pid, Number.isInteger(tid)]).toEqual([
      "string",
      "string",
      true,
      1,
      true,
    ]);
    expect(tid).toBeGreaterThan(0); // 0 is the idle thread, or none.
    expect(ts).toBeGreaterThanOrEqual(last);
    last = ts;
    if (ph === "X") {
      expect(dur).toBeGreaterThanOrEqual(0);
      // Spans of one track are nested or apart.
      const ends = stacks.get(tid) ?? [];
      stacks.set(tid, ends);
      while ((ends.at(-1) ?? Number.POSITIVE_INFINITY) <= ns(ts)) ends.pop();
      expect(ns(ts) + ns(dur)).toBeLessThanOrEqual(ends.at(-1) ?? Number.POSITIVE_INFINITY);
      ends.push(ns(ts) + ns(dur));
      latest.set(tid, event);
    } else if (ph === "b") {
      expect(id2?.local).toMatch(/^\d+$/); // Of the process, not of the whole trace.
      expect(open.has(`${cat} ${id2?.local}`)).toBe(false);
      open.set(`${cat} ${id2?.local}`, event);
    } else if (ph === "e") {
      expect(open.get(`${cat} ${id2?.local}`)).toMatchObject({ name, tid });
      open.delete(`${cat} ${id2?.local}`);
    } else if (ph === "i") {
      expect(event.s).toBe("t");
      latest.set(tid, event);
    } else if (ph === "s" || ph === "f") {
      // An end of an arrow is bound to the slice that began last on its track: a wake's instant, and the poll it led to.
      const slice = latest.get(tid);
      expect(slice).toMatchObject({ ph: ph === "s" ? "i" : "X", ts });
      const ends = ph === "s" ? arrows : arrived;
      expect(ends.has(id)).toBe(false);
      if (ph === "s")
        arrows.set(id, slice as TraceEvent); // It is there: it has just been matched.
      else {
        arrived.add(id);
        expect(event.bp).toBe("e");
        expect(arrows.get(id)?.name).toBe(`wake ${slice?.name}`);
      }
    } else expect([ph, ["process_name", "thread_name"].includes(name)]).toEqual(["M", true]);
  }
  expect([...open.keys()]).toEqual([]);
  expect(arrived.size).toBe(arrows.size);
}

/** The names of an event's kind, in their order. */
function namesOf(events: readonly TraceEvent[], ph: TraceEvent["ph"]): string[] {
  return events.filter((event) => event.ph === ph).map(({ name }) => name);
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
  expect(namesOf(traceEvents, "X").filter((name) => name === "task 2 (child)")).toHaveLength(2);
  expect(namesOf(traceEvents, "i")).toContain("wake task 1 (main)");
  expect(namesOf(traceEvents, "b")).toEqual(["task 1 (main)", "task 2 (child)", "task 3 (endless)"]);
  const lives = traceEvents.filter(({ ph }) => ph === "b").map(({ args }) => args?.["ended"]);
  expect(lives).toEqual(["completed", "completed", "aborted"]);
});

for (const tracks of ["runtime", "tasks"] as const) {
  test(`TraceRecorder: a wake stands where it was made, with an arrow to the poll it led to (${tracks})`, async () => {
    const recorder = new TraceRecorder({ tracks, now: ticking() });
    const main = co(function* () {
      const [tx, rx] = mpsc<number>(1);
      const reader = spawn(rx.recv(), { name: "reader" });
      yield* yieldNow();
      yield* tx.send(1);
      yield* reader;
      yield* sleep(1);
    });
    await new Runtime({ clock: "paused", hooks: recorder }).run(main());
    const { traceEvents } = recorder.toJSON();
    check(traceEvents);
    const track = (id: number): number => (tracks === "tasks" ? id : 1);
    const wakes = traceEvents
      .filter(({ ph }) => ph === "i")
      .map(({ name, tid, args }) => [name, tid, args?.["by"]]);
    expect(wakes).toEqual([
      ["wake task 1 (main)", track(1), "task 1 (main)"], // It yields.
      ["wake task 2 (reader)", track(1), "task 1 (main)"],
      ["wake task 1 (main)", track(2), "task 2 (reader)"],
      ["wake task 1 (main)", track(1), "outside"], // The timer.
    ]);
    const arrows = traceEvents.filter(({ ph }) => ph === "s" || ph === "f").map(({ ph, tid }) => [ph, tid]);
    expect(arrows).toEqual([
      ["s", track(1)],
      ["f", track(1)],
      ["s", track(1)],
      ["f", track(2)],
      ["s", track(2)],
      ["f", track(1)],
      ["s", track(1)],
      ["f", track(1)],
    ]);
  });
}

test("TraceRecorder: what a coarse clock shows at one instant keeps its order and its nesting", async () => {
  const recorder = new TraceRecorder({ now: () => 5 });
  const main = co(function* () {
    yield* spawn(worker(1), { name: "child" });
  });
  await new Runtime({ hooks: recorder }).run(main());
  const { traceEvents } = recorder.toJSON();
  check(traceEvents);
  expect(namesOf(traceEvents, "X")[0]).toBe("task 1 (main)");
  expect(traceEvents.filter(({ ph }) => ph === "b" || ph === "e").map(({ ph, name }) => [ph, name])).toEqual([
    ["b", "task 1 (main)"],
    ["b", "task 2 (child)"],
    ["e", "task 2 (child)"],
    ["e", "task 1 (main)"],
  ]);
});

test("TraceRecorder: times are whole ns, so that rounding puts no span over the edge of its outer one", async () => {
  let time = 1_234;
  // Steps of fractions of a ns, from a generator: Park & Miller 1988.
  let seed = 1;
  const now = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    time += (seed % 1_000) / 1e9;
    return time;
  };
  const recorder = new TraceRecorder({ now });
  const main = co(function* () {
    for (let n = 0; n < 500; n++) yield* spawn(ready(n));
  });
  await new Runtime({ hooks: recorder }).run(main());
  const { traceEvents } = recorder.toJSON();
  check(traceEvents);
  for (const { ts, dur = 0 } of traceEvents) {
    expect(ts).toBe(ns(ts) / 1_000);
    expect(dur).toBe(ns(dur) / 1_000);
  }
});

test("TraceRecorder: takes the time of the day too, which has more ns than a number holds", async () => {
  let time = 1_760_000_000_000;
  const recorder = new TraceRecorder({ now: () => ++time });
  await new Runtime({ hooks: recorder }).run(ready(1));
  const { traceEvents } = recorder.toJSON();
  expect(traceEvents.find(({ ph }) => ph === "b")?.ts).toBe(1_760_000_000_001_000);
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
  const names = traceEvents.filter(({ name }) => name === "thread_name");
  expect(names.map(({ tid, args }) => [tid, args?.["name"]]).sort()).toEqual([
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
  expect(traceEvents.filter(({ ph }) => "Xibe".includes(ph))).toHaveLength(11);
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
