import { describe, expect, expectTypeOf, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { Gate } from "../../test/support/gate.ts";
import { raise } from "../../test/support/raise.ts";
import { co } from "../core/coroutine.ts";
import {
  CancelledError,
  CleanupError,
  CleanupTimeoutError,
  ClosedError,
  FutureInUseError,
  NoRuntimeError,
  PollAfterCompletionError,
} from "../core/errors.ts";
import { furtherErrors } from "../core/further-errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import type { JoinHandle } from "./join-handle.ts";
import { type Scope, scope } from "./scope.ts";
import { currentExecutor, spawn } from "./spawn.ts";
import { yieldNow } from "./yield-now.ts";

const paused = <T>(main: Future<T>): Promise<T> => run(main, { clock: "paused" });

const failing = co(function* (error: unknown, ms: number = 0) {
  yield* sleep(ms);
  throw error;
});

/** Waits for ever; logs what its `finally` does, which takes `cleanupMs` and then throws `error` if there is one. */
const holding = co(function* (log: string[], name: string, cleanupMs: number = 0, error?: unknown) {
  try {
    yield* new Gate();
  } finally {
    log.push(`${name} leaves`);
    yield* sleep(cleanupMs);
    log.push(`${name} left`);
    if (error !== undefined) raise(error);
  }
});

describe("scope: ends well", () => {
  test("gives the block's value", async () => {
    expect(
      await run(
        scope(function* () {
          return 7;
        }),
      ),
    ).toBe(7);
  });

  test("takes a function that returns a future", async () => {
    const block = co(function* (s: Scope) {
      return yield* s.spawn(yieldNow());
    });
    expect(await run(scope(block))).toBe(undefined);
    expect(await run(scope(() => sleep(0)))).toBe(undefined);
  });

  test("children finish before the block does", async () => {
    const log: string[] = [];
    const child = co(function* (ms: number) {
      yield* sleep(ms);
      log.push(`child ${ms}`);
    });
    await paused(
      co(function* () {
        const value = yield* scope(function* (s) {
          s.spawn(child(20));
          s.spawn(child(10));
          log.push("block");
          return "value";
        });
        log.push(value);
      })(),
    );
    expect(log).toEqual(["block", "child 10", "child 20", "value"]);
  });

  test("children may spawn further ones after the block has returned", async () => {
    const log: string[] = [];
    const child: (s: Scope, depth: number) => Future<void> = co(function* (s: Scope, depth: number) {
      yield* sleep(1);
      log.push(`child ${depth}`);
      if (depth > 0) s.spawn(child(s, depth - 1));
    });
    await paused(
      scope(function* (s) {
        s.spawn(child(s, 3));
      }),
    );
    expect(log).toEqual(["child 3", "child 2", "child 1", "child 0"]);
  });

  test("nothing happens before the first poll", () => {
    let called = false;
    scope(() => {
      called = true;
      return sleep(1);
    });
    expect(called).toBe(false);
  });

  test("a handle gives the child's value", async () => {
    const child = co(function* (n: number) {
      yield* sleep(n);
      return n;
    });
    const sum = scope(function* (s) {
      const a = s.spawn(child(1));
      const b = s.spawn(child(2));
      return (yield* a) + (yield* b);
    });
    expect(await paused(sum)).toBe(3);
  });

  test("types: the value is inferred, from a generator and from a future", () => {
    expectTypeOf(
      scope(function* () {
        return 1;
      }),
    ).toEqualTypeOf<Future<number>>();
    expectTypeOf(
      scope(function* (s) {
        expectTypeOf(s).toEqualTypeOf<Scope>();
        const text = yield* s.spawn(
          co(function* () {
            return "a";
          })(),
        );
        expectTypeOf(text).toEqualTypeOf<string>();
        yield* sleep(1);
        return text.length;
      }),
    ).toEqualTypeOf<Future<number>>();
    expectTypeOf(scope(() => sleep(1))).toEqualTypeOf<Future<void>>();
  });

  test("the block runs in the context of the task: spawn and await find the runtime", async () => {
    const runtime = new Runtime({ clock: "paused" });
    let found: unknown;
    await runtime.run(
      scope(() => {
        found = currentExecutor("test");
        return sleep(1);
      }),
    );
    expect(found).toBe(runtime.handle);
  });

  test("the block is polled for its own wakes, not for each child's end", async () => {
    const gate = new Gate();
    await run(
      scope(function* (s) {
        for (let i = 0; i < 10; i++) s.spawn(yieldNow());
        s.spawn(
          co(function* () {
            for (let i = 0; i < 5; i++) yield* yieldNow();
            gate.open();
          })(),
        );
        yield* gate;
      }),
    );
    expect(gate.polls).toBe(2);
  });

  test('name: the option, or the block\'s own, or "scope"', async () => {
    const names: string[] = [];
    const see = (s: Scope): Future<void> => {
      names.push(s.name);
      return sleep(0);
    };
    await run(scope(see, { name: "given" }));
    await run(scope(see));
    await run(scope((s) => see(s)));
    expect(names).toEqual(["given", "see", "scope"]);
  });

  test("len counts the children that have not ended", async () => {
    await paused(
      scope(function* (s) {
        expect(s.len).toBe(0);
        s.spawn(sleep(1));
        s.spawn(sleep(3));
        expect(s.len).toBe(2);
        yield* sleep(2);
        expect(s.len).toBe(1);
      }),
    );
  });

  test("scopes nest: the inner one's children end before the outer block goes on", async () => {
    const log: string[] = [];
    await paused(
      scope(function* (outer) {
        outer.spawn(
          co(function* () {
            yield* sleep(30);
            log.push("outer child");
          })(),
        );
        yield* scope(function* (inner) {
          inner.spawn(
            co(function* () {
              yield* sleep(10);
              log.push("inner child");
            })(),
          );
        });
        log.push("inner ended");
      }),
    );
    expect(log).toEqual(["inner child", "inner ended", "outer child"]);
  });

  test("the runtime counts no task alive after it", async () => {
    const runtime = new Runtime({ clock: "paused" });
    await runtime.run(
      scope(function* (s) {
        for (let i = 0; i < 100; i++) s.spawn(sleep(i));
      }),
    );
    expect(runtime.metrics()).toMatchObject({ spawned: 101, alive: 0 });
    expect(runtime.handle.liveTasks()).toEqual([]);
  });
});

describe("scope: a failure", () => {
  test("of the block cancels the children, waits for their cleanup, and is thrown as it is", async () => {
    const log: string[] = [];
    const error = new Error("block");
    const failed = scope(function* (s) {
      s.spawn(holding(log, "child", 50));
      yield* sleep(10);
      throw error;
    });
    await expect(paused(failed)).rejects.toBe(error);
    expect(log).toEqual(["child leaves", "child left"]);
    expect(furtherErrors(error)).toEqual([]);
  });

  test("of a child cancels the block and the others, waits for their cleanup, and is thrown as it is", async () => {
    const log: string[] = [];
    const error = new Error("child");
    const failed = scope(function* (s) {
      s.spawn(failing(error, 10));
      s.spawn(holding(log, "other", 20));
      yield* holding(log, "block", 30);
    });
    await expect(paused(failed)).rejects.toBe(error);
    expect(log).toEqual(["block leaves", "other leaves", "other left", "block left"]);
  });

  test("of a child after the block has returned: the value is given up and disposed of", async () => {
    const error = new Error("child");
    let disposed = 0;
    const failed = scope(function* (s) {
      s.spawn(failing(error, 10));
      return {
        [Symbol.dispose]: () => {
          disposed++;
        },
      };
    });
    await expect(paused(failed)).rejects.toBe(error);
    expect(disposed).toBe(1);
  });

  test("waits for a value that is disposed of asynchronously, and finds what that throws", async () => {
    const [error, late] = [new Error("child"), new Error("dispose")];
    const log: string[] = [];
    const disposing = (name: string, thrown?: unknown) => ({
      [Symbol.asyncDispose]: () =>
        co(function* () {
          yield* sleep(20);
          log.push(name);
          if (thrown !== undefined) throw thrown;
        })() as unknown as Promise<void>,
    });
    const failed = (value: object) =>
      scope(function* (s) {
        s.spawn(failing(error, 10));
        return value;
      });
    await expect(paused(failed(disposing("a")))).rejects.toBe(error);
    expect(furtherErrors(error)).toEqual([]);
    await expect(paused(failed(disposing("b", late)))).rejects.toBe(error);
    expect(furtherErrors(error)).toEqual([late]);
    expect(log).toEqual(["a", "b"]);
  });

  test("of the function itself", async () => {
    const error = new Error("function");
    const failed = scope((s): Future<void> => {
      s.spawn(sleep(1));
      throw error;
    });
    await expect(paused(failed)).rejects.toBe(error);
  });

  test("is what the others are cancelled with", async () => {
    const error = new Error("child");
    const other = new Gate();
    let handle: JoinHandle<void> | undefined;
    const failed = scope(function* (s) {
      s.spawn(failing(error));
      handle = s.spawn(other);
      yield* sleep(100);
    });
    await expect(paused(failed)).rejects.toBe(error);
    expect(other.reason).toBe(error);
    await expect(handle).rejects.toMatchObject({ cause: error });
    await expect(handle).rejects.toBeInstanceOf(CancelledError);
  });

  test("that comes later is found beside the first, which is left as it was", async () => {
    const [first, second, third] = [new Error("first"), new Error("second"), new Error("third")];
    Object.freeze(first);
    const failed = scope(function* (s) {
      s.spawn(failing(first, 10));
      s.spawn(holding([], "a", 5, second));
      try {
        yield* sleep(100);
      } finally {
        raise(third);
      }
    });
    await expect(paused(failed)).rejects.toBe(first);
    const [body, child, ...rest] = furtherErrors(first);
    expect(rest).toEqual([]);
    expect(body).toBeInstanceOf(CleanupError);
    expect(body).toMatchObject({ cause: first, errors: [third] });
    expect(child).toMatchObject({ cause: first, errors: [second] });
  });

  test("that many see is counted once", async () => {
    const error = new Error("child");
    const failed = scope(function* (s) {
      const child = s.spawn(failing(error, 1));
      s.spawn(
        co(function* () {
          yield* child;
        })(),
      );
      yield* child;
    });
    await expect(paused(failed)).rejects.toBe(error);
    expect(furtherErrors(error)).toEqual([]);
  });

  test("that is no object, and that several see, is thrown as it is", async () => {
    const atOnce = co(function* () {
      throw "text";
    });
    // The block waits for a child that fails in the same poll: both have the error.
    await expect(
      run(
        scope(function* (s) {
          yield* s.spawn(atOnce());
        }),
      ),
    ).rejects.toBe("text");
    const failed = scope(function* (s) {
      const child = s.spawn(failing("text", 1));
      s.spawn(
        co(function* () {
          yield* child;
        })(),
      );
      yield* child;
    });
    await expect(paused(failed)).rejects.toBe("text");
  });

  test("that is no object: further ones come in a CleanupError", async () => {
    const further = new Error("further");
    await expect(
      paused(
        scope(function* (s) {
          s.spawn(failing("text"));
          yield* sleep(9);
        }),
      ),
    ).rejects.toBe("text");
    const failed = scope(function* (s) {
      s.spawn(failing("text", 1));
      s.spawn(holding([], "other", 0, further));
    });
    await expect(paused(failed)).rejects.toMatchObject({
      code: "POLLUX_CLEANUP_FAILED",
      cause: "text",
      errors: [{ cause: "text", errors: [further] }],
    });
  });

  test("in an inner scope is the inner scope's, and the outer one's only if nobody catches it", async () => {
    const error = new Error("inner");
    const log: string[] = [];
    const inner = (): Future<void> =>
      scope(function* (s) {
        s.spawn(failing(error, 1));
        yield* new Gate();
      });
    const caught = scope(function* (outer) {
      outer.spawn(
        co(function* () {
          yield* sleep(10);
          log.push("outer child ended");
        })(),
      );
      try {
        yield* inner();
      } catch (e) {
        log.push((e as Error).message);
      }
    });
    await paused(caught);
    expect(log).toEqual(["inner", "outer child ended"]);
    const uncaught = scope(function* (outer) {
      outer.spawn(holding(log, "outer child"));
      yield* inner();
    });
    await expect(paused(uncaught)).rejects.toBe(error);
    expect(log.slice(2)).toEqual(["outer child leaves", "outer child left"]);
  });

  test("is observed: the runtime does not report it", async () => {
    const reported: unknown[] = [];
    const runtime = new Runtime({ clock: "paused", onUnhandledError: (error) => reported.push(error) });
    const failed = scope(function* (s) {
      s.spawn(failing(new Error("a")));
      s.spawn(failing(new Error("b")));
      yield* new Gate();
    });
    await expect(runtime.run(failed)).rejects.toThrow("a");
    await new Promise((resolve) => setImmediate(resolve));
    expect(reported).toEqual([]);
  });

  test("aborting a child is none", async () => {
    const log: string[] = [];
    const value = await paused(
      scope(function* (s) {
        const a = s.spawn(holding(log, "a"));
        const b = s.spawn(holding(log, "b"));
        yield* sleep(1);
        a.abort("enough");
        yield* sleep(1);
        log.push("block goes on");
        s.abortAll();
        const [c, d] = [b, a].map((handle) => handle.isFinished);
        expect([c, d]).toEqual([false, true]);
        return "value";
      }),
    );
    expect(value).toBe("value");
    expect(log).toEqual(["a leaves", "a left", "block goes on", "b leaves", "b left"]);
  });

  test("of the cleanup of a child that was aborted is one", async () => {
    const error = new Error("cleanup");
    const failed = scope(function* (s) {
      const child = s.spawn(holding([], "child", 0, error));
      yield* sleep(1);
      child.abort("enough");
      yield* sleep(100);
    });
    await expect(paused(failed)).rejects.toMatchObject({ cause: "enough", errors: [error] });
  });
});

describe("scope: a cancel", () => {
  test("reaches the block and the children at the same time, and waits for all", async () => {
    const log: string[] = [];
    await paused(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            s.spawn(holding(log, "a", 30));
            s.spawn(holding(log, "b", 10));
            yield* holding(log, "block", 20);
          }),
        );
        yield* sleep(5);
        task.abort("stop");
        try {
          yield* task;
        } catch (error) {
          expect(error).toBeInstanceOf(CancelledError);
          log.push("aborted");
        }
      })(),
    );
    expect(log).toEqual([
      "block leaves",
      "a leaves",
      "b leaves",
      "b left",
      "block left",
      "a left",
      "aborted",
    ]);
  });

  test("lets a finally of the block wait for a child, and of a child for another", async () => {
    const log: string[] = [];
    const runtime = new Runtime({ clock: "paused" });
    await runtime.run(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            const child = s.spawn(holding(log, "child", 5));
            try {
              yield* new Gate();
            } finally {
              try {
                yield* child;
              } catch (error) {
                log.push((error as Error).name);
              }
            }
          }),
        );
        yield* sleep(1);
        task.abort();
        yield* sleep(10);
        expect(task.isFinished).toBe(true);
      })(),
    );
    expect(log).toEqual(["child leaves", "child left", "CancelledError"]);
  });

  test("passes its reason on", async () => {
    const [block, child] = [new Gate(), new Gate()];
    await run(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            s.spawn(child);
            yield* block;
          }),
        ).observed();
        yield* yieldNow();
        yield* yieldNow();
        task.abort("why");
      })(),
    );
    expect([block.reason, child.reason]).toEqual(["why", "why"]);
  });

  test("while children are left: the block's value is disposed of", async () => {
    let disposed = 0;
    await paused(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            s.spawn(new Gate());
            return {
              [Symbol.dispose]: () => {
                disposed++;
              },
            };
          }),
        ).observed();
        yield* sleep(1);
        task.abort();
      })(),
    );
    expect(disposed).toBe(1);
  });

  test("surfaces what failed in a CleanupError, in one list", async () => {
    const [a, b, c] = [new Error("a"), new Error("b"), new Error("c")];
    const outcome = await paused(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            s.spawn(holding([], "a", 1, a));
            s.spawn(
              scope(function* (inner) {
                inner.spawn(holding([], "b", 2, b));
                yield* new Gate();
              }),
            );
            yield* holding([], "c", 3, c);
          }),
        );
        yield* sleep(1);
        task.abort("stop");
        try {
          return yield* task;
        } catch (error) {
          return error;
        }
      })(),
    );
    expect(outcome).toBeInstanceOf(CleanupError);
    expect(outcome).toMatchObject({ cause: "stop", errors: [a, b, c] });
  });

  test("lists once what several have failed with", async () => {
    const error = new Error("shared");
    const outcome = await paused(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            s.spawn(holding([], "a", 1, error));
            s.spawn(holding([], "b", 2, error));
            yield* holding([], "block", 3, error);
          }),
        );
        yield* sleep(1);
        task.abort("stop");
        try {
          return yield* task;
        } catch (e) {
          return e;
        }
      })(),
    );
    expect((outcome as CleanupError).errors).toEqual([error]);
  });

  test("during the closing after a failure waits for that, and loses nothing", async () => {
    const error = new Error("child");
    const log: string[] = [];
    const outcome = await paused(
      co(function* () {
        const task = spawn(
          scope(function* (s) {
            s.spawn(failing(error, 1));
            s.spawn(holding(log, "child", 30));
            yield* holding(log, "block", 20);
          }),
        );
        yield* sleep(10);
        task.abort("stop");
        try {
          return yield* task;
        } catch (e) {
          return e;
        }
      })(),
    );
    expect(log).toEqual(["block leaves", "child leaves", "block left", "child left"]);
    expect(outcome).toMatchObject({ code: "POLLUX_CLEANUP_FAILED", cause: "stop", errors: [error] });
  });

  test("before the first poll has nothing to release; afterwards a poll throws", () => {
    const cx = new TestContext();
    const never = scope(() => new Gate());
    expect(never.cancel(cx)).toBe(undefined);
    expect(() => never.poll(cx)).toThrow(PollAfterCompletionError);
  });

  test("that has begun: only cancel may be called", () => {
    const gate = new Gate();
    const cancelled = scope(function* () {
      try {
        yield* new Gate();
      } finally {
        yield* gate;
      }
    });
    const cx = pending(cancelled);
    expect(cancelled.cancel(cx)).toBe(Pending);
    expect(() => cancelled.poll(cx)).toThrow(PollAfterCompletionError);
    gate.open();
    expect(cancelled.cancel(cx)).toBe(undefined);
    expect(cancelled.cancel(cx)).toBe(undefined);
  });

  test("at every poll leaves no task behind", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime({ clock: "paused" });
      let open = 0;
      const work = co(function* (ms: number) {
        open++;
        try {
          yield* sleep(ms);
          yield* yieldNow();
        } finally {
          open--;
          yield* sleep(1);
        }
      });
      await runtime.run(
        co(function* () {
          yield* cancelAt(
            scope(function* (s) {
              s.spawn(work(5));
              s.spawn(work(3));
              yield* work(2);
              yield* work(4);
              s.spawn(work(1));
            }),
          );
          expect(open).toBe(0);
          expect(runtime.metrics().alive).toBe(1);
        })(),
      );
    });
    expect(polls).toBeGreaterThan(5);
  });
});

