import { expect, test } from "vitest";
import { packFailure, unpackFailure } from "./carried-failure.ts";

/** As a thread hands it to another one. */
const carried = (thrown: unknown): unknown => unpackFailure(structuredClone(packFailure(thrown)), "");

test("carried failure: an error is one of the nearest class of JavaScript's own", () => {
  class Own extends SyntaxError {}
  for (const Base of [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])
    expect(Object.getPrototypeOf(carried(new Base("x")))).toBe(Base.prototype);
  expect(Object.getPrototypeOf(carried(new Own("x")))).toBe(SyntaxError.prototype);
});

test("carried failure: a stack goes on with where the call was made", () => {
  const error = new Error("x");
  const back = unpackFailure(packFailure(error), "    at here");
  expect((back as Error).stack).toBe(`${error.stack}\n    at here`);
});

test("carried failure: name, cause and stack are not enumerable, as with any error", () => {
  const error = new Error("x", { cause: new Error("y") });
  error.name = "Named";
  expect(Object.keys(carried(Object.assign(error, { code: 5 })) as object)).toEqual(["code"]);
});

test("carried failure: an AbortError of the platform keeps its name", () => {
  expect(carried(AbortSignal.abort().reason)).toMatchObject({ name: "AbortError" });
});

test("carried failure: an error that is its own cause ends somewhere", () => {
  const error = new Error("x");
  error.cause = error;
  let depth = 0;
  for (let at: unknown = carried(error); at instanceof Error; at = at.cause) depth++;
  expect(depth).toBe(8);
});

test("carried failure: what cannot be cloned becomes a text", () => {
  expect(carried(Symbol("s"))).toBe("Symbol(s)");
  expect(carried({ f: () => {} })).toBe("[object Object]");
  expect(carried(Object.assign(new Error("x"), { retry: () => {} }))).toMatchObject({
    retry: expect.any(String),
  });
});
