import { describe, expect, test } from "vitest";
import { turn } from "../../test/support/net.ts";
import { PolluxError } from "../core/errors.ts";
import { Runtime } from "../runtime/runtime.ts";
import { type Done, Request } from "./request.ts";

/** A request that the test answers, as a thread would. */
function asked(finishes: boolean) {
  const late: string[] = [];
  let answer: Done<string> = () => expect.fail("it has not begun");
  let isGivenUp = (): boolean => false;
  const request = new Request<string>({
    op: "ask",
    about: "x",
    finishes,
    start: (done, given) => {
      answer = done;
      isGivenUp = given;
    },
    tooLate: (value) => late.push(value),
  });
  const runtime = new Runtime();
  const task = runtime.spawn(request);
  const failure = task.then(
    () => null,
    (error: unknown) => (error instanceof PolluxError ? error.code : error),
  );
  return {
    request,
    runtime,
    task,
    failure,
    late,
    answer: (error: Error | null, value: string) => answer(error, value),
    isGivenUp: () => isGivenUp(),
  };
}

describe("Request", () => {
  test("gives the answer, and counts as outstanding until then", async () => {
    const { runtime, task, answer } = asked(false);
    await turn();
    expect([task.isFinished, runtime.handle.outstanding]).toEqual([false, 1]);
    answer(null, "yes");
    expect([await task, runtime.handle.outstanding]).toEqual(["yes", 0]);
  });

  test("one that finishes: the cancel waits for the answer, whose value is given back", async () => {
    const { runtime, task, failure, late, answer, isGivenUp } = asked(true);
    await turn();
    task.abort();
    await turn();
    expect([task.isFinished, isGivenUp(), runtime.handle.outstanding]).toEqual([false, true, 1]);
    answer(null, "late");
    expect([await failure, late, runtime.handle.outstanding]).toEqual(["POLLUX_CANCELLED", ["late"], 0]);
  });

  test("one that finishes: a failure that comes while the cancel waits is nobody's", async () => {
    const { task, failure, late, answer } = asked(true);
    await turn();
    task.abort();
    await turn();
    answer(new Error("late"), "");
    expect([await failure, late]).toEqual(["POLLUX_CANCELLED", []]);
  });

  test("another: the cancel is over at once, and a value that comes later is given back", async () => {
    const { runtime, task, failure, late, answer } = asked(false);
    await turn();
    task.abort();
    expect([await failure, late, runtime.handle.outstanding]).toEqual(["POLLUX_CANCELLED", [], 0]);
    answer(null, "late");
    expect(late).toEqual(["late"]);
  });

  test("what Node throws at the call is thrown by the poll", async () => {
    const runtime = new Runtime();
    const request = new Request<void>({
      op: "ask",
      about: "x",
      finishes: false,
      start: () => {
        throw new TypeError("bad");
      },
    });
    await expect(runtime.spawn(request)).rejects.toThrow("bad");
  });
});
