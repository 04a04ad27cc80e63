import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Docstring } from "./api/docstring.ts";
import { apiReference, folder, publicApi } from "./api-reference.ts";

const symbols = publicApi();

/** Docstrings of what waits: of functions and methods that return a future. */
const waiting = symbols.flatMap((symbol) => [
  { name: symbol.name, returns: symbol.returns, doc: symbol.doc },
  ...symbol.members.map(({ name, returns, doc }) => ({ name: `${symbol.name}.${name}`, returns, doc })),
]);

describe("the API reference", () => {
  test("is what `npm run docs` makes of the docstrings: run it after a change", () => {
    const files = apiReference();
    expect(readdirSync(folder).sort()).toEqual([...files.keys()].sort());
    for (const [name, text] of files) expect(readFileSync(join(folder, name), "utf8"), name).toBe(text);
  });

  test("has no link that was not resolved", () => {
    for (const [name, text] of apiReference()) expect(text, name).not.toMatch(/\{@/);
  });
});

describe("docstrings", () => {
  test("every public symbol has one", () => {
    expect(symbols.filter(({ doc }) => doc === null).map(({ name }) => name)).toEqual([]);
  });

  test("so has every public method", () => {
    // What is called "…Like" is the shape of another library's object, whose documentation says what its methods do.
    const ours = symbols.filter(({ name }) => !name.endsWith("Like"));
    const missing = ours.flatMap(({ name, members }) =>
      members
        .filter((member) => member.kind === "method" && member.doc === null && !member.name.startsWith("["))
        .map((member) => `${name}.${member.name}`),
    );
    expect(missing).toEqual([]);
  });

  test("what returns a future says what a cancel loses", () => {
    const futures = waiting.filter(({ returns }) => /^(?:Future|Notified|Sleep)\b/.test(returns));
    expect(futures.length).toBeGreaterThan(80);
    // "See" and "As" another one, which says so in its turn.
    const says = /\*\*Cancel safety\.\*\*|^(?:See|As) \{@link /;
    const silent = futures.filter(({ doc }) => !says.test(doc?.description ?? ""));
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  // Other classes are shown where the function is that makes them.
  test("every function shows an example, and every class with a public constructor, or a method of it", () => {
    const shown = symbols.filter(
      ({ kind, path, members }) =>
        !path.endsWith("errors.ts") &&
        (kind === "function" ||
          (kind === "class" && members.some((member) => member.kind === "constructor"))),
    );
    expect(shown.length).toBeGreaterThan(50);
    const hasExample = (doc: Docstring | null): boolean =>
      doc?.tags.some(({ name }) => name === "example") === true;
    const bare = shown.filter(
      ({ doc, members }) => ![doc, ...members.map((each) => each.doc)].some(hasExample),
    );
    expect(bare.map(({ name }) => name)).toEqual([]);
  });
});
