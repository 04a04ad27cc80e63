import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { POLL_BUDGET } from "../core/context.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { Elements } from "./elements.ts";
import { Stream } from "./stream.ts";

test("Elements: gives what an iteration of the array would, holes and what is added meanwhile included", () => {
  // biome-ignore lint/suspicious/noSparseArray: on purpose
  const array: (number | undefined)[] = [1, , 3];
  const source = new Elements(array);
  const cx = new TestContext();
  expect([source.pollNext(cx), source.pollNext(cx)]).toEqual([1, undefined]);
  array.push(4);
  expect(drain(source, cx)).toEqual([3, 4, End]);
  array.push(5);
  expect(drain(source, cx)).toEqual([End]);
});

test("Elements: takes a unit of budget for each", () => {
  const runtime = new Runtime({ clock: "paused" }).handle;
  const cx = new TestContext(runtime);
  const source = new Elements(Array.from({ length: 2 * POLL_BUDGET }, (_, n) => n));
  runtime.budget = POLL_BUDGET;
  expect(drain(source, cx).length).toBe(POLL_BUDGET + 1);
  expect(source.pollNext(cx)).toBe(Pending);
  runtime.budget = POLL_BUDGET + 1;
  expect(drain(source, cx).at(-1)).toBe(End);
});

test("Elements: an array whose iterator is its own is iterated", () => {
  class Reversed extends Array<number> {
    override *[Symbol.iterator](): ArrayIterator<number> {
      for (let n = this.length - 1; n >= 0; n--) yield this[n] as number;
    }
  }
  expect(drain(Stream.from(Reversed.from([1, 2])), new TestContext())).toEqual([2, 1, End]);
});
