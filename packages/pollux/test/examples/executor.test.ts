import { describe, expect, test } from "vitest";
import {
  Context,
  co,
  Future,
  NoRuntimeError,
  oneshot,
  Pending,
  type Poll,
  sleep,
  yieldNow,
} from "../../src/index.ts";

// An executor in twenty lines: a queue of tasks, each its own context and so its own waker.
class Task extends Context {
  readonly future: Future<unknown>;
  queued = false;
  constructor(future: Future<unknown>) {
    super();
    this.future = future;
    this.wake();
  }
  override wake(): void {
    if (!this.queued) queue.push(this);
    this.queued = true;
  }
}
const queue: Task[] = [];

function runAll(...futures: Future<unknown>[]): void {
  for (const future of futures) new Task(future);
  for (let task = queue.shift(); task !== undefined; task = queue.shift()) {
    task.queued = false;
    task.future.poll(task);
  }
}

/** And one that runs a single future to its end, parking between the polls, as a thread would. */
function blockOn<T>(future: Future<T>, park: () => void): T {
  class Parked extends Context {
    woken = true;
    override wake(): void {
      this.woken = true;
    }
  }
  const thread = new Parked();
  for (;;) {
    while (!thread.woken) park();
    thread.woken = false;
    const poll = future.poll(thread);
    if (poll !== Pending) return poll;
  }
}

describe("example: an executor in twenty lines", () => {
  test("runs coroutines that wait for each other", () => {
    const log: string[] = [];
    const [tx, rx] = oneshot<string>();
    const sends = co(function* () {
      log.push("before");
      yield* yieldNow();
      tx.send("hello");
    });
    const receives = co(function* () {
      log.push("waiting");
      log.push(yield* rx);
    });
    runAll(receives(), sends());
    expect(log).toEqual(["waiting", "before", "hello"]);
  });

  test("blocks a thread until a future is ready", () => {
    const wakers: (() => void)[] = [];
    class Event extends Future<number> {
      polls = 0;
      override poll(cx: Context): Poll<number> {
        if (this.polls++ === 3) return this.polls;
        wakers.push(() => cx.waker.wake());
        return Pending;
      }
    }
    let parked = 0;
    const value = blockOn(
      co(function* () {
        return (yield* new Event()) + (yield* new Event());
      })(),
      () => {
        parked++;
        for (const wake of wakers.splice(0)) wake();
      },
    );
    expect([value, parked]).toEqual([8, 6]);
  });

  test("cancels what it gives up on", () => {
    const log: string[] = [];
    const work = co(function* () {
      try {
        yield* new (class extends Future<never> {
          override poll(): Pending {
            return Pending;
          }
        })();
      } finally {
        log.push("cleaned up");
      }
    })();
    const task = new Task(work);
    runAll();
    task.future.cancel(task);
    expect(log).toEqual(["cleaned up"]);
  });

  test("has no clock: a future that needs one says so", () => {
    expect(() => blockOn(sleep(1), () => {})).toThrow(NoRuntimeError);
  });
});
