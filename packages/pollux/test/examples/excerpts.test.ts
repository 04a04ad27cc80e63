import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { docExcerpts, missingFrom } from "../support/doc-excerpts.ts";
import { workspace } from "../support/packed.ts";

// Where a document shows a part of our own sources, that is how they are.

const src = join(workspace, "packages/pollux/src");

const excerpts = readdirSync(join(workspace, "docs"), { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => `docs/${name.replaceAll("\\", "/")}`)
  .flatMap((path) => docExcerpts(path, readFileSync(join(workspace, path), "utf8")));

describe("docs: excerpts", () => {
  test("there are some", () => {
    expect(excerpts.length).toBeGreaterThan(10);
  });

  for (const excerpt of excerpts) {
    test(`${excerpt.path}:${excerpt.line} shows ${excerpt.source} as it is`, () => {
      expect(excerpt.pieces).not.toEqual([]);
      expect(missingFrom(readFileSync(join(src, excerpt.source), "utf8"), excerpt)).toBeUndefined();
    });
  }
});

describe("missingFrom", () => {
  const source = [
    "class A {",
    "  one(): void {",
    "    two();",
    "    three();",
    "    four();",
    "  }",
    "}",
  ].join("\n");
  const excerpt = (...lines: string[]) => {
    const [found] = docExcerpts("a.md", ["```ts excerpt=a.ts", ...lines, "```"].join("\n"));
    if (found === undefined) throw new Error("no excerpt");
    return found;
  };

  test("indentation does not matter, all else does", () => {
    expect(missingFrom(source, excerpt("one(): void {", "  two();"))).toBeUndefined();
    expect(missingFrom(source, excerpt("one(): void {", "  two()"))).toBe("one(): void {\ntwo()");
  });

  test("lines can be left out where the excerpt says so", () => {
    expect(missingFrom(source, excerpt("two();", "// …", "four();"))).toBeUndefined();
    expect(missingFrom(source, excerpt("two();", "four();"))).toBe("two();\nfour();");
  });

  test("pieces come in the order of the source", () => {
    expect(missingFrom(source, excerpt("four();", "// …", "two();"))).toBe("two();");
  });
});
