import { expect, test } from "vitest";
import { functionIn } from "../test/support/passes.ts";
import { type Binding, Scopes } from "./scopes.ts";

const scopesOf = (code: string): Scopes => new Scopes(functionIn(code));

function bindings(scopes: Scopes, name: string): Binding[] {
  return [...scopes.of.values()].flatMap((each) => each.bindings.get(name) ?? []);
}

test("a `var` belongs to the function, `let` to its block", () => {
  const scopes = scopesOf("async () => { { var a; let b; } for (var c of x) {} }");
  expect([...scopes.root.bindings.keys()]).toEqual(["a", "c"]);
  expect(bindings(scopes, "b")[0]?.kind).toBe("let");
});

test("a name means the innermost one, and what is declared nowhere is free", () => {
  const scopes = scopesOf("async (a) => { a; { let a; a = 1; } other; }");
  expect(bindings(scopes, "a").map((each) => [each.kind, each.writes])).toEqual([
    ["param", 0],
    ["let", 1],
  ]);
  expect([...scopes.free]).toEqual(["other"]);
});

test("keys, members and labels are no references", () => {
  expect([...scopesOf("async () => { a: for (;;) { o.b; ({ c: 1 }); break a; } }").free]).toEqual(["o"]);
  expect([...scopesOf("async () => { o[b]; ({ [c]: d, e }); }").free]).toEqual(["o", "b", "c", "d", "e"]);
});

test("every way to assign is a write, and a declaration without a value is none", () => {
  const writes = (code: string): number | undefined =>
    bindings(scopesOf(`async (a) => { ${code} }`), "a")[0]?.writes;
  const ways = [
    "a = 1",
    "a++",
    "a ||= 1",
    "[a] = o",
    "({ x: a = 1 } = o)",
    "[...a] = o",
    "for (a of o);",
    "var a = 1",
  ];
  expect(ways.map(writes)).toEqual(ways.map(() => 1));
  expect(["var a", "f(a)", "a.b = 1", "o = { a }"].map(writes)).toEqual([0, 0, 0, 0]);
});

test("a reference in a closure is told from one of the coroutine's own", () => {
  const [a] = bindings(scopesOf("async () => { let a; () => a; class C { [a] = a; } }"), "a");
  expect(a?.references.map((each) => each.closure?.type ?? null)).toEqual([
    null,
    "ArrowFunctionExpression",
    "ClassDeclaration",
    "ClassDeclaration",
  ]);
});

test("`this` and `arguments` are the coroutine's in arrow functions, not in others", () => {
  const uses = (body: string): [boolean, boolean] => {
    const { usesThis, usesArguments } = scopesOf(`async function f() { ${body} }`);
    return [usesThis, usesArguments];
  };
  expect(uses("() => () => [this, arguments];")).toEqual([true, true]);
  expect(
    uses("(function () { this; arguments; }); class C { x = this; static { this; } m() { this; } }"),
  ).toEqual([false, false]);
  expect(["arguments = 1", "arguments++", "[arguments] = [1]"].map((each) => uses(each))).toEqual([
    [false, true],
    [false, true],
    [false, true],
  ]);
  expect(uses("class C { [this.x] = 1 }")).toEqual([true, false]);
  expect(uses("const arguments_ = 1; { let arguments_; }")).toEqual([false, false]);
});

test("a scope has to outlast a wait if one is in it", () => {
  const scopes = scopesOf("async () => { { let a; await a; } { let b; } () => { let c; }; }");
  const isFlattened = (name: string): boolean[] =>
    bindings(scopes, name).map((each) => scopes.isFlattened(each.scope));
  expect([isFlattened("a"), isFlattened("b"), isFlattened("c")]).toEqual([[true], [false], [false]]);
});
