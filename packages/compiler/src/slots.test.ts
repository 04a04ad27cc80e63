import { expect, test } from "vitest";
import { Block } from "./graph.ts";
import type { State } from "./liveness.ts";
import { assignSlots } from "./slots.ts";

function state(live: string[], ...before: State[]): State {
  return { block: new Block(null), at: null, live, before: new Set(before) };
}

function layout(states: State[], assigned: string[] = []) {
  const { size, layouts } = assignSlots(states, new Set(assigned));
  const of = (
    each: State,
  ): { slots: Record<string, number>; stores: readonly string[]; clears: readonly number[] } => {
    const { slotOf, stores, clears } = layouts.get(each) ?? { slotOf: new Map(), stores: [], clears: [] };
    return { slots: Object.fromEntries(slotOf), stores, clears };
  };
  return { size, of };
}

test("there are as many slots as the largest state has variables", () => {
  const [a, b] = [state(["a", "b"]), state(["c", "d", "e"])];
  expect(layout([a, b]).size).toBe(3);
  expect(layout([]).size).toBe(0);
});

test("a variable keeps its slot, and is not stored again where it has not changed", () => {
  const first = state(["a", "b"]);
  const second = state(["b"], first);
  const { of } = layout([first, second]);
  expect(of(second).slots["b"]).toBe(of(first).slots["b"]);
  expect(of(second).stores).toEqual([]);
});

test("what is assigned is stored at each wait", () => {
  const first = state(["a"]);
  const second = state(["a"], first);
  expect(layout([first, second], ["a"]).of(second).stores).toEqual(["a"]);
});

test("a variable that one of the states before does not have is stored", () => {
  const first = state(["a"]);
  const other = state([]);
  const last = state(["a"], first, other);
  expect(layout([first, other, last]).of(last).stores).toEqual(["a"]);
});

test("a slot whose value is needed no more is cleared, if it may hold one", () => {
  const first = state(["a", "b"]);
  const second = state(["b"], first);
  const third = state(["b"], second);
  const { of } = layout([first, second, third]);
  expect(of(second).clears).toEqual([of(first).slots["a"]]);
  expect(of(third).clears).toEqual([]);
});

test("a variable rather takes a slot that is nobody's", () => {
  const first = state(["a", "b"]);
  const second = state(["b", "c"], first);
  const third = state(["a", "b", "c"].slice(0, 2), second);
  const { size, of } = layout([first, second, third]);
  expect(size).toBe(2);
  expect(new Set(Object.values(of(second).slots)).size).toBe(2);
  expect(of(second).slots["b"]).toBe(of(first).slots["b"]);
  expect(of(third).stores).toEqual(["a"]);
});
