import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { docBlocks } from "../support/doc-blocks.ts";
import { type DocProgram, docProgram, type Surroundings } from "../support/doc-program.ts";
import { DocProject } from "../support/doc-project.ts";

// That docs.test.ts passes says something only if a wrong example fails there: these are wrong, each in its own way.

const around: Surroundings = {
  package: "pollux",
  names: new Map([
    ["co", "value"],
    ["Future", "value"],
    ["run", "value"],
    ["yieldNow", "value"],
    ["Suspend", "type"],
  ]),
  recorder: "../../support/doc-recorder.ts",
};

/** What of a document is wrong, and in which line; the programs are checked and run as those of the real ones are. */
const cases: [what: string, code: string, types: string | null, problem: string | null][] = [
  ["nothing: statements", 'console.log(await run(co(function* () { return "a"; })())); // "a"', null, null],
  [
    "nothing: a coroutine's body",
    "yield* yieldNow();\nconst n: number = 1;\nconsole.log(n); // 1",
    null,
    null,
  ],
  [
    "nothing: a module",
    'import { Pending } from "pollux";\nconst pending: typeof Pending = Pending;\nconsole.log(typeof pending); // symbol',
    null,
    null,
  ],
  [
    "nothing: a name that is public, used for something else",
    "const run = (n: number) => n;\nconsole.log(run(2)); // 2",
    null,
    null,
  ],
  ["nothing: a line that prints twice", "for (const n of [1, 2]) console.log(n); // 1, then 2", null, null],
  [
    "nothing: a result in the next line",
    'console.log([1, "b"], new Error("no"));\n// => [1, "b"] Error: no',
    null,
    null,
  ],
  [
    "a wrong output",
    "const n = 1;\nconsole.log(n); // 2",
    null,
    `:2: the comment says "2", and what is printed is: 1`,
  ],
  [
    "an output that never comes",
    'if (Date.now() === 0) console.log("x"); // x',
    null,
    `:1: the comment says "x", and what is printed is: nothing`,
  ],
  ["an output in a module", 'import "pollux";\nconsole.log(1); // 2', null, ":2: the comment says"],
  ["an output in a coroutine", "yield* yieldNow();\nconsole.log(1); // 2", null, ":2: the comment says"],
  ["an error", 'throw new Error("it broke");', null, "it broke"],
  ["an error in a coroutine", 'yield* yieldNow();\nthrow new Error("it broke");', null, "it broke"],
  ["an error in a module", 'import "pollux";\nthrow new Error("it broke");', null, "it broke"],
  ["a rejection", "await run(co(function* () { throw new Error('late'); })());", null, "late"],
  ["a wrong type", 'let n = 1;\nn = 2;\n n = "two";', ":3: TS2322", null],
  ["a wrong type in a coroutine", 'yield* yieldNow();\nconst n: number = "two";', ":2: TS2322", null],
  ["a wrong type in a module", 'import { co } from "pollux";\n\nco(7);', ":3: TS2769", null],
  ["a name that nothing has", "const n = 1;\nconsole.log(m);", ":2: TS2304: Cannot find name 'm'.", null],
  ["a name that is not public", "Frame;", "(src/index.ts does not export it; src/core/frame.ts does)", null],
];

const documents = new Map<string, DocProgram>();
for (const [what, code] of cases) {
  const [block] = docBlocks("wrong.md", `\`\`\`ts\n${code}\n\`\`\``);
  if (block === undefined) throw new Error(`no block: ${what}`);
  // As if the block were the first of its file.
  documents.set(what, docProgram({ ...block, line: 1 }, `case-${documents.size}`, around));
}

let project: DocProject;
let typeErrors: ReadonlyMap<DocProgram, string[]>;

beforeAll(() => {
  project = new DocProject([...documents.values()]);
  typeErrors = project.typeErrors();
}, 120_000);

afterAll(() => project?.remove());

