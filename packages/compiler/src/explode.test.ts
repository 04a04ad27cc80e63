import { describe, expect, test } from "vitest";
import { analyse, blocksOf } from "../test/support/passes.ts";

/** What is executed before and after the first wait of a statement. */
function around(statement: string): [string, string] {
  const [before = "", after = ""] = blocksOf(analyse(statement));
  return [before, after];
}

describe("an expression with an `await` in it", () => {
  test("saves what is evaluated before and may change meanwhile, and nothing else", () => {
    expect(around("x = f(a, 1, p, await q, b);")).toEqual([
      "fn = f; temp = a; await future(q).awaitIn(cx) -> 1",
      "x = fn(temp, 1, p, value, b); return",
    ]);
    // A variable of its own is saved where a later operand assigns it.
    expect(around("x = [p, p = 1, await q];")[0]).toMatch(/^temp = p; temp\$1 = p = 1; await/);
  });

  test("calls a method on its object, which is evaluated once", () => {
    expect(around("g().b(await p);")).toEqual([
      "object = g(); fn = object.b; await future(p).awaitIn(cx) -> 1",
      "call(fn, object, value); return",
    ]);
  });

  test("spreads what stands before the wait before it", () => {
    expect(around("x = [...a, await p, ...b];")).toEqual([
      "temp = [...a]; await future(p).awaitIn(cx) -> 1",
      "x = [...temp, value, ...b]; return",
    ]);
  });

  test("makes each part of a template a string before the next one is evaluated", () => {
    expect(around(`x = \`\${a}\${await p}\${b}\`;`)).toEqual([
      `temp = \`\${a}\`; await future(p).awaitIn(cx) -> 1`,
      `x = \`\${temp}\${value}\${b}\`; return`,
    ]);
  });

  test("evaluates one side of a conditional, and the right side of `??` only where it is needed", () => {
    expect(blocksOf(analyse("x = p ? await q : f();")).slice(0, 4)).toEqual([
      "p ? -> 1 : -> 3",
      "await future(q).awaitIn(cx) -> 2",
      "temp = value; -> 4",
      "temp = f(); -> 4",
    ]);
    expect(blocksOf(analyse("x = p ?? (await q);"))[0]).toBe("temp = p; temp == null ? -> 1 : -> 3");
  });

  test("evaluates the place of an assignment first", () => {
    expect(around("g().x = await p;")).toEqual([
      "temp = g(); await future(p).awaitIn(cx) -> 1",
      "temp.x = value; return",
    ]);
    expect(around("o[k] += await p;")).toEqual([
      "temp = o; temp$1 = k; temp$2 = temp[temp$1]; await future(p).awaitIn(cx) -> 1",
      "temp[temp$1] = temp$2 + value; return",
    ]);
  });
});
