import { describe, expect, test } from "vitest";
import { never } from "../../../src/combine/never.ts";
import { co } from "../../../src/core/coroutine.ts";
import { CancelledError, CleanupError, CleanupTimeoutError, ClosedError } from "../../../src/core/errors.ts";
import { furtherErrors } from "../../../src/core/further-errors.ts";
import type { Future, Suspend } from "../../../src/core/future.ts";
import { fromPromise } from "../../../src/interop/promise.ts";
import { host } from "../../../src/runtime/host/node.ts";
import { Runtime, type RuntimeOptions } from "../../../src/runtime/runtime.ts";
import type { JoinHandle } from "../../../src/task/join-handle.ts";
import { type Scope, scope } from "../../../src/task/scope.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { taskLocal } from "../../../src/task/task-local.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { raise } from "../../support/raise.ts";

/*
 * An Effection task that spawns is a `scope` here, and `task.halt()` is `abort()` followed by a join. Its children are
 * halted when it returns; a scope waits for them.
 */

const run = <T>(body: () => Generator<Suspend, T, unknown>, options: RuntimeOptions = {}): Promise<T> =>
  new Runtime({ clock: "paused", ...options }).run(co(body)());

/** What awaiting a future throws; `undefined` if it throws nothing. */
const errorOf = co(function* (future: Future<unknown>) {
  try {
    yield* future;
    return undefined;
  } catch (error) {
    return error;
  }
});

/** Aborts and joins; gives what the join throws. */
const halt = co(function* (task: JoinHandle<unknown>) {
  task.abort("halted");
  return yield* errorOf(task);
});

const isHalted = expect.objectContaining({ code: "POLLUX_CANCELLED", cause: "halted" });

const number = co(function* (n: number) {
  yield* sleep(1);
  return n;
});

const blowUp = co(function* (error: unknown, ms: number = 1) {
  yield* sleep(ms);
  throw error;
});

