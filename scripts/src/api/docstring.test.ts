import { describe, expect, test } from "vitest";
import { docstring, summary } from "./docstring.ts";

const parse = (...lines: string[]) => docstring(`*\n${lines.map((line) => ` * ${line}`).join("\n")}\n `);

describe("docstring", () => {
  test("a comment of one line is its description", () => {
    expect(docstring("* Says so. ")).toEqual({ description: "Says so.", tags: [] });
  });

  test("keeps paragraphs and lists as they are", () => {
    const { description } = parse("One.", "", "- a", "- b");
    expect(description).toBe("One.\n\n- a\n- b");
  });

  test("a tag goes on over lines, up to the next one", () => {
    const { tags } = parse("Text.", "@param ms - how", "  long", "@throws RangeError if negative");
    expect(tags).toEqual([
      { name: "param", text: "ms - how\n  long" },
      { name: "throws", text: "RangeError if negative" },
    ]);
  });

  test("an empty line ends a tag: what follows is description again", () => {
    const { description, tags } = parse("Text.", "@throws what it fails with", "", "Source: a paper.");
    expect(description).toBe("Text.\n\nSource: a paper.");
    expect(tags).toEqual([{ name: "throws", text: "what it fails with" }]);
  });

  test("an example keeps empty lines, and what looks like a tag in its code", () => {
    const { tags } = parse("Text.", "@example A title", "```ts", "@decorated", "", "class A {}", "```");
    expect(tags).toEqual([{ name: "example", text: "A title\n```ts\n@decorated\n\nclass A {}\n```" }]);
  });
});

describe("summary", () => {
  test("is the first sentence", () => {
    expect(summary(parse("Waits. Then goes on."))).toBe("Waits.");
    expect(summary(parse("Waits for", "`a.b` and ends", "", "More."))).toBe("Waits for `a.b` and ends");
  });

  test("ends before a list", () => {
    expect(summary(parse("What it does when late:", "- nothing"))).toBe("What it does when late.");
  });
});