describe("scope: misuse", () => {
  test("spawning once it has ended, failed or is being cancelled throws ClosedError", async () => {
    const seen: unknown[] = [];
    const trySpawn = (s: Scope): void => {
      try {
        s.spawn(sleep(1));
        seen.push("spawned");
      } catch (error) {
        seen.push(error instanceof ClosedError ? error.message : error);
      }
    };
    let ended: Scope | undefined;
    await paused(
      co(function* () {
        yield* scope(
          function* (s) {
            ended = s;
          },
          { name: "a" },
        );
        trySpawn(ended as Scope);
        const failed = spawn(
          scope(
            function* (s) {
              s.spawn(failing(1));
              try {
                yield* sleep(10);
              } finally {
                trySpawn(s);
              }
            },
            { name: "b" },
          ),
        ).observed();
        yield* sleep(1);
        const cancelled = spawn(
          scope(
            function* (s) {
              try {
                yield* sleep(10);
              } finally {
                trySpawn(s);
              }
            },
            { name: "c" },
          ),
        ).observed();
        yield* sleep(1);
        cancelled.abort();
        yield* sleep(1);
        expect([failed.isFinished, cancelled.isFinished]).toEqual([true, true]);
      })(),
    );
    expect(seen).toEqual(["the scope a is closed", "the scope b is closed", "the scope c is closed"]);
  });

  test("a future that is in use elsewhere is refused, and counts as no child", async () => {
    await paused(
      scope(function* (s) {
        const shared = sleep(5);
        s.spawn(shared);
        expect(() => s.spawn(shared)).toThrow(FutureInUseError);
        expect(s.len).toBe(1);
      }),
    );
  });

  test("bad arguments throw at the call", async () => {
    expect(() => scope(undefined as never)).toThrow(TypeError);
    await run(
      scope(function* (s) {
        expect(() => s.spawn((() => {}) as never)).toThrow(TypeError);
      }),
    );
  });

  test("a function that gives no future fails the scope with a TypeError", async () => {
    await expect(run(scope((() => 5) as never))).rejects.toThrow(/scope needs a generator function/);
    await expect(run(scope((async () => {}) as never))).rejects.toThrow(TypeError);
  });

  test("outside of a runtime a block without children works, and spawn says what is missing", () => {
    const cx = new TestContext();
    expect(
      ready(
        scope(function* () {
          return 1;
        }),
        cx,
      ),
    ).toBe(1);
    const needs = scope(function* (s) {
      s.spawn(sleep(1));
    });
    expect(() => needs.poll(cx)).toThrow(NoRuntimeError);
  });

  test("after a value or an error a poll throws", () => {
    const cx = new TestContext();
    const ended = scope(function* () {
      return 1;
    });
    ready(ended, cx);
    expect(() => ended.poll(cx)).toThrow(PollAfterCompletionError);
    expect(ended.cancel(cx)).toBe(undefined);
  });

  test("a block that awaits its own scope is told so", async () => {
    const own: Future<void> = scope(function* () {
      yield* own;
    });
    await expect(run(own)).rejects.toThrow(FutureInUseError);
  });
});

