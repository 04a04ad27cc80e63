import fc from "fast-check";
import { expect, test } from "vitest";
import {
  catchError,
  co,
  currentTask,
  type Future,
  FuturesUnordered,
  join,
  joinAll,
  Mutex,
  map,
  Runtime,
  race,
  ready,
  Stream,
  scope,
  select,
  sleep,
  snapshot,
  spawn,
  timeout,
  yieldNow,
} from "../index.ts";

/** The findings about what the coroutine and its tasks wait for after 1 ms. */
async function findingsOf(body: () => Future<unknown>): Promise<string[]> {
  const runtime = new Runtime({ clock: "paused" });
  const watched = runtime.spawn(body(), { name: "it" }).observed();
  const main = co(function* () {
    yield* sleep(1);
    const texts = snapshot(runtime).findings.map(({ text }) => text.replaceAll(/ #\d+/g, ""));
    watched.abort();
    return texts;
  });
  return await runtime.run(main());
}

/** Holds the lock for a while, without the help of anybody. */
const briefly = co(function* briefly(mutex: Mutex<string>) {
  yield* mutex.with(() => sleep(10));
});
const lock = co(function* lock(mutex: Mutex<string>) {
  yield* mutex.with(() => ready(undefined));
});
const both = co(function* both(first: Mutex<string>, second: Mutex<string>) {
  yield* first.with(function* () {
    yield* yieldNow();
    yield* second.lock();
  });
});

test("findings: an arm that waits for a lock which another arm holds and lets go of: no deadlock", async () => {
  const m = new Mutex("", { name: "m" });
  expect(await findingsOf(() => join(briefly(m), lock(m)))).toEqual([]);
  expect(await findingsOf(() => select({ a: briefly(m), b: lock(m) }))).toEqual([]);
  expect(await findingsOf(() => join(map(briefly(m), String), timeout(99, lock(m))))).toEqual([]);
});

test("findings: a child that waits for a lock which the block of its scope lets go of: no deadlock", async () => {
  const m = new Mutex("", { name: "m" });
  const body = co(function* () {
    yield* scope(function* (s) {
      const guard = yield* m.lock();
      s.spawn(lock(m));
      yield* sleep(10);
      guard.release();
    });
  });
  expect(await findingsOf(body)).toEqual([]);
});

test("findings: a child that waits for a lock which is held around its scope: a deadlock", async () => {
  const m = new Mutex("", { name: "m" });
  const body = co(function* () {
    yield* m.with(() =>
      scope(function* (s) {
        s.spawn(lock(m), { name: "child" });
      }),
    );
  });
  expect(await findingsOf(body)).toEqual([
    'deadlock: task 1 (it) holds mutex "m" and waits for the end of task 3 (child), which waits for mutex "m" (unless a guard was handed to another task)',
  ]);
});

test("findings: two arms that take two locks, each in its own order: a deadlock within one task", async () => {
  const [a, b] = [new Mutex("", { name: "a" }), new Mutex("", { name: "b" })];
  expect(await findingsOf(() => join({ one: both(a, b), two: both(b, a) }))).toEqual([
    'deadlock: task 1 (it) in one holds mutex "a" and waits for mutex "b", held by task 1 (it) in two, which waits for mutex "a" (unless a guard was handed to another task)',
  ]);
});

test("findings: futures of one stream that take two locks, each in its own order: a deadlock within one task", async () => {
  const [a, b] = [new Mutex("", { name: "a" }), new Mutex("", { name: "b" })];
  const told =
    'deadlock: task 1 (it) in both holds mutex "a" and waits for mutex "b", held by task 1 (it) in both, which waits for mutex "a" (unless a guard was handed to another task)';
  expect(await findingsOf(() => new FuturesUnordered([both(a, b), both(b, a)]).next())).toEqual([told]);
  const [c, d] = [new Mutex("", { name: "a" }), new Mutex("", { name: "b" })];
  expect(
    await findingsOf(() =>
      Stream.from([both(c, d), both(d, c)])
        .buffered(2)
        .collect(),
    ),
  ).toEqual([told]);
});

test("findings: bodies of two `forEach` that take two locks, each in its own order: a deadlock", async () => {
  const [a, b] = [new Mutex("", { name: "a" }), new Mutex("", { name: "b" })];
  const body = co(function* () {
    spawn(
      Stream.from([0]).forEach(function* () {
        yield* both(b, a);
      }),
      { name: "other" },
    ).observed();
    yield* Stream.from([0]).forEach(function* () {
      yield* both(a, b);
    });
  });
  expect(await findingsOf(body)).toEqual([
    'deadlock: task 1 (it) in (anonymous) holds mutex "a" and waits for mutex "b", held by task 3 (other) in (anonymous), which waits for mutex "a" (unless a guard was handed to another task)',
  ]);
});

test("findings: a future of a stream that waits for a lock which another one of it lets go of: no deadlock", async () => {
  const m = new Mutex("", { name: "m" });
  expect(
    await findingsOf(() =>
      Stream.from([briefly(m), lock(m)])
        .buffered(2)
        .collect(),
    ),
  ).toEqual([]);
  const body = co(function* () {
    yield* Stream.from([0]).forEach(function* () {
      yield* join(briefly(m), lock(m));
    });
  });
  expect(await findingsOf(body)).toEqual([]);
});

test("findings: a lock that a future of a stream holds which nobody polls: its task waits for itself", async () => {
  const m = new Mutex("", { name: "m" });
  const body = co(function* () {
    const futures = new FuturesUnordered([briefly(m)]);
    yield* select({ next: futures.next(), now: yieldNow() }, { biased: true });
    yield* m.lock();
  });
  expect(await findingsOf(body)).toEqual([
    'deadlock: task 1 (it) waits for mutex "m", which it holds itself (unless a guard was handed to another task)',
  ]);
});

test("findings: a lock that an arm has taken and given to its task is the task's", async () => {
  const m = new Mutex("", { name: "m" });
  const body = co(function* () {
    spawn(
      co(function* () {
        yield* m.with(() => yieldNow());
      })(),
    );
    yield* yieldNow(); // It is taken: the select has to wait.
    yield* select({ guard: m.lock() });
    yield* m.lock();
  });
  expect(await findingsOf(body)).toEqual([
    'deadlock: task 1 (it) waits for mutex "m", which it holds itself (unless a guard was handed to another task)',
  ]);
});

test("findings: a circle that a timeout or a race is going to break: no deadlock", async () => {
  const [a, b] = [new Mutex("", { name: "a" }), new Mutex("", { name: "b" })];
  const inArm = co(function* () {
    spawn(both(b, a)).observed();
    yield* timeout(50, both(a, b));
  });
  expect(await findingsOf(inArm)).toEqual([]);
  const [c, d] = [new Mutex("", { name: "c" }), new Mutex("", { name: "d" })];
  const inScope = co(function* () {
    const children = scope(function* (s) {
      s.spawn(both(c, d));
      s.spawn(both(d, c));
    });
    yield* select({ children, late: sleep(50) });
  });
  expect(await findingsOf(inScope)).toEqual([]);
});

test("findings: whatever programs do: who is told to be in a deadlock never ends by itself, and who is stuck is told", async () => {
  type Step =
    | { do: "sleep"; ms: number }
    | { do: "hold"; lock: number; body: Step[] }
    | { do: "join"; arms: Step[][] }
    | { do: "race"; arms: Step[][] }
    | { do: "tasks"; arms: Step[][] }
    | { do: "scope"; block: Step[]; children: Step[][] }
    | { do: "timeout"; ms: number; body: Step[] }
    | { do: "pool"; limit: number; isOrdered: boolean; arms: Step[][] }
    | { do: "first"; arms: Step[][] }
    | { do: "merge"; arms: Step[][] }
    | { do: "for each"; bodies: Step[][] }
    | { do: "make"; body: Step[] };
  const { steps } = fc.letrec<{ step: Step; steps: Step[]; arms: Step[][] }>((tie) => ({
    steps: fc.array(tie("step"), { minLength: 1, maxLength: 3, depthIdentifier: "program" }),
    arms: fc.array(tie("steps"), { minLength: 1, maxLength: 3 }),
    step: fc.oneof(
      { depthSize: "small", depthIdentifier: "program", withCrossShrink: true },
      fc.record({ do: fc.constant("sleep" as const), ms: fc.integer({ min: 1, max: 4 }) }),
      fc.record({ do: fc.constant("hold" as const), lock: fc.nat(1), body: tie("steps") }),
      fc.record({ do: fc.constant("join" as const), arms: tie("arms") }),
      fc.record({ do: fc.constant("race" as const), arms: tie("arms") }),
      fc.record({ do: fc.constant("tasks" as const), arms: tie("arms") }),
      fc.record({ do: fc.constant("scope" as const), block: tie("steps"), children: tie("arms") }),
      fc.record({
        do: fc.constant("timeout" as const),
        ms: fc.integer({ min: 1, max: 4 }),
        body: tie("steps"),
      }),
      fc.record({
        do: fc.constant("pool" as const),
        limit: fc.integer({ min: 1, max: 3 }),
        isOrdered: fc.boolean(),
        arms: tie("arms"),
      }),
      fc.record({ do: fc.constant("first" as const), arms: tie("arms") }),
      fc.record({ do: fc.constant("merge" as const), arms: tie("arms") }),
      fc.record({ do: fc.constant("for each" as const), bodies: tie("arms") }),
      fc.record({ do: fc.constant("make" as const), body: tie("steps") }),
    ),
  }));

  /** Runs a program; gives what was told of it after each ms, which tasks have ended by themselves, and if it did. */
  async function observe(
    program: Step[],
  ): Promise<{ told: number[][][]; ended: number[][]; isOver: boolean }> {
    const runtime = new Runtime({ clock: "paused" });
    const locks = [0, 1].map(() => new Mutex(0));
    const done: number[] = [];
    const perform: (steps: Step[], isTask: boolean) => Future<void> = co(function* program(steps, isTask) {
      for (const step of steps) {
        if (step.do === "sleep") yield* sleep(step.ms);
        else if (step.do === "hold")
          yield* (locks[step.lock] as Mutex<number>).with(() => perform(step.body, false));
        else if (step.do === "join") yield* joinAll(step.arms.map((arm) => perform(arm, false)));
        else if (step.do === "race") yield* race(step.arms.map((arm) => perform(arm, false)));
        else if (step.do === "tasks") {
          const handles = step.arms.map((arm) => spawn(perform(arm, true)).observed());
          for (const handle of handles) yield* handle;
        } else if (step.do === "scope")
          yield* scope(function* (s) {
            for (const child of step.children) s.spawn(perform(child, true));
            yield* perform(step.block, false);
          });
        else if (step.do === "pool") {
          const arms = Stream.from(step.arms).map((arm) => perform(arm, false));
          const { limit } = step;
          yield* (step.isOrdered ? arms.buffered(limit) : arms.bufferUnordered(limit)).collect();
        } else if (step.do === "first")
          yield* new Stream(new FuturesUnordered(step.arms.map((arm) => perform(arm, false)))).first();
        else if (step.do === "merge")
          yield* Stream.merge(step.arms.map((arm) => Stream.once(perform(arm, false)))).collect();
        else if (step.do === "for each")
          yield* Stream.from(step.bodies).forEach(function* (body) {
            yield* perform(body, false);
          });
        else if (step.do === "make") yield* Stream.make(() => perform(step.body, false)).collect();
        else yield* catchError(timeout(step.ms, perform(step.body, false)), () => undefined);
      }
      if (isTask) done.push(currentTask().id);
    });
    const told: number[][][] = [];
    const ended: number[][] = [];
    const main = co(function* () {
      const task = spawn(perform(program, true)).observed();
      for (let waiting = true; waiting; ) {
        yield* sleep(1);
        const { findings } = snapshot(runtime);
        told.push(findings.filter(({ kind }) => kind === "deadlock").map(({ tasks }) => [...tasks]));
        ended.push([...done]);
        const { timers, runnable } = runtime.metrics(); // Main is none of the two, while it runs.
        waiting = !task.isFinished && timers + runnable > 0;
      }
      const isOver = task.isFinished;
      return { told, ended, isOver };
    });
    return await runtime.run(main());
  }

  await fc.assert(
    fc.asyncProperty(steps, async (program) => {
      const { told, ended, isOver } = await observe(program);
      const atLast = ended.at(-1) ?? [];
      for (const deadlocks of told) for (const id of deadlocks.flat()) expect(atLast).not.toContain(id);
      if (!isOver) expect(told.at(-1)).not.toEqual([]);
    }),
    { numRuns: 300 },
  );
});
