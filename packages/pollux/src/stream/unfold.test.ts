import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { paused } from "../../test/support/paused.ts";
import { Probe } from "../../test/support/probe.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("unfold: makes values of a state until there is none, with waiting or without", () =>
  paused(function* () {
    const plain = Stream.unfold(0, (n) => (n < 3 ? [`${n}`, n + 1] : undefined));
    expectTypeOf(plain).toEqualTypeOf<Stream<string>>();
    expect(yield* plain.collect()).toEqual(["0", "1", "2"]);
    const slow = Stream.unfold<number, string>(0, function* (n) {
      yield* sleep(5);
      return n < 2 ? [`${n}`, n + 1] : undefined;
    });
    expect(yield* slow.collect()).toEqual(["0", "1"]);
  }));

test("unfold: an error is the end, for there is no state to go on with", () => {
  const stream = Stream.unfold<number, number>(0, () => {
    throw "error";
  });
  expect(drain(stream, new TestContext())).toEqual([{ error: "error" }, End]);
});

test("unfold: a cancel cancels what runs", () => {
  const probe = new Probe<undefined>("step", "slow");
  const stream = Stream.unfold<number, number>(0, () => probe);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(stream.cancel(cx)).toBe(Pending);
  probe.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect(probe.state).toBe("cancelled");
});
