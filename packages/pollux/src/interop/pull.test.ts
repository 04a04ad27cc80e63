import { expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { raise } from "../../test/support/raise.ts";
import { CleanupError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { duplex } from "../io/duplex-stream.ts";
import { Pull, PullBytes } from "./pull.ts";

/** A stream that does what a test says at each poll, and notes what is done to it. */
class Scripted implements StreamSource<number> {
  readonly log: string[] = [];
  private readonly polls: (() => Poll<number | End>)[];
  /** What its cancel gives, poll by poll. */
  readonly cancels: (() => Poll<void>)[] = [];

  constructor(...polls: (() => Poll<number | End>)[]) {
    this.polls = polls;
  }

  pollNext(): Poll<number | End> {
    this.log.push("poll");
    return this.polls.shift()?.() ?? Pending;
  }

  cancelNext(): void {
    this.log.push("cancelNext");
  }

  cancel(): Poll<void> {
    this.log.push("cancel");
    return this.cancels.shift()?.();
  }
}

test("pull: a cancel ends the wait and leaves the stream as it is", () => {
  const source = new Scripted(
    () => Pending,
    () => 7,
  );
  const pull = new Pull(source);
  pending(pull);
  pull.cancel();
  expect(source.log).toEqual(["poll", "cancelNext"]);
  expect(ready(new Pull(source))).toBe(7);
});

test("pull: a stream that has failed is given up before the failure is thrown; a cancel then ends no wait", () => {
  const failure = new Error("failed");
  const source = new Scripted(() => raise(failure));
  source.cancels.push(() => Pending);
  const pull = new Pull(source);
  const cx = pending(pull);
  pull.cancel();
  expect(source.log).toEqual(["poll", "cancel"]);
  expect(() => pull.poll(cx)).toThrow(failure);
});

test("pull: what the cleanup fails with goes with the failure", () => {
  const [failure, further] = [new Error("failed"), new Error("cleanup")];
  const source = new Scripted(() => raise(failure));
  source.cancels.push(() => raise(further));
  const pull = new Pull(source);
  let error: unknown;
  try {
    pull.poll(new TestContext());
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(CleanupError);
  expect(String((error as Error).cause)).toContain("failed");
});

test("pull of bytes: a cancel ends the wait, wakes nobody, and leaves the bytes to the next", () => {
  const [a, b] = duplex(8);
  const pull = new PullBytes(a, new Uint8Array(4));
  const cx = pending(pull);
  pull.cancel(cx);
  ready(b.writeAll(Uint8Array.of(1, 2)));
  expect(cx.wakes).toBe(0);
  expect(ready(new PullBytes(a, new Uint8Array(4)))).toBe(2);
});
