import { type Future, run, yieldNow } from "pollux";
import { describe, expect, test } from "vitest";
import { compile } from "../src/compile.ts";
import { compiled } from "./support/evaluate.ts";

/** A coroutine that keeps so many variables across a wait. */
function keeping(count: number, name: string): string {
  const variables = Array.from({ length: count }, (_, i) => `v${i}`);
  return `export const ${name} = co(async () => {
    ${variables.map((each, i) => `const ${each} = given(${i});`).join("\n")}
    await yieldNow();
    return [${variables.join(", ")}];
  });`;
}

const globals = { yieldNow, given: (i: number): string => `value ${i}` };

describe("frames", () => {
  for (const count of [0, 1, 2, 3, 4, 8, 9, 20]) {
    test(`${count} variables outlast a wait`, async () => {
      const source = `import { co } from "pollux";\n${keeping(count, "main")}`;
      const main = compiled(source, globals)["main"] as () => Future<string[]>;
      expect(await run(main())).toEqual(Array.from({ length: count }, (_, i) => `value ${i}`));
      expect(compile(source, { filename: "a.js" })?.manifest[0]?.slots).toBe(count);
    });
  }

  test("coroutines share the classes of their frames; one that needs more slots than those have has its own", () => {
    const source = `import { co } from "pollux";
      ${[2, 3, 4, 8, 9].map((count) => keeping(count, `keeps${count}`)).join("\n")}
      export const inner = ((outer) => co(async () => { await yieldNow(); return outer; }))(1);`;
    const coroutines = compiled(source, globals) as Record<string, () => Future<unknown>>;
    const classOf = (name: string): unknown => coroutines[name]?.().constructor;
    expect(classOf("keeps2")).toBe(classOf("keeps3"));
    expect(classOf("keeps4")).toBe(classOf("keeps8"));
    expect(classOf("keeps3")).not.toBe(classOf("keeps4"));
    expect((classOf("keeps9") as { name: string }).name).toBe("keeps9$Frame");
    expect((classOf("inner") as { name: string }).name).toBe("Frame1");
  });
});
