import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Rest } from "./dump.ts";
import { findings } from "./findings.ts";
import type { Finding, TaskSnapshot, WaitSnapshot } from "./snapshot.ts";

function waiting(id: number, waitsFor: WaitSnapshot, more: Partial<TaskSnapshot> = {}): TaskSnapshot {
  return { id, state: "waiting", polls: 1, wakes: 0, waitsFor, scopes: [], ...more };
}

function found(tasks: TaskSnapshot[], rest: Rest = "timers or I/O"): readonly Finding[] {
  return findings(new Map(tasks.map((task) => [task.id, task])), rest);
}

const texts = (tasks: TaskSnapshot[], rest?: Rest): string[] => found(tasks, rest).map(({ text }) => text);

const joins = (...ids: number[]): WaitSnapshot => ({ op: "join", tasks: ids.map((id) => ({ id })) });
const locks = (target: string, id: number): WaitSnapshot => ({ op: "lock", target, tasks: [{ id }] });
const sleeps: WaitSnapshot = { op: "sleep", dueIn: 5 };

describe("findings: a circle", () => {
  test("of locks is a deadlock, told from its first task on, once", () => {
    const tasks = [waiting(2, locks("B", 3)), waiting(1, locks("A", 2)), waiting(3, locks("C", 1))];
    expect(found(tasks)).toEqual([
      {
        kind: "deadlock",
        text: "deadlock: task 1 holds C and waits for A, held by task 2, which waits for B, held by task 3, which waits for C (unless a guard was handed to another task)",
        tasks: [1, 2, 3],
      },
    ]);
  });

  test("of joins, of a join and a lock, of one task with itself", () => {
    expect(texts([waiting(1, joins(2)), waiting(2, joins(1), { name: "b" })])).toEqual([
      "deadlock: task 1 waits for the end of task 2 (b), which waits for the end of task 1",
    ]);
    expect(texts([waiting(1, joins(2)), waiting(2, locks("A", 1))])).toEqual([
      "deadlock: task 1 holds A and waits for the end of task 2, which waits for A (unless a guard was handed to another task)",
    ]);
    expect(texts([waiting(1, locks("A", 1)), waiting(2, joins(2))])).toEqual([
      "deadlock: task 2 waits for its own end",
      "deadlock: task 1 waits for A, which it holds itself (unless a guard was handed to another task)",
    ]);
  });

  test("with a way out is none: a timer, another arm, somebody outside, a task that runs", () => {
    const first = waiting(1, joins(2));
    const circle = joins(1);
    expect(texts([first, waiting(2, { op: "select", any: true, awaits: [sleeps, circle] })])).toEqual([]);
    expect(texts([first, waiting(2, { op: "timeout", any: true, dueIn: 3, awaits: [circle] })])).toEqual([]);
    expect(texts([first, waiting(2, { ...circle, outside: true })])).toEqual([]);
    expect(texts([first, waiting(2, circle, { state: "runnable" })])).toEqual([]);
    expect(texts([first, waiting(2, { op: "recv" })])).toEqual([]);
    expect(texts([first, waiting(2, { op: "join", tasks: [{ id: 1, foreign: true }] })])).toEqual([]);
  });

  test("is one where all parts are needed, whatever the others do", () => {
    const both = waiting(1, { op: "join", awaits: [sleeps, joins(2)] });
    expect(texts([both, waiting(2, joins(1))])).toHaveLength(1);
  });

  test("of 100,000 tasks is found", () => {
    const count = 100_000;
    const tasks = Array.from({ length: count }, (_, id) => waiting(id, joins((id + 1) % count)));
    expect(found(tasks)[0]?.tasks).toHaveLength(count);
  });

  // In rounds over all tasks, one of the two orders would take a round for each task, and this test for ever.
  test("a chain of 100,000 tasks whose end goes on is none, in whatever order it was spawned", () => {
    const count = 100_000;
    const chain = (next: (id: number) => number, last: number): TaskSnapshot[] =>
      Array.from({ length: count }, (_, id) => waiting(id, id === last ? sleeps : joins(next(id))));
    expect(found(chain((id) => id + 1, count - 1))).toEqual([]);
    expect(found(chain((id) => id - 1, 0))).toEqual([]);
  });

  test("among the 200,000 parts of one wait is found", () => {
    const parts = Array.from({ length: 200_000 }, (): WaitSnapshot => ({ op: "never" }));
    const tasks = [waiting(1, { op: "join", awaits: [...parts, joins(2)] }), waiting(2, joins(1))];
    expect(found(tasks)).toHaveLength(1);
  });

  test("is found exactly if some tasks can never go on", () => {
    const part = fc.record({
      any: fc.boolean(),
      tasks: fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 8, maxLength: 8 }),
        fc.uniqueArray(fc.nat(7)),
        (parts, free) => {
          const tasks = parts.map(({ any, tasks }, id) =>
            waiting(id, free.includes(id) ? sleeps : { ...joins(...tasks), ...(any && { any: true }) }),
          );
          // As it would go: whoever can ends, until nobody can.
          const ended = new Set(free);
          for (let before = -1; before !== ended.size; ) {
            before = ended.size;
            for (const [id, { any, tasks }] of parts.entries()) {
              const there = tasks.map((task) => ended.has(task));
              if (any ? there.includes(true) : !there.includes(false)) ended.add(id);
            }
          }
          const deadlocks = found(tasks);
          expect(deadlocks.length > 0).toBe(ended.size < 8);
          for (const { tasks: circle } of deadlocks) {
            for (const [at, id] of circle.entries()) {
              expect(ended.has(id)).toBe(false);
              expect(parts[id]?.tasks).toContain(circle[(at + 1) % circle.length]);
            }
          }
        },
      ),
    );
  });
});