test("scope: a poll that was not asked for is harmless, and the latest waker counts", () => {
  const gate = new Gate<number>();
  const waiting = scope(() => gate);
  pending(waiting);
  const cx = pending(waiting);
  gate.open(1);
  expect(cx.wakes).toBe(1);
  expect(waiting.poll(cx)).toBe(1);
});

test("scope: cleanup past the limit is given up, reported, and found beside the failure", async () => {
  const error = new Error("child");
  const stuck = co(function* () {
    try {
      yield* new Gate();
    } finally {
      yield* new Gate();
    }
  });
  const warnings: string[] = [];
  const { host } = await import("../runtime/host/node.ts");
  const runtime = new Runtime({
    clock: "paused",
    cleanupLimit: 100,
    host: { ...host, warn: (text) => warnings.push(text) },
  });
  const failed = scope(
    function* (s) {
      s.spawn(failing(error, 1));
      s.spawn(stuck(), { name: "stuck" });
      yield* stuck();
    },
    { name: "block" },
  );
  await expect(runtime.run(failed)).rejects.toBe(error);
  expect(furtherErrors(error)).toEqual([expect.any(CleanupTimeoutError), expect.any(CleanupTimeoutError)]);
  expect(warnings.join("\n")).toMatch(/the block of the scope block did not end within 100 ms/);
  expect(warnings.join("\n")).toMatch(/task 3 \(stuck\) did not end within 100 ms/);
});
