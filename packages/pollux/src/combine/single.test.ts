import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { sleep } from "../time/sleep.ts";
import { andThen } from "./and-then.ts";
import { catchError } from "./catch-error.ts";
import { finallyDo } from "./finally-do.ts";
import { lazy } from "./lazy.ts";
import { map } from "./map.ts";
import { failed } from "./ready.ts";
import { withSignal } from "./with-signal.ts";

/** Every combinator of one future, each so that it has that future's value. */
const combinators: [name: string, make: <T>(future: Future<T>) => Future<T>][] = [
  ["map", (future) => map(future, (value) => value)],
  ["andThen, the first", (future) => andThen(future, (value) => value) as typeof future],
  ["andThen, the second", (future) => andThen(yieldNow(), () => future) as typeof future],
  ["catchError", (future) => catchError(future, (error) => failed(error))],
  ["lazy", (future) => lazy(() => future) as typeof future],
  ["finallyDo", (future) => finallyDo(future, yieldNow)],
  ["withSignal", (future) => withSignal(future, new AbortController().signal)],
];

describe.each(combinators)("%s", (_name, make) => {
  test("cancelled at every poll: its future has ended, cleanup included", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      let open = 0;
      const work = co(function* () {
        open++;
        try {
          yield* yieldNow();
          yield* sleep(10);
          return "done";
        } finally {
          open--;
          yield* sleep(5);
        }
      });
      const runtime = new Runtime({ clock: "paused" });
      const outcome = await runtime.run(cancelAt(make(work())));
      if (!outcome.cancelled) expect(outcome.value).toBe("done");
      expect([open, runtime.timers.size]).toEqual([0, 0]);
    });
    expect(polls).toBeGreaterThan(2);
  });

  test("gives its future up when that has ended: it is told to be over, and not to be in use", () => {
    const probe = new Probe<number>();
    probe.resolve(1);
    const cx = new TestContext();
    const future = make(probe);
    for (let n = 0; n < 3 && probe.polls === 0; n++) future.poll(cx);
    expect(probe.owner).toBeNull();
    const again = make(probe);
    expect(() => {
      for (let n = 0; n < 3; n++) again.poll(cx);
    }).toThrow(/completed/);
  });

  test("is refused a future that somebody else awaits, which is left alone", () => {
    const theirs = new Probe<number>();
    pending(map(theirs, (value) => value));
    const mine = make(theirs);
    const cx = new TestContext();
    expect(() => {
      for (let n = 0; n < 3; n++) mine.poll(cx);
    }).toThrow(FutureInUseError);
    expect([theirs.polls, theirs.cancels]).toEqual([1, 0]);
    expect(() => mine.poll(cx)).toThrow(PollAfterCompletionError);
  });
});
