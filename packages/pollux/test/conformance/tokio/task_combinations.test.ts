import { describe, expect, test } from "vitest";
import { pollFn } from "../../../src/combine/poll-fn.ts";
import { co } from "../../../src/core/coroutine.ts";
import { CancelledError, CleanupError } from "../../../src/core/errors.ts";
import { Runtime } from "../../../src/runtime/runtime.ts";
import { oneshot } from "../../../src/sync/oneshot.ts";
import type { AbortHandle } from "../../../src/task/abort-handle.ts";
import type { JoinHandle } from "../../../src/task/join-handle.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { raise } from "../../support/raise.ts";

/*
 * The matrix of what a task does, when it is aborted and through what, and what becomes of its handles. In place of a
 * panic an error is thrown, in place of a drop the `finally` block runs. Dropping a handle does nothing, which is
 * what those rows check; a task that is aborted before its first poll is polled once here.
 */

const tasks = ["ends well", "throws", "fails in its finally", "throws and fails in its finally"] as const;
const interests = ["joined early", "not joined early"] as const;
/** When the handle is dropped, or an abort handle; the order is that of the moments. */
const moments = ["at once", "after the first poll", "after the end", "after the join"] as const;
const aborts = ["never", ...moments] as const;

type Moment = (typeof moments)[number];

interface Combination {
  task: (typeof tasks)[number];
  interest: (typeof interests)[number];
  joinHandleDropped: Moment;
  abortHandleDropped: Moment | "none taken";
  abort: (typeof aborts)[number];
  abortedBy: "JoinHandle" | "AbortHandle";
}

function* combinations(task: Combination["task"]): Generator<Combination> {
  for (const interest of interests)
    for (const joinHandleDropped of moments)
      for (const abort of aborts) {
        const base = { task, interest, joinHandleDropped, abort };
        // A handle that has been dropped cannot abort.
        if (abort === "never" || moments.indexOf(joinHandleDropped) >= moments.indexOf(abort))
          for (const abortHandleDropped of ["none taken", ...moments] as const)
            yield { ...base, abortHandleDropped, abortedBy: "JoinHandle" };
        yield { ...base, abortHandleDropped: "none taken", abortedBy: "AbortHandle" };
      }
}

async function check(c: Combination): Promise<void> {
  const unhandled: unknown[] = [];
  const runtime = new Runtime({ clock: "paused", onUnhandledError: (error) => unhandled.push(error) });
  const runError = new Error("in the task");
  const dropError = new Error("in the finally");
  const log: string[] = [];
  let outcome: unknown;

  await runtime.run(
    co(function* () {
      const [firstPoll, polled] = oneshot<void>();
      const [complete, completed] = oneshot<void>();
      const [dropped, ended] = oneshot<void>();
      const task = co(function* () {
        try {
          firstPoll.send();
          yield* completed;
          yield* yieldNow();
          if (c.task.startsWith("throws")) throw runError;
          log.push("output");
          return "output";
        } finally {
          dropped.send();
          if (c.task.endsWith("finally")) raise(dropError);
        }
      });

      let join: JoinHandle<string> | undefined = spawn(task());
      let abort: AbortHandle | undefined =
        c.abortHandleDropped !== "none taken" || c.abortedBy === "AbortHandle"
          ? join.abortHandle()
          : undefined;
      if (c.interest === "joined early") {
        const early = join;
        yield* pollFn((cx) => {
          expect(typeof early.poll(cx)).toBe("symbol");
          early.cancel(cx);
          return undefined;
        });
      }
      const at = (moment: Moment): void => {
        if (c.abort === moment) (c.abortedBy === "AbortHandle" ? abort : join)?.abort("why");
        if (c.joinHandleDropped === moment) join = undefined;
        if (c.abortHandleDropped === moment) abort = undefined;
      };

      at("at once");
      yield* polled;
      at("after the first poll");
      complete.send();
      yield* ended;
      yield* yieldNow();
      at("after the end");
      if (join !== undefined) {
        try {
          outcome = yield* join;
        } catch (error) {
          outcome = error;
        }
      }
      at("after the join");
    })(),
  );
  await new Promise((resolve) => setImmediate(resolve));

  const aborted = c.abort === "at once" || c.abort === "after the first poll";
  const failsInFinally = c.task.endsWith("finally");
  const expected = aborted
    ? failsInFinally
      ? expect.any(CleanupError)
      : expect.any(CancelledError)
    : failsInFinally
      ? dropError
      : c.task === "throws"
        ? runError
        : "output";
  const joined = c.joinHandleDropped === "after the join";
  if (joined) expect(outcome).toEqual(expected);
  expect(log).toEqual(aborted || c.task.startsWith("throws") ? [] : ["output"]);
  // A failure that nobody looked at is reported, once; an abort is none.
  const failed = failsInFinally || (c.task === "throws" && !aborted);
  expect(unhandled).toEqual(failed && !joined && c.interest === "not joined early" ? [expected] : []);
  expect(runtime.metrics().alive).toBe(0);
}

describe("test_combinations: a task, its abort, its handles", () => {
  for (const task of tasks) {
    test(`a task that ${task}`, async () => {
      let count = 0;
      for (const combination of combinations(task)) {
        await check(combination).catch((error) => {
          throw new Error(`${JSON.stringify(combination)}: ${error.message}`, { cause: error });
        });
        count++;
      }
      expect(count).toBe(180);
    });
  }
});