describe("run", () => {
  test("can run an operation: run gives what the coroutine returns", async () => {
    expect(
      await run(function* () {
        return "hello";
      }),
    ).toBe("hello");
  });

  test("can compose multiple promises via generator: promises are awaited through an adapter", async () => {
    const sum = run(function* () {
      return (yield* fromPromise(Promise.resolve(12))) + (yield* fromPromise(Promise.resolve(55)));
    });
    expect(await sum).toBe(67);
  });

  test("can compose operations: coroutines are awaited one after the other", async () => {
    expect(
      await run(function* () {
        return (yield* number(12)) + (yield* number(55));
      }),
    ).toBe(67);
  });

  test("rejects generator if subtask promise fails: an error that nobody catches is thrown by run", async () => {
    const error = new Error("boom");
    await expect(
      run(function* () {
        yield* number(12);
        yield* blowUp(error);
      }),
    ).rejects.toBe(error);
  });

  test("rejects generator if generator creation fails: so is one of the parameters", async () => {
    const throws = co(function* (_value: unknown = raise(new Error("boom"))) {});
    await expect(new Runtime().run(throws())).rejects.toThrow("boom");
  });

  test("can recover from errors in promise, in operation: a catch may wait itself, and the coroutine goes on", async () => {
    for (const failing of [
      () => fromPromise(Promise.reject(new Error("boom"))),
      () => blowUp(new Error("boom")),
    ]) {
      const sum = run(function* () {
        const one = yield* number(12);
        let two: number;
        try {
          yield* failing() as Future<never>;
          two = 9;
        } catch {
          two = yield* number(8);
        }
        return one + two + (yield* number(55));
      });
      expect(await sum).toBe(75);
    }
  });

  test("can halt generator: the finally runs, and the join says that it was aborted", () =>
    run(function* () {
      let halted = false;
      const task = spawn(
        co(function* () {
          try {
            yield* never();
          } finally {
            halted = true;
          }
        })(),
      );
      yield* sleep(1);
      expect(yield* halt(task)).toEqual(isHalted);
      expect(yield* errorOf(task)).toBeInstanceOf(CancelledError);
      expect(halted).toBe(true);
    }));

  test("halts task when halted generator: a helper generator's finally runs too", () =>
    run(function* () {
      const log: string[] = [];
      const task = spawn(
        co(function* () {
          try {
            yield* (function* () {
              try {
                yield* never();
              } finally {
                log.push("child");
              }
            })();
          } finally {
            log.push("parent");
          }
        })(),
      );
      yield* sleep(1);
      expect(yield* halt(task)).toEqual(isHalted);
      expect(log).toEqual(["child", "parent"]);
    }));

  test("can perform async operations in a finally block: the join waits for them", () =>
    run(function* () {
      let completed = false;
      const task = spawn(
        co(function* () {
          try {
            yield* never();
          } finally {
            yield* sleep(10);
            completed = true;
          }
        })(),
      );
      yield* sleep(1);
      yield* halt(task);
      expect(completed).toBe(true);
    }));

  test("cannot explicitly suspend in a finally block: what waits for ever is given up after the limit", async () => {
    const warnings: string[] = [];
    await run(
      function* () {
        const task = spawn(
          co(function* () {
            try {
              yield* never();
            } finally {
              yield* never();
            }
          })(),
        );
        yield* sleep(1);
        expect(yield* halt(task)).toBeInstanceOf(CleanupTimeoutError);
      },
      { cleanupLimit: 100, host: { ...host, warn: (text) => warnings.push(text) } },
    );
    expect(warnings).toHaveLength(1);
  });

  test("can suspend in yielded finally block: an outer finally waits for an inner one", () =>
    run(function* () {
      const log: string[] = [];
      const task = spawn(
        co(function* () {
          try {
            yield* (function* () {
              try {
                yield* never();
              } finally {
                yield* sleep(5);
                log.push("first");
              }
            })();
          } finally {
            log.push("second");
          }
        })(),
      );
      yield* sleep(1);
      expect(yield* halt(task)).toEqual(isHalted);
      expect(log).toEqual(["first", "second"]);
    }));

  test("can be halted while in the generator: a child's failure ends the block that waits", async () => {
    const error = new Error("boom");
    await expect(
      run(function* () {
        yield* scope(function* (s) {
          s.spawn(blowUp(error, 2));
          yield* never();
        });
      }),
    ).rejects.toBe(error);
  });

  test("can halt itself: a task that aborts itself ends where it waits next", () =>
    run(function* () {
      const log: string[] = [];
      const task: JoinHandle<void> = spawn(
        co(function* () {
          yield* sleep(3);
          task.abort("halted");
          log.push("still runs");
          yield* sleep(1);
          log.push("unreachable");
        })(),
      );
      expect(yield* errorOf(task)).toEqual(isHalted);
      expect(log).toEqual(["still runs"]);
    }));

  test("can halt itself between yield points: a child may abort the task that owns it, and is ended with it", () =>
    run(function* () {
      const log: string[] = [];
      const task: JoinHandle<void> = spawn(
        scope(function* (s) {
          yield* sleep(1);
          s.spawn(
            co(function* () {
              task.abort("halted");
              try {
                yield* never();
              } finally {
                log.push("child");
              }
            })(),
          );
          yield* never();
        }),
      );
      expect(yield* errorOf(task)).toEqual(isHalted);
      expect(log).toEqual(["child"]);
    }));

  test("can delay halt if child fails: the failure waits for the block's asynchronous cleanup", async () => {
    let ran = false;
    const error = new Error("boom");
    await expect(
      run(function* () {
        yield* scope(function* (s) {
          s.spawn(blowUp(error, 5));
          try {
            yield* never();
          } finally {
            yield* sleep(20);
            ran = true;
          }
        });
      }),
    ).rejects.toBe(error);
    expect(ran).toBe(true);
  });

  test("can throw error when child blows up: a failure of the cleanup is found beside the child's", async () => {
    const [boom, bang] = [new Error("boom"), new Error("bang")];
    await expect(
      run(function* () {
        yield* scope(function* (s) {
          s.spawn(blowUp(boom, 5));
          try {
            yield* never();
          } finally {
            raise(bang);
          }
        });
      }),
    ).rejects.toBe(boom);
    expect(furtherErrors(boom)).toEqual([expect.objectContaining({ errors: [bang] })]);
  });

  test("propagates errors, propagates errors from promises: run throws what is thrown", async () => {
    const error = new Error("boom");
    await expect(
      run(function* () {
        raise(error);
      }),
    ).rejects.toBe(error);
    await expect(
      run(function* () {
        yield* fromPromise(Promise.reject(error));
      }),
    ).rejects.toBe(error);
  });

  test("successfully halts when task fails but shutdown succeeds: aborting a task that has failed does nothing", () =>
    run(function* () {
      const error = new Error("boom!");
      const task = spawn(blowUp(error));
      expect(yield* errorOf(task)).toBe(error);
      expect(yield* halt(task)).toBe(error);
    }));
});

