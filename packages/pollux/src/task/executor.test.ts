import { describe, expect, test } from "vitest";
import { fakeExecutor } from "../../test/support/fake-host.ts";
import { Gate } from "../../test/support/gate.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Runtime } from "../runtime/runtime.ts";
import { unboundedMpsc } from "../sync/mpsc.ts";
import { Mutex } from "../sync/mutex.ts";
import { sleep } from "../time/sleep.ts";
import type { Hooks } from "./hooks.ts";
import { spawn } from "./spawn.ts";
import type { Task } from "./task.ts";
import { yieldNow } from "./yield-now.ts";

describe("executor: order", () => {
  test("first in, first out, whoever woke or spawned", () => {
    const { host, executor } = fakeExecutor();
    const log: string[] = [];
    const work = co(function* (name: string) {
      for (let i = 0; i < 3; i++) {
        log.push(`${name}${i}`);
        yield* yieldNow();
      }
    });
    for (const name of ["a", "b", "c"]) executor.spawn(work(name));
    host.runMicrotasks();
    expect(log).toEqual(["a0", "b0", "c0", "a1", "b1", "c1", "a2", "b2", "c2"]);
  });

  test("more tasks than the queue held at first keep their order", () => {
    const { host, executor } = fakeExecutor();
    const log: number[] = [];
    const note = co(function* (n: number) {
      yield* yieldNow();
      log.push(n);
    });
    for (let n = 0; n < 1000; n++) executor.spawn(note(n));
    for (let i = 0; i < 100; i++) host.turnLoop();
    expect(log).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  test("a spawned task is polled soon, never during the call", () => {
    const { host, executor } = fakeExecutor();
    const gate = new Gate();
    executor.spawn(gate);
    expect([gate.polls, host.microtasks.length]).toEqual([0, 1]);
    host.runMicrotasks();
    expect(gate.polls).toBe(1);
  });

  test("one drain serves all that is woken before it runs", () => {
    const { host, executor } = fakeExecutor();
    const gates = Array.from({ length: 10 }, () => new Gate());
    for (const gate of gates) executor.spawn(gate);
    host.runMicrotasks();
    for (const gate of gates) gate.open();
    expect(host.microtasks.length).toBe(1);
    host.runMicrotasks();
    expect(executor.ended).toBe(10);
  });

  test("a refused spawn leaves no trace", () => {
    const { host, executor } = fakeExecutor();
    const gate = new Gate();
    executor.spawn(gate);
    expect(() => executor.spawn(gate)).toThrow(FutureInUseError);
    expect([executor.spawned, executor.detached.size, host.microtasks.length]).toEqual([1, 1, 1]);
  });

  test("ids are unique, in the order of spawning", () => {
    const { executor } = fakeExecutor();
    expect([1, 2, 3].map(() => executor.spawn(new Gate()).id)).toEqual([1, 2, 3]);
  });
});

/** Is woken at each poll, and takes `ms` of the host's time for it. */
class Busy extends Future<never> {
  readonly #work: () => void;
  polls = 0;
  constructor(work: () => void) {
    super();
    this.#work = work;
  }
  override poll(cx: { waker: { wake(): void } }): Poll<never> {
    this.polls++;
    this.#work();
    cx.waker.wake();
    return Pending;
  }
}

describe("executor: the host's turn", () => {
  test("after 1 ms of polling the rest waits for the host's loop to turn", () => {
    const { host, executor } = fakeExecutor();
    const busy = new Busy(() => {
      host.time += 0.01;
    });
    executor.spawn(busy);
    host.runMicrotasks();
    // The first look at the clock, after 32 polls, begins to count; 100 polls take 1 ms; looks come every 32 polls.
    expect(busy.polls).toBe(160);
    expect([host.microtasks.length, host.turns.length]).toEqual([0, 1]);
    host.turnLoop();
    expect(busy.polls).toBeGreaterThan(160);
    expect(busy.polls).toBeLessThanOrEqual(320);
    expect([host.microtasks.length, host.turns.length]).toEqual([0, 1]);
  });

  test("quick polls are not held up: no turn is waited for within 1 ms", () => {
    const { host, executor } = fakeExecutor();
    let left = 100_000;
    const quick = new Busy(() => {
      host.time += 0.000_001;
      if (--left === 0) throw new Error("enough");
    });
    executor.spawn(quick).observed();
    host.runMicrotasks();
    expect(left).toBe(0);
  });

  test("while the rest waits, no drain is scheduled: wakes and spawns from outside wait too", () => {
    const { host, executor } = fakeExecutor();
    const gate = new Gate();
    executor.spawn(gate);
    const busy = new Busy(() => {
      host.time += 0.1;
    });
    executor.spawn(busy);
    host.runMicrotasks();
    expect(gate.polls).toBe(1);
    gate.open();
    const late = new Gate();
    executor.spawn(late);
    expect(host.microtasks.length).toBe(0);
    expect([gate.polls, late.polls]).toEqual([1, 0]);
    host.turnLoop();
    expect([gate.polls, late.polls]).toEqual([2, 1]);
  });

  test("what counts is the time since the loop last turned, across drains", () => {
    // A task that is woken by a microtask each time, as by resolved promises: a drain for each poll.
    const { host, executor } = fakeExecutor();
    let polls = 0;
    class Promised extends Future<never> {
      override poll(cx: { waker: { wake(): void } }): Poll<never> {
        polls++;
        host.time += 0.01;
        const { waker } = cx;
        host.microtask(() => waker.wake());
        return Pending;
      }
    }
    executor.spawn(new Promised());
    host.runMicrotasks();
    expect(polls).toBe(160);
    expect(host.turns.length).toBe(1);
    let turns = 0;
    for (; turns < 10; turns++) host.turnLoop();
    expect(polls).toBeLessThanOrEqual(160 * 11);
    expect(polls).toBeGreaterThan(160 * 5);
  });

  test("a turn that comes by itself in time starts the count anew", () => {
    const { host, executor } = fakeExecutor();
    const gate = new Busy(() => {
      host.time += 0.01;
    });
    const task = executor.spawn(gate).observed();
    host.runMicrotasks();
    const first = gate.polls;
    for (let i = 0; i < 3; i++) {
      host.time += 100; // Other code of the host; none of it is the executor's.
      host.turnLoop();
    }
    // Each turn gave the executor its full measure again.
    expect(gate.polls - first).toBeGreaterThanOrEqual(3 * 100);
    task.abort();
    host.turnLoop();
  });

  test("a timer that is due fires at the next turn, however busy the tasks are", () => {
    const { host, executor } = fakeExecutor();
    executor.spawn(
      new Busy(() => {
        host.time += 0.01;
      }),
    );
    let firedAt = 0;
    host.timer(() => {
      firedAt = host.time;
    }, 5);
    for (let i = 0; i < 20 && firedAt === 0; i++) host.turnLoop();
    expect(firedAt).toBeGreaterThanOrEqual(5);
    expect(firedAt).toBeLessThan(5 + 2 * 1.6);
  });

  test("idle, the executor asks for no turn and no microtask", () => {
    const { host, executor } = fakeExecutor();
    executor.spawn(new Gate());
    host.turnLoop();
    for (let i = 0; i < 3; i++) host.turnLoop();
    expect([host.microtasks.length, host.turns.length, host.timers.length]).toEqual([0, 0, 0]);
    expect(executor.isIdle).toBe(true);
  });
});

describe("executor: fairness, on Node's own loop", () => {
  /** Runs `work` for ever beside a counter of Node's turns and of timers, and ends when both have come five times. */
  async function turnsBeside(work: () => Future<unknown>): Promise<void> {
    const runtime = new Runtime();
    let turns = 0;
    let timers = 0;
    let over = false;
    const onTurn = (): void => {
      turns++;
      if (!over) setImmediate(onTurn);
    };
    const timer = setInterval(() => timers++, 1);
    setImmediate(onTurn);
    let slept = 0;
    await runtime.run(
      co(function* () {
        const busy = spawn(work()).observed();
        spawn(
          co(function* () {
            for (;;) {
              yield* sleep(1);
              slept++;
            }
          })(),
        ).observed();
        while (turns < 5 || timers < 5 || slept < 5) yield* sleep(1);
        busy.abort();
      })(),
    );
    over = true;
    clearInterval(timer);
    expect(Math.min(turns, timers, slept)).toBeGreaterThanOrEqual(5);
  }

  test("a task that always finds its join ready", () =>
    turnsBeside(
      co(function* () {
        const done = spawn(co(function* () {})());
        for (;;) yield* done;
      }),
    ));

  test("a task that always finds its channel full of messages", () =>
    turnsBeside(
      co(function* () {
        const [tx, rx] = unboundedMpsc<number>();
        for (;;) {
          tx.send(1);
          yield* rx.recv();
        }
      }),
    ));

  test("a task that always finds its lock free", () =>
    turnsBeside(
      co(function* () {
        const mutex = new Mutex(0);
        for (;;) (yield* mutex.lock())[Symbol.dispose]();
      }),
    ));

  test("a task that yields for ever, and a hundred of them", () =>
    turnsBeside(
      co(function* () {
        const forever = co(function* () {
          for (;;) yield* yieldNow();
        });
        const tasks = Array.from({ length: 100 }, () => spawn(forever()).observed());
        try {
          yield* new Gate();
        } finally {
          for (const task of tasks) task.abort();
        }
      }),
    ));

  test("a task that awaits resolved promises", () =>
    turnsBeside(
      co(function* () {
        for (;;) {
          const gate = new Gate();
          void Promise.resolve().then(() => gate.open());
          yield* gate;
        }
      }),
    ));
});

describe("executor: unhandled errors", () => {
  const failing = co(function* (error: unknown) {
    throw error;
  });

  test("reach onUnhandledError once, at the host's next turn, and joins still throw them", async () => {
    const { host, executor, unhandled } = fakeExecutor();
    const error = new Error("x");
    const handle = executor.spawn(failing(error), { name: "worker" });
    host.runMicrotasks();
    expect(unhandled).toEqual([]);
    host.turnLoop();
    expect(unhandled).toHaveLength(1);
    expect(unhandled[0]).toMatchObject({ error, task: { id: 1, name: "worker" } });
    host.turnLoop();
    expect(unhandled).toHaveLength(1);
    await expect(handle).rejects.toBe(error);
    await expect(handle).rejects.toBe(error);
    host.turnLoop();
    expect(unhandled).toHaveLength(1);
  });

  test("several are reported each, in order", () => {
    const { host, executor, unhandled } = fakeExecutor();
    for (let i = 0; i < 3; i++) executor.spawn(failing(i));
    host.turnLoop();
    expect(unhandled.map(({ error }) => error)).toEqual([0, 1, 2]);
  });

  const ways: Record<
    string,
    (handle: ReturnType<typeof spawn>, executor: ReturnType<typeof fakeExecutor>["executor"]) => void
  > = {
    "a join that is awaited": (handle, executor) => {
      executor.spawn(
        co(function* () {
          try {
            yield* handle;
          } catch {}
        })(),
      );
    },
    "a join that is lent": (handle, executor) => {
      executor.spawn(
        co(function* () {
          try {
            yield* handle.ref();
          } catch {}
        })(),
      );
    },
    "a call of then": (handle) => {
      handle.then(null, () => {});
    },
    "observed()": (handle) => {
      handle.observed();
    },
  };
  for (const [way, observe] of Object.entries(ways)) {
    test(`are not reported when there is ${way}, before or after the failure`, () => {
      for (const late of [false, true]) {
        const { host, executor, unhandled } = fakeExecutor();
        const handle = executor.spawn(failing(new Error("x")));
        if (late) host.runMicrotasks();
        observe(handle, executor);
        host.turnLoop();
        host.turnLoop();
        expect(unhandled).toEqual([]);
      }
    });
  }

  test("an abort is none, and nobody need look", () => {
    const { host, executor, unhandled } = fakeExecutor();
    const handle = executor.spawn(new Gate());
    host.turnLoop();
    handle.abort();
    host.turnLoop();
    expect(handle.isFinished).toBe(true);
    expect(unhandled).toEqual([]);
  });

  test("dropping a handle, asking after it, or taking an abort handle is not looking", () => {
    const { host, executor, unhandled } = fakeExecutor();
    const handle = executor.spawn(failing(1));
    handle.abortHandle();
    void [handle.isFinished, handle.id, handle.name];
    host.turnLoop();
    expect(unhandled).toHaveLength(1);
  });

  test("a handler that throws is itself an uncaught error, and the next failure is reported all the same", () => {
    const seen: unknown[] = [];
    const { host, executor } = fakeExecutor({
      onUnhandledError: (error) => {
        seen.push(error);
        throw new Error(`handler ${error}`);
      },
    });
    executor.spawn(failing(1));
    executor.spawn(failing(2));
    host.turnLoop();
    expect(seen).toEqual([1, 2]);
    expect(host.errors).toMatchObject([{ message: "handler 1" }, { message: "handler 2" }]);
  });
});

describe("executor: hooks", () => {
  test("are called in order: spawn, poll start, what happens in it, poll end; and the end within the last poll", () => {
    const log: string[] = [];
    const note =
      (what: string) =>
      (task: Task): void => {
        log.push(`${what} ${task.id}`);
      };
    const hooks: Hooks = {
      onSpawn: note("spawn"),
      onPollStart: note("start"),
      onPollEnd: note("stop"),
      onWake: note("wake"),
      onEnd: note("end"),
    };
    const { host, executor } = fakeExecutor({ hooks });
    const child = co(function* () {
      yield* yieldNow();
    });
    executor.spawn(
      co(function* () {
        const handle = executor.spawn(child());
        yield* yieldNow();
        yield* handle;
      })(),
    );
    host.runMicrotasks();
    expect(log).toEqual([
      "spawn 1",
      "start 1",
      "spawn 2",
      "wake 1",
      "stop 1",
      "start 2",
      "wake 2",
      "stop 2",
      "start 1",
      "stop 1",
      "start 2",
      "end 2",
      "wake 1",
      "stop 2",
      "start 1",
      "end 1",
      "stop 1",
    ]);
  });

  test("any of them may be missing", () => {
    for (const hook of ["onSpawn", "onPollStart", "onPollEnd", "onWake", "onEnd"] as const) {
      let calls = 0;
      const { host, executor } = fakeExecutor({ hooks: { [hook]: () => calls++ } });
      executor.spawn(yieldNow());
      host.runMicrotasks();
      expect(calls).toBeGreaterThan(0);
      expect(executor.ended).toBe(1);
    }
  });
});

describe("executor: observe", () => {
  test("has several told, from now on and until it is ended; one that throws keeps none from being told", () => {
    const log: string[] = [];
    const { host, executor } = fakeExecutor({
      hooks: { onSpawn: (task) => void log.push(`own ${task.id}`) },
    });
    executor.spawn(yieldNow());
    const stopFailing = executor.observe({
      onSpawn: () => {
        throw new Error("hook");
      },
    });
    const stop = executor.observe({ onSpawn: (task) => void log.push(`other ${task.id}`) });
    executor.spawn(yieldNow());
    stopFailing();
    stopFailing();
    stop();
    executor.spawn(yieldNow());
    expect(log).toEqual(["own 1", "own 2", "other 2", "own 3"]);
    expect(host.errors).toMatchObject([{ message: "hook" }]);
  });

  test("the same hooks twice are called twice, and ended one at a time", () => {
    let calls = 0;
    const hooks: Hooks = { onSpawn: () => calls++ };
    const { executor } = fakeExecutor();
    const stop = executor.observe(hooks);
    executor.observe(hooks);
    executor.spawn(yieldNow());
    stop();
    stop();
    executor.spawn(yieldNow());
    expect(calls).toBe(3);
  });

  test("hooks of the host come and go with those that listen there, before the next task that is polled", () => {
    const { host, executor } = fakeExecutor();
    const log: string[] = [];
    const hooks: Hooks = { onSpawn: () => log.push("spawn"), onPollStart: () => log.push("poll") };
    let listening: Hooks | null = hooks;
    Object.assign(host, { diagnostics: () => listening });
    executor.spawn(yieldNow());
    host.runMicrotasks();
    expect(log).toEqual(["spawn", "poll", "poll"]);
    listening = null;
    executor.spawn(yieldNow());
    host.runMicrotasks();
    expect(log).toHaveLength(3);
  });
});

describe("executor: counters", () => {
  test("spawned, ended, polls, and wakes that made a task runnable", () => {
    const { host, executor } = fakeExecutor();
    const gate = new Gate();
    executor.spawn(gate);
    host.runMicrotasks();
    for (let i = 0; i < 5; i++) gate.wake();
    host.runMicrotasks();
    gate.open();
    gate.wake();
    host.runMicrotasks();
    gate.wake();
    const { spawned, ended, polls, wakes } = executor;
    expect({ spawned, ended, polls, wakes }).toEqual({ spawned: 1, ended: 1, polls: 3, wakes: 2 });
  });

  test("polls and wakes of each task, and how many are to be polled", () => {
    const { host, executor } = fakeExecutor();
    const [first, second] = [new Gate(), new Gate()];
    const group = executor.detached;
    const tasks = [executor.start(first, undefined, group), executor.start(second, undefined, group)];
    expect(executor.runnable).toBe(2);
    host.runMicrotasks();
    expect(executor.runnable).toBe(0);
    for (let i = 0; i < 3; i++) second.wake();
    expect(executor.runnable).toBe(1);
    host.runMicrotasks();
    expect(tasks.map(({ polls, wakes }) => [polls, wakes])).toEqual([
      [1, 0],
      [2, 1],
    ]);
  });
});