describe("docs: an example is run, and fails by", () => {
  for (const [what, , types, problem] of cases) {
    test(what, async () => {
      const program = documents.get(what) as DocProgram;
      const errors = typeErrors.get(program) ?? [];
      if (types === null) expect(errors).toEqual([]);
      else expect(errors.join("\n")).toMatch(/^wrong\.md:\d+: .*/);
      expect(errors.join("\n")).toContain(types ?? "");
      if (types !== null) return;
      const found = await project.run(program).catch((error) => [String(error)]);
      if (problem === null) expect(found).toEqual([]);
      else expect(found.join("\n")).toContain(problem);
    });
  }
});

test("docs: a coroutine's body runs with a paused clock", async () => {
  const names = new Map([...around.names, ["sleep", "value"] as const, ["now", "value"] as const]);
  const [block] = docBlocks("a.md", "```ts\nyield* sleep(1_000_000);\nconsole.log(now()); // 1000000\n```");
  if (block === undefined) throw new Error("no block");
  const program = docProgram(block, "paused", { ...around, names });
  const paused = new DocProject([program]);
  try {
    expect(await paused.run(program)).toEqual([]);
  } finally {
    paused.remove();
  }
});

describe("docs: the blocks of a file", () => {
  const fence = "```";

  test("are those of TypeScript, with the line where their code begins", () => {
    const text = ["# Title", "", `${fence}sh`, "npm ci", fence, `${fence}ts`, "a();", "b();", fence].join(
      "\n",
    );
    expect(docBlocks("x.md", text)).toEqual([{ path: "x.md", line: 7, code: "a();\nb();", runs: true }]);
  });

  test("lose the indentation of the list that they stand in, and no other", () => {
    const text = ["- x", `  ${fence}ts`, "  if (a)", "    b();", `  ${fence}`].join("\n");
    expect(docBlocks("x.md", text)[0]?.code).toBe("if (a)\n  b();");
  });

  test("are those of the comments in a source, without their stars", () => {
    const text = [
      "/**",
      " * Does it.",
      " *",
      " * @example With a caption.",
      ` * ${fence}ts`,
      " * if (a) {",
      " *   b();",
      " * }",
      ` * ${fence}`,
      " */",
      `export const text = "${fence}ts";`,
    ].join("\n");
    expect(docBlocks("x.ts", text)).toEqual([
      { path: "x.ts", line: 6, code: "if (a) {\n  b();\n}", runs: true },
    ]);
  });

  test("can opt out of being run", () => {
    expect(docBlocks("x.md", `${fence}ts no-run\na();\n${fence}`)[0]?.runs).toBe(false);
  });

  test("must have an end", () => {
    expect(() => docBlocks("x.md", `${fence}ts\na();`)).toThrow("x.md:1: this block has no end");
    expect(() => docBlocks("x.ts", `/**\n * ${fence}ts\n * a();\n */\nb();`)).toThrow("x.ts:2:");
  });

  test("know no other words", () => {
    expect(() => docBlocks("x.md", `${fence}ts norun\na();\n${fence}`)).toThrow(
      'x.md:1: what does "norun" mean',
    );
  });

  test("are there for each @example", () => {
    const without = (rest: string): string => `/**\n * @example\n * sleep(1)\n${rest} */\nfoo();`;
    const message = "x.ts:2: an @example without a";
    expect(() => docBlocks("x.ts", without(""))).toThrow(message);
    expect(() => docBlocks("x.ts", without(" *\n * @throws Error\n"))).toThrow(message);
    expect(() => docBlocks("x.ts", without(` * ${fence}ts\n * sleep(1)\n * ${fence}\n`))).not.toThrow();
  });
});

describe("docs: a block that cannot become a program", () => {
  const program = (code: string): DocProgram =>
    docProgram({ path: "x.md", line: 10, code, runs: true }, "x", around);

  test("is named with the line of its mistake", () => {
    expect(() => program("const a = 1;\nconst = 2;")).toThrow(/^x\.md:11: /);
  });

  test("may not promise what nothing checks", () => {
    expect(() => program("const n = 1 + 1; // => 2")).toThrow(`x.md:10: "=> 2" stands behind no console.log`);
    expect(() => program("console.log(1);\nfoo();\n// => 1")).toThrow("x.md:12:");
  });
});