describe("spawn", () => {
  /** A child that waits for ever, and throws `error` in its cleanup, if there is one. */
  const waits = co(function* (error?: unknown) {
    try {
      yield* never();
    } finally {
      if (error !== undefined) raise(error);
    }
  });

  test("can spawn a new child task: and join it", async () => {
    expect(
      await new Runtime({ clock: "paused" }).run(
        scope(function* (s) {
          const child = s.spawn(
            co(function* () {
              return (yield* number(12)) + (yield* number(55));
            })(),
          );
          return yield* child;
        }),
      ),
    ).toBe(67);
  });

  test("halts child when halted, halts children on explicit halt: aborting the owner ends the children", () =>
    run(function* () {
      let child: JoinHandle<void> | undefined;
      const root = spawn(
        scope(function* (s) {
          child = s.spawn(waits());
          yield* never();
        }),
      );
      yield* sleep(1);
      expect(yield* halt(root)).toEqual(isHalted);
      expect(child?.isFinished).toBe(true);
      expect(yield* errorOf(child as JoinHandle<void>)).toEqual(isHalted);
    }));

  test("halts child when errored: a failing block ends the children", () =>
    run(function* () {
      let child: JoinHandle<void> | undefined;
      const error = new Error("boom");
      const root = scope(function* (s) {
        child = s.spawn(waits());
        yield* sleep(1);
        raise(error);
      });
      expect(yield* errorOf(root)).toBe(error);
      expect(yield* errorOf(child as JoinHandle<void>)).toMatchObject({
        code: "POLLUX_CANCELLED",
        cause: error,
      });
    }));

  test("rejects parent when child errors: a child's failure is the scope's, and the child's join has it too", () =>
    run(function* () {
      let child: JoinHandle<void> | undefined;
      const error = new Error("moo");
      const root = scope(function* (s) {
        child = s.spawn(blowUp(error));
        yield* never();
      });
      expect(yield* errorOf(root)).toBe(error);
      expect(yield* errorOf(child as JoinHandle<void>)).toBe(error);
    }));

  test("finishes normally when child halts: aborting a child is no failure", () =>
    run(function* () {
      const root = scope(function* (s) {
        const child = s.spawn(waits());
        yield* sleep(1);
        expect(yield* halt(child)).toEqual(isHalted);
        return "foo";
      });
      expect(yield* root).toBe("foo");
    }));

  test("rejects when child errors during completing: a child whose cleanup fails when the block has aborted it fails the scope", () =>
    run(function* () {
      const error = new Error("moo");
      const root = scope(function* (s) {
        s.spawn(waits(error));
        yield* sleep(1);
        s.abortAll("done");
        return "foo";
      });
      expect(yield* errorOf(root)).toMatchObject({ cause: "done", errors: [error] });
    }));

  test("rejects when child errors during halting: the failure surfaces where the abort is joined, each time", () =>
    run(function* () {
      const error = new Error("moo");
      const root = spawn(
        scope(function* (s) {
          s.spawn(waits(error));
          yield* never();
        }),
      );
      yield* sleep(1);
      for (let i = 0; i < 2; i++) {
        const thrown = yield* halt(root);
        expect(thrown).toBeInstanceOf(CleanupError);
        expect(thrown).toMatchObject({ cause: "halted", errors: [error] });
      }
    }));

  test("halts when child finishes during asynchronous halt: the block's cleanup goes on to its end", () =>
    run(function* () {
      let finished = false;
      const root = spawn(
        scope(function* (s) {
          s.spawn(sleep(5));
          try {
            yield* never();
          } finally {
            yield* sleep(20);
            finished = true;
          }
        }),
      );
      yield* sleep(1);
      yield* halt(root);
      expect(finished).toBe(true);
    }));

  test("can catch an error spawned inside of an action: around the scope", () =>
    run(function* () {
      const error = new Error("boom!");
      let caught: unknown;
      try {
        yield* scope(function* (s) {
          s.spawn(blowUp(error));
          yield* sleep(5000);
        });
      } catch (e) {
        caught = e;
      }
      expect(caught).toBe(error);
    }));
});

