import { expect, test } from "vitest";
import { resolved, textOf } from "../test/support/passes.ts";

const code = (body: string): string => textOf(...resolved(body).body);

test("variables of the same name that outlast a wait get different ones", () => {
  expect(code("{ const a = 1; await a; } { const a = 2; await a; }")).toBe(
    "{ a = 1; await a; } { a$1 = 2; await a$1; }",
  );
});

test("a block in which nothing waits keeps its declarations", () => {
  expect(code("{ const a = 1; f(a); } await p;")).toBe("{ const a = 1; f(a); } await p;");
  expect(resolved("{ const a = 1; f(a); } await p;").locals.names).toEqual(["p", "q"]);
});

test("what is assigned once before a closure captures it stays a plain variable", () => {
  expect(code("const a = await p; return () => a;")).toBe("a = await p; return () => a;");
});

test("what a closure shares lives in a record", () => {
  expect(code("let a = await p; a++; return () => a;")).toBe(
    "scope = { a: void 0 }; scope.a = await p; scope.a++; return () => scope.a;",
  );
});

test("each turn of a loop has a record of its own, with the values of the turn before", () => {
  expect(code("for (let i = 0; i < p; i++) { f(() => i); await q; }")).toContain(
    "for (; scope.i < p; (scope = { i: scope.i }, scope.i++))",
  );
});

test("what is read before its declaration throws", () => {
  expect(code("f(a); await p; const a = 1;")).toBe(
    "a = Uninitialized; f(initialized(a, 'a')); await p; a = 1;",
  );
});

test("an assignment to a constant throws once its value is there", () => {
  expect(code("const c = 1; await p; c = f();")).toBe("c = 1; await p; assignToConst(f());");
});

test("functions are there from the beginning of their block", () => {
  expect(code("g(); await p; function g() {}")).toBe("g = function g() {}; g(); await p;");
});

test("a pattern is an assignment, with what it waits for in its place", () => {
  expect(code("var { a, b = await p } = q;")).toBe("({ a, b = await p } = q);");
  expect(code("const { a: { b }, ...c } = await p; f(b, c);")).toContain("({ a: { b }, ...c } = await p);");
});
