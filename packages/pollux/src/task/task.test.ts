import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { fakeExecutor } from "../../test/support/fake-host.ts";
import { never } from "../combine/never.ts";
import type { Context, Waker } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { CancelledError, CleanupError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type Task, TaskBit } from "./task.ts";

/** What the future of the task under test does at its next poll or cancel. */
type Step = "pending" | "pending, woken" | "pending, aborted" | "value" | "value, aborted" | "throw";

/** Does what it is told, step by step, and is pending when it is told nothing. */
class Scripted extends Future<string> {
  readonly steps: Step[] = [];
  polls = 0;
  cancels = 0;
  task: Task | undefined;

  override poll(cx: Context): Poll<string> {
    this.polls++;
    return this.#step(cx) === Pending ? Pending : "value";
  }

  override cancel(cx: Context): Poll<void> {
    this.cancels++;
    return this.#step(cx) === Pending ? Pending : undefined;
  }

  #step(cx: Context): Poll<void> {
    const step = this.steps.shift() ?? "pending";
    if (step === "throw") throw new Error(step);
    if (step === "pending, woken") cx.waker.wake();
    if (step.endsWith("aborted")) this.task?.abort("from within");
    return step.startsWith("pending") ? Pending : undefined;
  }
}

/** The bits as letters: Started, Notified, Running, (X) cancelled, Complete, Failed, Aborted. */
function letters(task: Task): string {
  const { Started, Notified, Running, Cancelled, Complete, Failed, Aborted } = TaskBit;
  const bits = { S: Started, N: Notified, R: Running, X: Cancelled, C: Complete, F: Failed, A: Aborted };
  return Object.entries(bits)
    .filter(([, bit]) => (task.bits & bit) !== 0)
    .map(([letter]) => letter)
    .join("");
}

function world() {
  const { host, executor, unhandled } = fakeExecutor();
  const future = new Scripted();
  const task = executor.start(future, undefined, executor.detached) as Task;
  task.observe();
  future.task = task;
  /** Lets the executor poll what is queued, the future doing `steps` one after the other. */
  const run = (...steps: Step[]): void => {
    future.steps.push(...steps);
    host.runMicrotasks();
    future.steps.length = 0;
  };
  return { host, executor, future, task, run, unhandled };
}

