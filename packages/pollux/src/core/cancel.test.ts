import { describe, expect, test } from "vitest";
import { pending, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { host } from "../runtime/host/node.ts";
import { Runtime } from "../runtime/runtime.ts";
import { currentExecutor, spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { timeout } from "../time/timeout.ts";
import { Cleanup } from "./cleanup.ts";
import type { Context } from "./context.ts";
import { co } from "./coroutine.ts";
import {
  CancelledError,
  CleanupError,
  CleanupTimeoutError,
  FutureInUseError,
  PollAfterCompletionError,
} from "./errors.ts";
import { Future, type Suspend } from "./future.ts";
import { Pending, type Poll } from "./poll.ts";

/** A leaf whose cancel takes as many polls as it is told, and logs. */
class Slow extends Future<never> {
  readonly #log: string[];
  #left: number;
  readonly #error: unknown;
  waker: { wake(): void } | undefined;

  constructor(log: string[], left: number, error?: unknown) {
    super();
    this.#log = log;
    this.#left = left;
    this.#error = error;
  }

  override poll(): Poll<never> {
    return Pending;
  }

  override cancel(cx: Context): Poll<void> {
    this.waker = cx.waker;
    this.#log.push(`leaf ${this.#left}`);
    if (this.#left-- > 0) return Pending;
    if (this.#error !== undefined) throw this.#error;
    return undefined;
  }
}

/** Cancels a future by hand to its end, or for `most` polls. */
function cancel(future: Future<unknown>, reason?: unknown, most = 10): Poll<void> {
  const cx = new TestContext();
  const cleanup = new Cleanup(future, reason, "the future under test");
  for (let i = 0; i < most; i++) if (cleanup.poll(cx) !== Pending) return undefined;
  return Pending;
}

const logged = co(function* (log: string[], name: string, inner: Future<unknown>) {
  try {
    yield* inner;
    log.push(`${name} went on`);
  } catch {
    log.push(`${name} caught`);
  } finally {
    log.push(`${name} finally`);
  }
});

describe("cancel: order", () => {
  test("the leaf to the end first, then each finally, innermost first; no catch sees it", () => {
    const log: string[] = [];
    const root = logged(log, "outer", logged(log, "middle", logged(log, "inner", new Slow(log, 2))));
    pending(root);
    expect(cancel(root)).toBe(undefined);
    expect(log).toEqual(["leaf 2", "leaf 1", "leaf 0", "inner finally", "middle finally", "outer finally"]);
  });

  test("a finally is entered once, also when it suspends; what comes after it does not run", () => {
    const log: string[] = [];
    const [a, b] = [new Gate(), new Gate()];
    const root = co(function* () {
      try {
        yield* new Gate();
      } finally {
        log.push("enter");
        yield* a;
        log.push("a");
        yield* b;
        log.push("b");
      }
      log.push("after");
    })();
    const cx = pending(root);
    expect(root.cancel(cx)).toBe(Pending);
    a.open();
    expect(cx.takeWakes()).toBe(1);
    expect(root.cancel(cx)).toBe(Pending);
    b.open();
    expect(cx.takeWakes()).toBe(1);
    expect(root.cancel(cx)).toBe(undefined);
    expect(log).toEqual(["enter", "a", "b"]);
    expect(() => root.poll(cx)).toThrow(PollAfterCompletionError);
    expect(root.cancel(cx)).toBe(undefined);
  });

  test("an outer finally waits for the inner one's asynchronous cleanup", () => {
    const log: string[] = [];
    const gate = new Gate();
    const inner = co(function* () {
      try {
        yield* new Gate();
      } finally {
        log.push("inner enters");
        yield* gate;
        log.push("inner leaves");
      }
    });
    const root = logged(log, "outer", inner());
    const cx = pending(root);
    expect(root.cancel(cx)).toBe(Pending);
    expect(log).toEqual(["inner enters"]);
    gate.open();
    expect(root.cancel(cx)).toBe(undefined);
    expect(log).toEqual(["inner enters", "inner leaves", "outer finally"]);
  });

  test("try blocks within one coroutine are left from within", () => {
    const log: string[] = [];
    const root = co(function* () {
      try {
        try {
          yield* new Gate();
        } finally {
          log.push("inner");
          yield* yieldNow();
        }
      } finally {
        log.push("outer");
        yield* yieldNow();
      }
    })();
    pending(root);
    cancel(root);
    expect(log).toEqual(["inner", "outer"]);
  });

  test("bare generator helpers are left like blocks of the coroutine", () => {
    const log: string[] = [];
    const bottom = co(function* () {
      try {
        yield* new Gate();
      } finally {
        log.push("bottom");
      }
    });
    function* helper(): Generator<Suspend, void> {
      try {
        yield* bottom();
      } finally {
        log.push("helper");
      }
    }
    const root = co(function* () {
      try {
        yield* helper();
      } finally {
        log.push("root");
      }
    })();
    pending(root);
    cancel(root);
    expect(log).toEqual(["bottom", "helper", "root"]);
  });

  test("before the first poll there is nothing to release, and no code runs", () => {
    const log: string[] = [];
    const root = logged(log, "never", new Gate());
    expect(cancel(root)).toBe(undefined);
    expect(log).toEqual([]);
    expect(() => root.poll(new TestContext())).toThrow(PollAfterCompletionError);
  });

  test("the leaf is told the reason, and so is a finally's code", () => {
    const gate = new Gate();
    const root = logged([], "outer", logged([], "inner", gate));
    pending(root);
    cancel(root, "why");
    expect(gate.reason).toBe("why");
  });

  test("after the first cancel only cancel may be called", () => {
    const root = co(function* () {
      try {
        yield* new Gate();
      } finally {
        yield* new Gate();
      }
    })();
    const cx = pending(root);
    expect(root.cancel(cx)).toBe(Pending);
    expect(() => root.poll(cx)).toThrow(FutureInUseError);
    expect(() => root.poll(cx)).toThrow(/is being cancelled/);
  });

  test("a coroutine that cancels itself is told so", () => {
    const cx = new TestContext();
    const root: Future<void> = co(function* () {
      root.cancel(cx);
      yield* yieldNow();
    })();
    expect(() => root.poll(cx)).toThrow(FutureInUseError);
  });

  test("a finally that returns a value does not bring the coroutine back", () => {
    const root = co(function* (): Generator<Suspend, number> {
      try {
        yield* new Gate();
        return 1;
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: the case under test
        return 2;
      }
    })();
    pending(root);
    expect(cancel(root)).toBe(undefined);
  });
});

describe("cancel: coroutines called in a finally", () => {
  const sub = co(function* (log: string[], name: string, gate: Future<unknown>) {
    try {
      log.push(`${name} begins`);
      yield* gate;
      log.push(`${name} ends`);
      return name;
    } finally {
      log.push(`${name} finally`);
    }
  });

  test("suspend, resume and return to the finally, nested too", () => {
    const log: string[] = [];
    const [a, b] = [new Gate(), new Gate()];
    const nested = co(function* () {
      log.push(yield* sub(log, "a", a));
      log.push(yield* sub(log, "b", b));
      return "nested";
    });
    const root = logged(
      log,
      "outer",
      co(function* () {
        try {
          yield* new Gate();
        } finally {
          log.push(yield* nested());
          yield* yieldNow();
        }
      })(),
    );
    const cx = pending(root);
    expect(root.cancel(cx)).toBe(Pending);
    a.open();
    expect(root.cancel(cx)).toBe(Pending);
    b.open();
    expect(root.cancel(cx)).toBe(Pending);
    expect(root.cancel(cx)).toBe(undefined);
    expect(log).toEqual([
      "a begins",
      "a ends",
      "a finally",
      "a",
      "b begins",
      "b ends",
      "b finally",
      "b",
      "nested",
      "outer finally",
    ]);
  });

  test("throw into the finally, which may catch and go on", () => {
    const log: string[] = [];
    for (const suspends of [false, true]) {
      const failing = co(function* () {
        if (suspends) yield* yieldNow();
        throw new Error("sub");
      });
      const root = co(function* () {
        try {
          yield* new Gate();
        } finally {
          try {
            yield* failing();
          } catch (error) {
            log.push((error as Error).message);
          }
          yield* yieldNow();
          log.push("went on");
        }
      })();
      pending(root);
      expect(cancel(root)).toBe(undefined);
    }
    expect(log).toEqual(["sub", "went on", "sub", "went on"]);
  });

  test("that throw past the finally: the outer ones still run, and the error surfaces", () => {
    const log: string[] = [];
    const error = new Error("sub");
    const failing = co(function* () {
      yield* yieldNow();
      throw error;
    });
    const inner = co(function* () {
      try {
        yield* new Gate();
      } finally {
        yield* failing();
      }
    });
    const root = logged(log, "outer", inner());
    pending(root);
    let thrown: unknown;
    try {
      cancel(root, "why");
    } catch (e) {
      thrown = e;
    }
    expect(thrown).toBeInstanceOf(CleanupError);
    expect(thrown).toMatchObject({ cause: "why", errors: [error] });
    expect(log).toEqual(["outer finally"]);
  });
});

describe("cancel: failures", () => {
  test("a throw in a finally ends neither the other finally blocks nor the cancel", () => {
    const log: string[] = [];
    const [a, b, leaf] = [new Error("a"), new Error("b"), new Error("leaf")];
    const failing = co(function* (name: string, error: Error, inner: Future<unknown>, suspends: boolean) {
      try {
        yield* inner;
      } finally {
        if (suspends) yield* yieldNow();
        log.push(name);
        raise(error);
      }
    });
    const root = logged(log, "outer", failing("a", a, failing("b", b, new Slow(log, 1, leaf), true), false));
    pending(root);
    let thrown: CleanupError | undefined;
    try {
      cancel(root, "why");
    } catch (error) {
      thrown = error as CleanupError;
    }
    expect(log).toEqual(["leaf 1", "leaf 0", "b", "a", "outer finally"]);
    expect(thrown?.errors).toEqual([leaf, b, a]);
    expect(thrown?.cause).toBe("why");
    expect(thrown?.message).toMatch(/3 errors/);
  });

  test("those of a nested cancel with the same reason come in one list", () => {
    const error = new Error("deep");
    class Owner extends Future<never> {
      readonly inner = co(function* () {
        try {
          yield* new Gate();
        } finally {
          raise(error);
        }
      })();
      override poll(cx: Context): Poll<never> {
        this.inner.poll(cx);
        return Pending;
      }
      override cancel(cx: Context): Poll<void> {
        return this.inner.cancel(cx);
      }
    }
    const root = logged([], "outer", new Owner());
    pending(root);
    expect(() => cancel(root, "why")).toThrow(expect.objectContaining({ cause: "why", errors: [error] }));
  });

  test("a bad yield in a finally is thrown there", () => {
    const root = (co as unknown as (fn: unknown) => () => Future<void>)(function* () {
      try {
        yield* new Gate();
      } finally {
        yield 5;
      }
    })();
    pending(root);
    expect(() => cancel(root)).toThrow(/yielded 5/);
  });
});

describe("cancel: of tasks, with a limit", () => {
  const within = async (
    body: () => Generator<Suspend, void>,
    options: { cleanupLimit?: number } = {},
  ): Promise<{ warnings: string[]; unhandled: unknown[] }> => {
    const warnings: string[] = [];
    const unhandled: unknown[] = [];
    const runtime = new Runtime({
      clock: "paused",
      ...options,
      host: { ...host, warn: (text) => warnings.push(text) },
      onUnhandledError: (error) => unhandled.push(error),
    });
    await runtime.run(co(body)());
    await new Promise((resolve) => setImmediate(resolve));
    expect(runtime.metrics().alive).toBe(0);
    return { warnings, unhandled };
  };

  test("joiners see CancelledError with the reason as its cause, after the cleanup", () =>
    within(function* () {
      const log: string[] = [];
      const task = spawn(
        co(function* () {
          try {
            yield* new Gate();
          } finally {
            yield* sleep(10);
            log.push("cleaned up");
          }
        })(),
        { name: "worker" },
      );
      yield* yieldNow();
      task.abort("why");
      try {
        yield* task;
      } catch (error) {
        expect(error).toBeInstanceOf(CancelledError);
        expect(error).toMatchObject({ cause: "why", message: expect.stringContaining("(worker)") });
        log.push("joined");
      }
      expect(log).toEqual(["cleaned up", "joined"]);
    }).then(() => {}));

  test("a cancel from outside does not interrupt cleanup: neither a second abort nor a wake", () =>
    within(function* () {
      const log: string[] = [];
      const gate = new Gate();
      const task = spawn(
        co(function* () {
          try {
            yield* new Gate();
          } finally {
            yield* gate;
            log.push("cleaned up");
          }
        })(),
      );
      yield* yieldNow();
      task.abort("first");
      yield* sleep(1);
      task.abort("second");
      yield* sleep(1);
      gate.wake();
      yield* sleep(1);
      expect(log).toEqual([]);
      gate.open();
      try {
        yield* task;
      } catch (error) {
        expect((error as Error).cause).toBe("first");
      }
      expect(log).toEqual(["cleaned up"]);
    }).then(() => {}));

  test("combinators inside cleanup cancel as usual: a timeout in a finally works", async () => {
    const log: string[] = [];
    const { warnings } = await within(function* () {
      const task = spawn(
        co(function* () {
          try {
            yield* new Gate();
          } finally {
            try {
              yield* timeout(50, logged(log, "stuck", new Gate()));
            } catch (error) {
              log.push((error as { code: string }).code);
            }
            log.push("cleaned up");
          }
        })(),
      ).observed();
      yield* yieldNow();
      task.abort();
      yield* sleep(100);
      expect(task.isFinished).toBe(true);
    });
    expect(log).toEqual(["stuck finally", "POLLUX_TIMEOUT", "cleaned up"]);
    expect(warnings).toEqual([]);
  });

  test("past the limit it is abandoned, reported, and the join fails with CleanupTimeoutError", async () => {
    const stuck = new Gate();
    let wentOn = false;
    const { warnings, unhandled } = await within(
      function* () {
        const { timers } = currentExecutor("test");
        const task = spawn(
          co(function* () {
            try {
              yield* new Gate();
            } finally {
              yield* stuck;
              wentOn = true;
            }
          })(),
          { name: "stuck" },
        );
        yield* yieldNow();
        task.abort("why");
        const before = timers.now();
        try {
          yield* task;
          raise("unreachable");
        } catch (error) {
          expect(error).toBeInstanceOf(CleanupTimeoutError);
        }
        expect(timers.now() - before).toBe(100);
        const { polls } = stuck;
        stuck.open();
        yield* sleep(10);
        expect(stuck.polls).toBe(polls);
      },
      { cleanupLimit: 100 },
    );
    expect(wentOn).toBe(false);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/cleanup of task 2 \(stuck\) did not end within 100 ms/);
    expect(unhandled).toEqual([]);
  });

  test("the limit counts from the cancel on, whatever the cleanup does meanwhile, and leaves no timer", async () => {
    await within(
      function* () {
        const executor = currentExecutor("test");
        const cleaning = co(function* (ms: number) {
          try {
            yield* new Gate();
          } finally {
            for (let i = 0; i < 10; i++) yield* sleep(ms / 10);
          }
        });
        const [quick, slow] = [spawn(cleaning(90)), spawn(cleaning(110))];
        yield* yieldNow();
        quick.abort();
        slow.abort();
        const outcomes: string[] = [];
        for (const task of [quick, slow]) {
          try {
            yield* task;
          } catch (error) {
            outcomes.push((error as Error).name);
          }
        }
        expect(outcomes).toEqual(["CancelledError", "CleanupTimeoutError"]);
        expect(executor.isIdle).toBe(false);
      },
      { cleanupLimit: 100 },
    );
  });

  test("a limit of 0 abandons what does not end at once; Infinity never does", async () => {
    const once = await within(
      function* () {
        const task = spawn(
          co(function* () {
            try {
              yield* new Gate();
            } finally {
              yield* sleep(1);
            }
          })(),
        );
        yield* yieldNow();
        task.abort();
        try {
          yield* task;
        } catch (error) {
          expect(error).toBeInstanceOf(CleanupTimeoutError);
        }
      },
      { cleanupLimit: 0 },
    );
    expect(once.warnings).toHaveLength(1);
    const never = await within(
      function* () {
        const task = spawn(
          co(function* () {
            try {
              yield* new Gate();
            } finally {
              yield* sleep(10_000_000);
            }
          })(),
        );
        yield* yieldNow();
        task.abort();
        try {
          yield* task;
        } catch (error) {
          expect(error).toBeInstanceOf(CancelledError);
        }
      },
      { cleanupLimit: Number.POSITIVE_INFINITY },
    );
    expect(never.warnings).toEqual([]);
  });

  test("a failed cleanup is the task's failure, and reported if nobody looks", async () => {
    const error = new Error("cleanup");
    const { unhandled } = await within(function* () {
      const task = spawn(
        co(function* () {
          try {
            yield* new Gate();
          } finally {
            raise(error);
          }
        })(),
      );
      yield* yieldNow();
      task.abort("why");
    });
    expect(unhandled).toEqual([
      expect.objectContaining({ code: "POLLUX_CLEANUP_FAILED", cause: "why", errors: [error] }),
    ]);
  });
});

describe("Cleanup", () => {
  test("leaves the reason of an outer cancel as it was", () => {
    const seen: unknown[] = [];
    class Sees extends Future<never> {
      readonly inner: Future<never> | null;
      constructor(inner: Future<never> | null) {
        super();
        this.inner = inner;
      }
      override poll(): Poll<never> {
        return Pending;
      }
      override cancel(cx: Context): Poll<void> {
        if (this.inner !== null) new Cleanup(this.inner, "inner", "x").poll(cx);
        seen.push(cx.cancelReason);
        return undefined;
      }
    }
    const cx = new TestContext();
    new Cleanup(new Sees(new Sees(null)), "outer", "x").poll(cx);
    expect(seen).toEqual(["inner", "outer"]);
    expect(cx.cancelReason).toBe(undefined);
  });

  test("of what is ready at once touches no clock: it works without a runtime", () => {
    const log: string[] = [];
    expect(new Cleanup(new Slow(log, 0), undefined, "x").poll(new TestContext())).toBe(undefined);
    expect(log).toEqual(["leaf 0"]);
  });
});
