import { expect, test } from "vitest";
import { analyse, blocksOf } from "../test/support/passes.ts";

const blocks = (body: string): string[] => blocksOf(analyse(body));

test("what does not suspend stays a statement, with its own jumps", () => {
  expect(blocks("for (;;) { if (p) break; f(); } await q;")).toEqual([
    "for (; ; ) { if (p) break; f(); } await future(q).awaitIn(cx) -> 1",
    "return",
  ]);
});

test("a loop that suspends comes back to its test", () => {
  expect(blocks("while (p) await q;")).toEqual([
    "-> 1",
    "p ? -> 2 : -> 4",
    "await future(q).awaitIn(cx) -> 3",
    "-> 1",
    "return",
  ]);
});

test("`continue` of a `for` goes to the update, that of a `do` to the test", () => {
  expect(blocks("for (;; f()) { if (await p) continue; g(); }")).toContain("f(); -> 1");
  const [, ...rest] = blocks("do { if (await p) continue; g(); } while (q)");
  expect(rest.some((each) => /^q \? -> \d+ : -> \d+$/.test(each))).toBe(true);
});

test("`finally` goes on with what its `try` came to: an end, an error, a cancel", () => {
  expect(blocks("try { await p; } finally { f(); }")).toEqual([
    "-> 1",
    "await future(p).awaitIn(cx) -> 2",
    "how = 'next'; what = void 0; -> 4",
    "how = 'throw'; what = value; -> 4",
    "f(); how === 'throw' ? -> 5 : -> 6",
    "throw what",
    "how === 'return' ? -> 7 : -> 8",
    "return",
    "-> 9",
    "return",
  ]);
});

test("a jump through a `finally` is one of its ends", () => {
  const code = blocks("x: try { if (await p) break x; g(); } finally { f(); } h();").join("\n");
  expect(code).toContain("how = 'break'");
  expect(code).toMatch(/how === 'break' \? /);
});

test("`catch` has the error, and goes on behind", () => {
  expect(blocks("try { await p; } catch (e) { f(e); }")).toContain("e = value; f(e); -> 4");
});

test("the cases of a `switch` fall through, and without one that fits it is left", () => {
  expect(blocks("switch (p) { case 1: await q; case 2: f(); } g();")).toEqual([
    "switch p: 1 -> 1, 2 -> 3, else -> 4",
    "await future(q).awaitIn(cx) -> 2",
    "-> 3",
    "f(); -> 4",
    "g(); return",
  ]);
});

test("an `async` coroutine waits for what it returns, unless that cannot be a thenable", () => {
  expect(blocks("await p; return 1 + q;")[1]).toBe("return 1 + q");
  expect(blocks("await p; return q;")[1]).toMatch(/isThenable/);
});
