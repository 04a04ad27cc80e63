import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { workspace } from "../support/packed.ts";
import { publicNames } from "../support/public-names.ts";

// What the documents name has to be there: files, headings and exports.

const documents = [
  ...readdirSync(workspace),
  ...readdirSync(join(workspace, "docs"), { recursive: true, encoding: "utf8" }).map(
    (name) => `docs/${name.replaceAll("\\", "/")}`,
  ),
  "packages/pollux/README.md",
].filter((path) => /\.(?:md|txt)$/.test(path));

const read = (path: string): string => readFileSync(join(workspace, path), "utf8");

/** Text without the blocks of code. */
const prose = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, "");

/** As GitHub makes an anchor of a heading, before it numbers those that are the same. */
const anchor = (heading: string): string =>
  heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .trim()
    .replaceAll(/\s/g, "-");

const headings = (path: string): string[] => {
  const seen = new Map<string, number>();
  return [...prose(read(path)).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
    const text = anchor(heading);
    const count = seen.get(text) ?? 0;
    seen.set(text, count + 1);
    return count === 0 ? text : `${text}-${count}`;
  });
};

describe.each(documents)("docs: %s", (path) => {
  const text = prose(read(path));

  test("links to files and headings that are there", () => {
    const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, target = ""]) => {
      if (/^https?:/.test(target)) return [];
      const [file = "", heading] = target.split("#");
      const to = file === "" ? path : join(dirname(path), file);
      if (!existsSync(join(workspace, to))) return [target];
      return heading === undefined || headings(to).includes(heading) ? [] : [target];
    });
    expect(broken).toEqual([]);
  });

  test("names files and folders that are there", () => {
    const roots = ["", "packages/pollux", "packages/pollux/src", "packages/pollux/test", "packages/http/src"];
    const missing = [...text.matchAll(/`([\w.-]+(?:\/[\w.-]+)*\/|[\w.-]+(?:\/[\w.-]+)+\.\w+)`/g)]
      .map(([, name = ""]) => name)
      .filter((name) => !/^dist\/|\/dist\/$/.test(name))
      .filter((name) => !roots.some((root) => existsSync(join(workspace, root, name))));
    expect(missing).toEqual([]);
  });
});

test("docs: README.md names what the package exports", () => {
  const [, section = ""] = read("README.md").split("\n## What is in it\n");
  const rows = (section.split("\n## ")[0] ?? "").match(/^\|.*\|$/gm) ?? [];
  const host = new Set(["AbortSignal", "AsyncLocalStorage"]);
  const named = rows
    .flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name))
    .filter((name) => !host.has(name));
  const names = publicNames(join(workspace, "packages/pollux/src/index.ts"));
  expect(named.length).toBeGreaterThan(30);
  expect(named.filter((name) => !names.has(name))).toEqual([]);
});

test("ARCHITECTURE.md has a reason for each dependency", () => {
  const [, reasons = ""] = read("ARCHITECTURE.md").split("\n## Dependencies\n");
  const manifests = [
    "",
    "packages/pollux",
    "packages/http",
    "packages/compiler",
    "packages/cli",
    "examples",
    "bench",
    "scripts",
  ];
  const names = manifests.flatMap((folder) => {
    const { dependencies, devDependencies } = JSON.parse(read(join(folder, "package.json")));
    return Object.keys({ ...dependencies, ...devDependencies });
  });
  const ours = /^(?:pollux|@pollux\/.*)$/;
  expect(names.filter((name) => !ours.test(name) && !reasons.includes(`\`${name}\``))).toEqual([]);
});