describe("task: the state machine", () => {
  type World = ReturnType<typeof world>;
  /** How each state is reached, and its letters. */
  const states: Record<string, [string, (w: World) => void]> = {
    born: ["N", () => {}],
    "born, aborted": ["NX", (w) => w.task.abort("why")],
    idle: ["S", (w) => w.run("pending")],
    notified: [
      "SN",
      (w) => {
        w.run("pending");
        w.task.wake();
      },
    ],
    aborted: [
      "SNX",
      (w) => {
        w.run("pending");
        w.task.abort("why");
      },
    ],
    "cleaning up": [
      "SX",
      (w) => {
        w.run("pending");
        w.task.abort("why");
        w.run("pending");
      },
    ],
    "cleaning up, notified": [
      "SNX",
      (w) => {
        w.run("pending");
        w.task.abort("why");
        w.run("pending");
        w.task.wake();
      },
    ],
    ended: ["SC", (w) => w.run("value")],
    failed: ["SCF", (w) => w.run("throw")],
    cancelled: [
      "SXCFA",
      (w) => {
        w.run("pending");
        w.task.abort("why");
        w.run("value");
      },
    ],
    "cleanup failed": [
      "SXCF",
      (w) => {
        w.run("pending");
        w.task.abort("why");
        w.run("throw");
      },
    ],
  };
  const events: Record<string, (w: World) => void> = {
    wake: (w) => w.task.wake(),
    abort: (w) => w.task.abort("again"),
    "run: pending": (w) => w.run("pending"),
    "run: pending, woken": (w) => w.run("pending, woken"),
    "run: pending, aborted": (w) => w.run("pending, aborted"),
    "run: value": (w) => w.run("value"),
    "run: value, aborted": (w) => w.run("value, aborted"),
    "run: throw": (w) => w.run("throw"),
    abandon: (w) => w.task.abandon(new Error("abandoned")),
  };
  /** From a state by an event: the letters, the polls and the cancels that it made. `-` where nothing may happen. */
  const table: Record<string, Record<string, string>> = {
    born: {
      wake: "-",
      abort: "NX",
      "run: pending": "S polls 1",
      "run: pending, woken": "S polls 2",
      "run: pending, aborted": "SX polls 1 cancels 1",
      "run: value": "SC polls 1",
      "run: value, aborted": "SXC polls 1",
      "run: throw": "SCF polls 1",
      abandon: "CF",
    },
    "born, aborted": {
      wake: "-",
      abort: "-",
      "run: pending": "SX polls 1 cancels 1",
      "run: pending, woken": "SX polls 1 cancels 1",
      "run: pending, aborted": "SX polls 1 cancels 1",
      "run: value": "SXC polls 1",
      "run: value, aborted": "SXC polls 1",
      "run: throw": "SXCF polls 1",
      abandon: "XCF",
    },
    idle: {
      wake: "SN",
      abort: "SNX",
      "run: pending": "-",
      "run: pending, woken": "-",
      "run: pending, aborted": "-",
      "run: value": "-",
      "run: value, aborted": "-",
      "run: throw": "-",
      abandon: "SCF",
    },
    notified: {
      wake: "-",
      abort: "SNX",
      "run: pending": "S polls 1",
      "run: pending, woken": "S polls 2",
      "run: pending, aborted": "SX polls 1 cancels 1",
      "run: value": "SC polls 1",
      "run: value, aborted": "SXC polls 1",
      "run: throw": "SCF polls 1",
      abandon: "SCF",
    },
    aborted: {
      wake: "-",
      abort: "-",
      "run: pending": "SX cancels 1",
      "run: pending, woken": "SX cancels 2",
      "run: pending, aborted": "SX cancels 1",
      "run: value": "SXCFA cancels 1",
      "run: value, aborted": "SXCFA cancels 1",
      "run: throw": "SXCF cancels 1",
      abandon: "SXCF",
    },
    "cleaning up": {
      wake: "SNX",
      abort: "-",
      "run: pending": "-",
      "run: pending, woken": "-",
      "run: pending, aborted": "-",
      "run: value": "-",
      "run: value, aborted": "-",
      "run: throw": "-",
      abandon: "SXCF",
    },
    "cleaning up, notified": {
      wake: "-",
      abort: "-",
      "run: pending": "SX cancels 1",
      "run: pending, woken": "SX cancels 2",
      "run: pending, aborted": "SX cancels 1",
      "run: value": "SXCFA cancels 1",
      "run: value, aborted": "SXCFA cancels 1",
      "run: throw": "SXCF cancels 1",
      abandon: "SXCF",
    },
    ended: {},
    failed: {},
    cancelled: {},
    "cleanup failed": {},
  };

  for (const [state, [reached, reach]] of Object.entries(states)) {
    for (const [event, happen] of Object.entries(events)) {
      const expected = table[state]?.[event] ?? "-";
      test(`${state} + ${event} -> ${expected === "-" ? "nothing" : expected}`, () => {
        const w = world();
        reach(w);
        expect(letters(w.task)).toBe(reached);
        const { polls, cancels } = w.future;
        const { output } = w.task;
        happen(w);
        const made = [letters(w.task)];
        if (w.future.polls > polls) made.push(`polls ${w.future.polls - polls}`);
        if (w.future.cancels > cancels) made.push(`cancels ${w.future.cancels - cancels}`);
        expect(made.join(" ")).toBe(expected === "-" ? reached : expected);
        if (expected === "-" && w.task.isComplete) expect(w.task.output).toBe(output);
        // On the run queue exactly while it is notified.
        expect(w.host.microtasks.length > 0).toBe(
          (w.task.bits !== 0 && letters(w.task).includes("N")) ||
            (event === "abandon" && reached.includes("N")),
        );
        // A task that has ended holds nothing.
        if (w.task.isComplete) expect([w.task.future, w.executor.detached.size]).toEqual([null, 0]);
      });
    }
  }

  test("what it ends with: the value, the error, CancelledError with the first reason, CleanupError", () => {
    const outcomes = ["ended", "failed", "cancelled", "cleanup failed"].map((state) => {
      const w = world();
      states[state]?.[1](w);
      w.task.abort("too late");
      return w.task.failure;
    });
    expect(outcomes[0]).toBe("value");
    expect(outcomes[1]).toMatchObject({ message: "throw" });
    expect(outcomes[2]).toBeInstanceOf(CancelledError);
    expect(outcomes[2]).toMatchObject({ cause: "why" });
    expect(outcomes[3]).toBeInstanceOf(CleanupError);
    expect(outcomes[3]).toMatchObject({ cause: "why", errors: [{ message: "throw" }] });
  });

  test("a wake while it runs is seen after the poll: none is lost, and it is queued once", () => {
    const { future, task, run, executor } = world();
    run("pending, woken", "pending, woken", "pending");
    expect(future.polls).toBe(3);
    for (let i = 0; i < 5; i++) task.wake();
    expect(executor.wakes).toBe(3);
    run("pending");
    expect(future.polls).toBe(4);
  });
});

