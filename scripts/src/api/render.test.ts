import { describe, expect, test } from "vitest";
import { docstring } from "./docstring.ts";
import type { ApiMember, ApiSymbol } from "./model.ts";
import { type PageSpec, renderApi } from "./render.ts";

const symbol = (name: string, path: string, doc: string, members: ApiMember[] = []): ApiSymbol => ({
  name,
  kind: "class",
  path,
  line: 1,
  signatures: [`class ${name}`],
  doc: docstring(doc),
  members,
  returns: "",
});

const method = (name: string, doc: string): ApiMember => ({
  name,
  kind: "method",
  isStatic: false,
  overrides: false,
  signatures: [`${name}(): void`],
  doc: docstring(doc),
  returns: "void",
});

const page = (file: string): PageSpec => ({
  file,
  title: `All of ${file}`,
  intro: `About ${file}.`,
  takes: (path) => path.startsWith(`${file}/`),
});

const render = (...symbols: ApiSymbol[]): Map<string, string> =>
  renderApi(symbols, { pages: [page("a"), page("b"), page("c")], sources: "../src/", intro: "Everything." });

describe("renderApi", () => {
  test("makes a page for each group that has symbols, and an index of all", () => {
    const files = render(
      symbol("Lock", "a/lock.ts", "Locks."),
      symbol("Timer", "b/timer.ts", "Ticks. Or not."),
    );
    expect([...files.keys()]).toEqual(["a.md", "b.md", "README.md"]);
    expect(files.get("README.md")).toContain("| [`Timer`](b.md#timer) | class | Ticks. |");
    expect(files.get("b.md")).toContain("[b/timer.ts](../src/b/timer.ts)");
  });

  test("links lead to symbols and members, on whatever page; what is not public stays code", () => {
    const files = render(
      symbol(
        "Lock",
        "a/lock.ts",
        "See {@link Timer.stop}, {@link take}, {@link Lock | locks} and {@link Inner}.",
        [method("take", "Takes it.")],
      ),
      symbol("Timer", "b/timer.ts", "Ticks.", [method("stop", "Stops.")]),
    );
    expect(files.get("a.md")).toContain(
      "See [`Timer.stop`](b.md#timerstop), [`take`](#locktake), [locks](#lock) and `Inner`.",
    );
  });

  test("code that names a class is a link to it, but on its own place", () => {
    const files = render(
      symbol("Lock", "a/lock.ts", "A `Lock` throws `ClosedError`, never `Other`."),
      symbol("ClosedError", "b/errors.ts", "Closed."),
    );
    expect(files.get("a.md")).toContain("A `Lock` throws [`ClosedError`](b.md#closederror), never `Other`.");
  });

  test("a method that is named by a symbol is no link in its heading, and can be linked to", () => {
    const lock = symbol("Lock", "a/lock.ts", "{@link Lock.[Symbol.iterator]}", [
      method("[Symbol.iterator]", "Goes."),
    ]);
    const text = render(lock).get("a.md");
    expect(text).toContain("### Lock\\[Symbol.iterator\\]()");
    expect(text).toContain("(#locksymboliterator)");
  });

  test("a heading that comes again is numbered, as where the page is shown", () => {
    const files = render(
      symbol("Scope", "a/s.ts", "One."),
      symbol("scope", "a/s.ts", "Makes a {@link Scope}."),
    );
    expect(files.get("README.md")).toContain("[`scope`](a.md#scope-1)");
    expect(files.get("a.md")).toContain("Makes a [`Scope`](#scope).");
  });

  test("tags become lists, with links to the classes of errors", () => {
    const files = render(
      symbol(
        "Lock",
        "a/lock.ts",
        "*\n * Locks.\n * @param ms - how long\n * @throws ClosedError, as the error\n ",
      ),
      symbol("ClosedError", "b/errors.ts", "Closed."),
    );
    expect(files.get("a.md")).toContain("**Parameters**\n\n- `ms`: how long\n");
    expect(files.get("a.md")).toContain("**Throws**\n\n- [`ClosedError`](b.md#closederror), as the error\n");
  });

  test("a source that belongs on no page is an error", () => {
    expect(() => render(symbol("Odd", "z/odd.ts", "Odd."))).toThrow("z/odd.ts belongs on no page");
  });
});
