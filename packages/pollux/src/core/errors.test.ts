import { describe, expect, test } from "vitest";
import * as errors from "./errors.ts";
import { attachErrors, furtherErrors } from "./further-errors.ts";

type ErrorClass = new (...args: unknown[]) => errors.PolluxError;

/** The classes that the module exports, the abstract one apart. Their arguments do not matter here. */
const classes = Object.entries(errors as unknown as Record<string, ErrorClass>).filter(
  ([, value]) => value.prototype instanceof errors.PolluxError,
);

describe("errors", () => {
  test("each class has a name and a stable code of its own, and all are PolluxErrors", () => {
    const codes = new Set<string>();
    for (const [name, Class] of classes) {
      const error = new Class("x", []);
      expect(error.name).toBe(name);
      expect(error.code).toMatch(/^POLLUX_[A-Z_]+$/);
      expect(codes.has(error.code)).toBe(false);
      codes.add(error.code);
    }
    expect(codes.size).toBeGreaterThan(10);
  });

  test("CancelledError has the reason as its cause, or none", () => {
    expect(new errors.CancelledError("why").cause).toBe("why");
    expect("cause" in new errors.CancelledError()).toBe(false);
  });

  test("CleanupError tells what failed, for what reason, and what had been won", () => {
    const inner = new Error("a");
    const error = new errors.CleanupError("why", [inner, "b"], 7);
    expect(error).toMatchObject({ cause: "why", errors: [inner, "b"], winner: 7 });
    expect(error.message).toMatch(/2 errors: Error: a; "b"/);
  });

  test("describe never throws and never runs user code", () => {
    const hostile = Object.create(null, {
      toString: {
        get: () => {
          throw new Error("ran");
        },
      },
    });
    for (const value of [hostile, Symbol("x"), 1n, () => {}, [], new Map(), null, undefined]) {
      expect(typeof errors.describe(value)).toBe("string");
    }
  });
});

describe("furtherErrors", () => {
  test("keeps what is attached, without repetition, and nothing of the error is written", () => {
    const first = Object.freeze(new Error("first"));
    const [a, b] = [new Error("a"), new Error("b")];
    expect(furtherErrors(first)).toEqual([]);
    expect(attachErrors(first, [a, first, a])).toBe(true);
    expect(attachErrors(first, [b, a])).toBe(true);
    expect(furtherErrors(first)).toEqual([a, b]);
    expect(Object.keys(first)).toEqual([]);
  });

  test("a primitive cannot carry any, and has none", () => {
    for (const value of ["text", 5, null, undefined]) {
      expect(attachErrors(value, [new Error("a")])).toBe(false);
      expect(furtherErrors(value)).toEqual([]);
    }
  });
});
