import { expect, expectTypeOf, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { Probe } from "../../test/support/probe.ts";
import { failed, ready } from "../combine/ready.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";

test("once: gives a value, or that of a future, and ends", () => {
  const cx = new TestContext();
  expect(drain(Stream.once("x"), cx)).toEqual(["x", End]);
  const future = Stream.once(ready(1));
  expectTypeOf(future).toEqualTypeOf<Stream<number>>();
  expect(drain(future, cx)).toEqual([1, End]);
  expect(drain(Stream.once(undefined), cx)).toEqual([undefined, End]);
});

test("once: a failure is thrown, and is followed by the end", () => {
  expect(drain(Stream.once(failed("error")), new TestContext())).toEqual([{ error: "error" }, End]);
});

test("once: a cancel cancels the future that runs", () => {
  const probe = new Probe("future", "slow");
  const stream = Stream.once(probe);
  const cx = new TestContext();
  expect(drain(stream, cx)).toEqual([Pending]);
  expect(stream.cancel(cx)).toBe(Pending);
  probe.endCleanup();
  expect(stream.cancel(cx)).toBeUndefined();
  expect(probe.breaches).toEqual([]);
});
