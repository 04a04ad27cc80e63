import { expect, test } from "vitest";
import { analyse } from "../test/support/passes.ts";

/** What is live at the start, and at each wait. */
const live = (body: string): string[][] => analyse(body).liveness.states.map((each) => [...each.live]);

test("a variable lives from its value to its last use, not longer", () => {
  expect(live("const a = f(); await p; g(a); await q;")).toEqual([["p", "q"], ["q", "a"], []]);
});

test("a value that is overwritten before it is read is not kept", () => {
  expect(live("let a = f(); await p; a = 1; await q; g(a);")).toEqual([["p", "q"], ["q"], ["a"]]);
});

test("what the next turn of a loop reads is kept", () => {
  expect(live("let n = 0; while (n < p) { await q; n++; }")).toEqual([
    ["p", "q"],
    ["p", "q", "n"],
  ]);
});

test("an error may come at any moment: its handler's variables are kept throughout", () => {
  expect(live("let a = 1; try { await p; a = 2; await q; a = 3; } catch { f(a); }")).toEqual([
    ["p", "q"],
    ["q", "a"],
    ["a"],
  ]);
});

test("a cancel needs what `finally` reads", () => {
  expect(live("const a = f(); try { await p; } finally { g(a); }")).toEqual([["p"], ["a"]]);
});

test("a write on one path does not end the life of a value on the other one", () => {
  expect(live("let a = f(); await p; if (q) a = 1; g(a);")[1]).toEqual(["q", "a"]);
  expect(live("let a = f(); await p; if (q) a = 1; else a = 2; g(a);")[1]).toEqual(["q"]);
});

test("what a closure captures is kept until it is made", () => {
  expect(live("const a = f(); await p; const g = () => a; await q; g();")).toEqual([
    ["p", "q"],
    ["q", "a"],
    ["g"],
  ]);
});

test("a state knows those that may come right before it", () => {
  const { states } = analyse("await p; if (q) await f(); await g();").liveness;
  const before = states.map((each) => [...each.before].map((other) => states.indexOf(other)).sort());
  expect(before).toEqual([[], [0], [0, 1], [0, 1, 2]]);
});
