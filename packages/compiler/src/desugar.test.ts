import { expect, test } from "vitest";
import { functionIn, textOf } from "../test/support/passes.ts";
import { allNames } from "./ast.ts";
import { desugar } from "./desugar.ts";
import { Names } from "./names.ts";

function desugared(body: string): string {
  const fn = functionIn(`async () => {${body}}`);
  return textOf(desugar(fn.body, new Names(allNames(fn))));
}

test("a loop that does not suspend, and a function, stay as they are", () => {
  const code = "{ for (const x of xs) f(x); async () => { for (const x of xs) await x; }; }";
  expect(desugared(code.slice(1, -1))).toBe(code);
});

test("a loop over an iterable closes it at its end, and tells it of an error", () => {
  expect(desugared("for (const x of xs) await x;")).toContain(
    "const items = new Iteration(xs); try { while (items.next()) { const x = items.value; await x; } } " +
      "catch(error) { items.fail(); throw error; } finally { items.close(); }",
  );
});

test("`for await` waits for each step, and for the end, though its body does not suspend", () => {
  const code = desugared("for await (const x of xs) f(x);");
  expect(code).toContain("new AsyncIteration(xs)");
  expect(code.match(/await items\.\w+\(\)/g)).toEqual([
    "await items.next()",
    "await items.fail()",
    "await items.close()",
  ]);
});

test("`for … in` is a loop over the keys, and assigns to what is there", () => {
  expect(desugared("for (o.k in object) await o.k;")).toMatch(
    /new Iteration\(keysOf\(object\)\).*o\.k = items\.value;/,
  );
});

test("all labels of a loop stay at the loop, inside of the `try`", () => {
  expect(desugared("a: b: for (const x of xs) { await x; continue a; }")).toMatch(/try \{ a: b: while \(/);
});

test("`using` disposes at the end of its block, and `await using` waits for that", () => {
  expect(desugared("using r = g(); await r;")).toMatch(
    /const r = resources\.add\(g\(\)\); await r; \} catch\(error\) \{ resources\.fail\(error\); \} finally \{ resources\.dispose\(\); \}/,
  );
  expect(desugared("await using r = g();")).toMatch(/finally \{ await resources\.\w+\(\); \}/);
});

test("a new name is none of the code's", () => {
  expect(desugared("let items; for (const x of xs) await items;")).toContain(
    "const items$1 = new Iteration(xs)",
  );
});