describe("scope", () => {
  test("can be used to run actions: each task gives its own value", async () => {
    const runtime = new Runtime();
    const tasks = [1, 2].map((n) =>
      runtime.spawn(
        co(function* () {
          return n;
        })(),
      ),
    );
    expect(await Promise.all(tasks)).toEqual([1, 2]);
  });

  test("succeeds on close if the frame has errored: a shutdown after a failure is over at once", async () => {
    const error = new Error("boom!");
    const runtime = new Runtime();
    await expect(
      runtime.spawn(
        co(function* () {
          raise(error);
        })(),
      ),
    ).rejects.toBe(error);
    await runtime.shutdown();
  });

  test("errors on close if there is an problem in teardown: the failure is reported", async () => {
    const error = new Error("boom!");
    const reported: unknown[] = [];
    const runtime = new Runtime({ onUnhandledError: (e) => reported.push(e) });
    void runtime.spawn(
      co(function* () {
        try {
          yield* never();
        } finally {
          raise(error);
        }
      })(),
    );
    await new Promise((resolve) => setTimeout(resolve));
    await runtime.shutdown("closed");
    await new Promise((resolve) => setImmediate(resolve));
    expect(reported).toEqual([expect.objectContaining({ cause: "closed", errors: [error] })]);
  });

  const uses = co(function* (status: string[]) {
    try {
      status.push("open");
      yield* never();
    } finally {
      status.push("closed");
    }
  });

  test("still closes open resources whenever something errors: a failing child does not spare the others' cleanup", () =>
    run(function* () {
      const status: string[] = [];
      const error = new Error("boom!");
      const root = scope(function* (s) {
        s.spawn(uses(status));
        s.spawn(blowUp(error));
      });
      expect(yield* errorOf(root)).toBe(error);
      expect(status).toEqual(["open", "closed"]);
    }));

  test("let's you capture scope from an operation: a scope may be handed on, and ends what was spawned there", () =>
    run(function* () {
      const status: string[] = [];
      const spawns = (s: Scope): void => void s.spawn(uses(status));
      yield* scope(function* (s) {
        spawns(s);
        yield* sleep(1);
        expect(status).toEqual(["open"]);
        s.abortAll();
      });
      expect(status).toEqual(["open", "closed"]);
    }));

  test("has a separate context for each operation it runs: a task-local set in a child is not seen outside", () =>
    run(function* () {
      const local = taskLocal(0);
      const increment = co(function* () {
        return yield* local.scope(
          local.get() + 1,
          co(function* () {
            yield* sleep(1);
            return local.get();
          })(),
        );
      });
      yield* local.scope(
        1,
        scope(function* (s) {
          const values: number[] = [];
          for (const handle of [1, 2, 3].map(() => s.spawn(increment()))) values.push(yield* handle);
          expect(values).toEqual([2, 2, 2]);
          expect(local.get()).toBe(1);
        }),
      );
    }));

  test("propagates uncaught errors within a scope: to whoever awaits it", () =>
    run(function* () {
      const error = new Error("boom");
      expect(
        yield* errorOf(
          scope(function* (s) {
            s.spawn(blowUp(error));
            yield* never();
          }),
        ),
      ).toBe(error);
    }));

  test("throws an error if you try to run() with a dead scope: ClosedError", () =>
    run(function* () {
      let dead: Scope | undefined;
      yield* scope(function* (s) {
        dead = s;
      });
      expect(() => dead?.spawn(sleep(1))).toThrow(ClosedError);
    }));
});

describe("ensure, resource", () => {
  test("ensure runs the given operation at the end of the task, runs the given function: what a finally waits for, run waits for", () =>
    run(function* () {
      const log: string[] = [];
      const task = spawn(
        co(function* () {
          try {
            yield* sleep(10);
          } finally {
            log.push("started");
            yield* sleep(10);
            log.push("completed");
          }
        })(),
      );
      yield* sleep(5);
      expect(log).toEqual([]);
      yield* sleep(10);
      expect(log).toEqual(["started"]);
      yield* task;
      expect(log).toEqual(["started", "completed"]);
    }));

  test("raises an error if an error occurs after init: a failure in the background cannot be caught by the block it ends", async () => {
    const error = new Error("moo");
    let caught = false;
    await expect(
      run(function* () {
        yield* scope(function* (s) {
          s.spawn(blowUp(error, 5));
          try {
            yield* sleep(10);
          } catch {
            caught = true;
          }
        });
      }),
    ).rejects.toBe(error);
    expect(caught).toBe(false);
  });
});
