import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { collectTests } from "../support/collect-tests.ts";
import { workspace } from "../support/packed.ts";

// docs/conformance.md says how many cases of each suite there are, apply and pass. Here it is held to the tests that
// there are: each is called after the case, or the cases, that it stands for.

/** Where the tests of suites are: those of HTTP are in the package that they are about. */
const folders = ["packages/pollux/test/conformance", "packages/http/test/conformance"].map((path) =>
  join(workspace, path),
);
const page = readFileSync(join(workspace, "docs/conformance.md"), "utf8");

interface Row {
  readonly suite: string;
  readonly upstream: number;
  readonly apply: number;
  readonly pass: number;
}

const rows: Row[] = [...page.matchAll(/^\| \[([\w/-]+)\]\(\S+\) \| (\d+) \| (\d+) \| (\d+) \|/gm)].map(
  ([, suite = "", upstream, apply, pass]) => ({
    suite,
    upstream: Number(upstream),
    apply: Number(apply),
    pass: Number(pass),
  }),
);

/** The cases that the section of a suite lists in the table with this heading. */
function listed(suite: string, heading: string): string[] {
  const [, section = ""] = page.split(`\n## ${suite}\n`);
  const [, table = ""] = (section.split("\n## ")[0] ?? "").split(`| ${heading} |`);
  const cells = (table.split("\n\n")[0] ?? "").match(/^\|(?! *-)[^|]+\|/gm) ?? [];
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

/** The files of the suites that have one. */
const paths = new Map(
  folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .map((path) => path.replaceAll("\\", "/"))
      .filter((path) => path.endsWith(".test.ts") && path !== "page.test.ts")
      .map((path): [string, string] => [path.slice(0, -".test.ts".length), join(folder, path)]),
  ),
);
const suites = [...paths.keys()].sort();

const pathOf = (suite: string): string => paths.get(suite) ?? "";

/** The names of the tests of each suite. */
let tests: ReadonlyMap<string, string[]>;

beforeAll(async () => {
  // promises-aplus is run as it is, and counts its own cases.
  const named = suites.filter((suite) => suite !== "promises-aplus");
  tests = await collectTests(new Map(named.map((suite) => [suite, pathOf(suite)])));
}, 60_000);

/**
 * The cases that a test is called after: `group > case, case: rule`, or `suite: case: rule` where a file has several
 * suites. All tests of a group that is called `case: …` are of that one case.
 */
function casesOf(name: string): string[] {
  const parts = name.split(" > ");
  const at = parts.findIndex((part) => part.includes(": "));
  const [, suite = "", names = ""] = /^(\w+: (?=\w+(?:, \w+)*: ))?(.+?): /.exec(parts[at] ?? "") ?? [];
  return names.split(", ").map((each) => [...parts.slice(0, at), suite + each].join(" > "));
}

test("conformance page: has a row and a section for each suite, and no others", () => {
  // Of some suites all that applies is tested in the file of another one.
  const files = rows.filter(
    ({ suite }) => suites.includes(suite) || listed(suite, "tested elsewhere").length === 0,
  );
  expect(files.map(({ suite }) => suite).sort()).toEqual(suites);
  const sections = [...page.matchAll(/^## (\S+)$/gm)].map(([, suite]) => suite);
  expect(sections).toEqual(rows.map(({ suite }) => suite));
});

describe("conformance page: the numbers are those of the tests", () => {
  for (const { suite, upstream, apply, pass } of rows) {
    if (suite === "promises-aplus") continue;
    test(suite, () => {
      const tested = new Set((tests.get(suite) ?? []).flatMap(casesOf));
      const elsewhere = listed(suite, "tested elsewhere");
      const out = listed(suite, "does not apply");
      const failing = listed(suite, "does not pass");
      expect(new Set([...tested, ...elsewhere, ...out]).size).toBe(
        tested.size + elsewhere.length + out.length,
      );
      expect({ apply, upstream, pass }).toEqual({
        apply: tested.size + elsewhere.length,
        upstream: apply + out.length,
        pass: apply - failing.length,
      });
      const source = suites.includes(suite) ? readFileSync(pathOf(suite), "utf8") : "";
      if (failing.length === 0) expect(source).not.toMatch(/\b(?:test|describe)\.(?:skip|todo|fails|only)/);
    });
  }

  test("promises-aplus", () => {
    const source = readFileSync(pathOf("promises-aplus"), "utf8");
    const count = Number(/const CASES = (\d+)/.exec(source)?.[1]);
    const row = rows.find(({ suite }) => suite === "promises-aplus");
    expect(row).toEqual({ suite: "promises-aplus", upstream: count, apply: count, pass: count });
  });

  test("in all", () => {
    const [, ...total] = /^\| \*\*in all\*\* \| (\d+) \| (\d+) \| (\d+) \|/m.exec(page) ?? [];
    // The hundreds of promises-aplus would hide the others.
    const named = rows.filter(({ suite }) => suite !== "promises-aplus");
    const sum = (key: "upstream" | "apply" | "pass"): number => named.reduce((all, row) => all + row[key], 0);
    expect(total.map(Number)).toEqual([sum("upstream"), sum("apply"), sum("pass")]);
  });
});