describe("findings: a lock", () => {
  test("granted to a future that nobody polls is unclaimed", () => {
    const grantedTo = (ref: { id: number; ended?: true } | null): WaitSnapshot => ({
      op: "lock",
      target: "A",
      granted: [ref],
    });
    expect(texts([waiting(1, grantedTo(null))])).toEqual([
      "unclaimed: A was granted to a future that nobody polls any more",
    ]);
    expect(texts([waiting(1, grantedTo({ id: 2 })), waiting(2, sleeps)])).toEqual([
      "unclaimed: A was granted to a future that task 2 has polled before and does not poll now",
    ]);
    expect(texts([waiting(1, grantedTo({ id: 2, ended: true }))])).toHaveLength(1);
  });

  test("granted to a task that is about to be polled is well", () => {
    const lock: WaitSnapshot = { op: "lock", target: "A", granted: [{ id: 2 }] };
    expect(texts([waiting(1, lock), waiting(2, sleeps, { state: "runnable" })])).toEqual([]);
  });

  test("whose taker has ended is unreleased, told once for all that wait", () => {
    const lock: WaitSnapshot = { op: "lock", target: "A", tasks: [{ id: 9, name: "gone", ended: true }] };
    expect(texts([waiting(1, lock), waiting(2, lock)])).toEqual([
      "unreleased: A was taken by task 9 (gone), which has ended without releasing it: only who was given its guard can",
    ]);
  });
});

describe("findings: where nothing is left to wake a task", () => {
  test("what is waited for is told, and not who waits for a task that waits", () => {
    const recv: WaitSnapshot = { op: "recv", target: "A", state: "empty" };
    expect(texts([waiting(1, joins(2)), waiting(2, recv)], "nothing")).toEqual([
      "stuck: task 2: recv A (empty)",
    ]);
    expect(texts([waiting(1, joins(2)), waiting(2, recv)])).toEqual([]);
  });

  test("while code outside might wake it, it is said so, and a way out is one", () => {
    const acquire: WaitSnapshot = { op: "acquire", target: "S", tasks: [{ id: 1 }], outside: true };
    expect(texts([waiting(1, acquire)], "code outside")).toEqual([]);
    expect(texts([waiting(1, acquire)], "nothing")).toEqual([
      "deadlock: task 1 waits for S, which it holds itself",
    ]);
    expect(texts([waiting(1, { op: "recv" })], "code outside")).toEqual([
      "stuck: task 1: recv (nothing but code outside of the runtime can wake it)",
    ]);
  });

  test("a future that tells nothing of itself is named as one", () => {
    expect(texts([waiting(1, { op: "Gate", silent: true })], "nothing")[0]).toContain("it has kept no waker");
  });

  test("many that wait for the same are told together", () => {
    const tasks = Array.from({ length: 10 }, (_, id) => waiting(id, { op: "recv" }));
    expect(texts(tasks, "nothing")).toEqual(["stuck: task 0, task 1, task 2 and 7 others: recv"]);
  });
});