describe("task: against a model", () => {
  const step = fc.constantFrom<Step>(
    "pending",
    "pending, woken",
    "pending, aborted",
    "value",
    "value, aborted",
    "throw",
  );
  const command = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ op: fc.constant("run" as const), steps: fc.array(step, { maxLength: 4 }) }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ op: fc.constantFrom("wake", "join", "unjoin"), steps: fc.constant([]) }),
    },
    { weight: 1, arbitrary: fc.record({ op: fc.constant("abort"), steps: fc.constant([]) }) },
  );

  class Model {
    queued = true;
    started = false;
    cancelled = false;
    complete = false;
    polls = 0;
    cancels = 0;

    wake(): void {
      if (!this.complete) this.queued = true;
    }
    abort(): void {
      if (this.complete || this.cancelled) return;
      this.cancelled = true;
      this.wake();
    }
    run(steps: Step[]): void {
      while (this.queued) {
        this.queued = false;
        const next = steps.shift() ?? "pending";
        const cancelling = this.cancelled && this.started;
        if (cancelling) this.cancels++;
        else this.polls++;
        this.started = true;
        if (next === "pending, woken") this.queued = true;
        if (next.endsWith("aborted")) this.abort();
        if (!next.startsWith("pending")) {
          this.complete = true;
          this.queued = false;
        } else if (this.cancelled && !cancelling) this.queued = true;
      }
    }
  }

  test("any order of wakes, aborts, polls and joins keeps the rules", () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
        const { host, executor, future, task, run } = world();
        const model = new Model();
        const joiners: TestContext[] = [];
        for (const { op, steps } of commands) {
          if (op === "wake") {
            task.wake();
            model.wake();
          } else if (op === "abort") {
            task.abort("why");
            model.abort();
          } else if (op === "run") {
            run(...(steps as Step[]));
            model.run([...(steps as Step[])]);
          } else if (op === "join" && !task.isComplete) {
            const joiner = new TestContext();
            task.addJoiner(joiner);
            task.addJoiner(joiner);
            joiners.push(joiner);
          } else if (op === "unjoin" && !task.isComplete) {
            const joiner = joiners.pop();
            if (joiner !== undefined) task.removeJoiner(joiner);
          }
          expect([future.polls, future.cancels]).toEqual([model.polls, model.cancels]);
          expect(task.isComplete).toBe(model.complete);
          expect((task.bits & TaskBit.Notified) !== 0).toBe(model.queued);
          expect(host.microtasks.length).toBe(model.queued ? 1 : 0);
          expect(executor.ended).toBe(model.complete ? 1 : 0);
          expect(joiners.map((joiner) => joiner.wakes)).toEqual(joiners.map(() => (model.complete ? 1 : 0)));
          if (model.complete) expect(letters(task)).not.toMatch(/[NR]/);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("task: joiners", () => {
  test("are woken once each, when it has ended and its outcome can be seen", () => {
    const { task, run } = world();
    const seen: boolean[] = [];
    const waker: Waker = { wake: () => seen.push(task.isComplete) };
    const other: Waker = { wake: () => seen.push(task.isComplete) };
    for (let i = 0; i < 3; i++) {
      task.addJoiner(waker);
      task.addJoiner(other);
    }
    run("value");
    expect(seen).toEqual([true, true]);
  });

  test("those that have left are not", () => {
    const { task, run } = world();
    const joiners = Array.from({ length: 4 }, () => new TestContext());
    for (const joiner of joiners) task.addJoiner(joiner);
    task.removeJoiner(joiners[1] as TestContext);
    task.removeJoiner(joiners[3] as TestContext);
    task.removeJoiner(new TestContext());
    run("value");
    expect(joiners.map((joiner) => joiner.wakes)).toEqual([1, 0, 1, 0]);
    task.removeJoiner(joiners[0] as TestContext);
    expect(task.output).toBe("value");
  });
});

test("task: one that was abandoned keeps neither its future nor the coroutine that it was in", () => {
  const { host, executor } = fakeExecutor();
  const task = executor.start(
    co(function* () {
      yield* never();
    })(),
    undefined,
    executor.detached,
  );
  host.runMicrotasks();
  task.abandon(new Error("abandoned"));
  expect([task.future, task.resumed]).toEqual([null, null]);
});
