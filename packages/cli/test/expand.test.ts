import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { pollux, start } from "./support/pollux.ts";

const golden = (name: string): string => fileURLToPath(new URL(`golden/${name}`, import.meta.url));

describe("expand", () => {
  test("prints each coroutine with its states, as written and as compiled", async () => {
    const { code, stdout, stderr } = await pollux("expand", "retry.ts");
    expect([code, stderr]).toEqual([0, ""]);
    await expect(stdout).toMatchFileSnapshot(golden("expand.txt"));
  });

  test("--function prints one alone", async () => {
    const { code, stdout } = await pollux("expand", "retry.ts", "--function", "shout");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^shout {2}retry\.ts:21 {2}1 state, 1 slot\n/);
    expect(stdout).not.toContain("retry$code");
  });

  test("--layout beside prints the two next to each other", async () => {
    const { code, stdout } = await pollux("expand", "retry.ts", "-f", "shout", "-l", "beside");
    expect(code).toBe(0);
    await expect(stdout).toMatchFileSnapshot(golden("expand-beside.txt"));
  });

  test("colours change nothing but the colours, and NO_COLOR goes before FORCE_COLOR", async () => {
    const plain = await pollux("expand", "retry.ts");
    const colored = await start(["expand", "retry.ts"], { FORCE_COLOR: "1" }).outcome;
    expect(colored.stdout).toContain("\u001b[36mcase 4\u001b[39m:");
    expect(stripVTControlCharacters(colored.stdout)).toBe(plain.stdout);
    const both = await start(["expand", "retry.ts"], { FORCE_COLOR: "1", NO_COLOR: "1" }).outcome;
    expect(both.stdout).toBe(plain.stdout);
  });

  test("a coroutine in another one, or in a class, is shown with the statement around it", async () => {
    const { stdout } = await pollux("expand", "nested.ts", "--function", "get");
    expect(stdout).toMatch(/^get {2}nested\.ts:\d+ {2}1 state/);
    expect(stdout).toContain("class Client {");
    expect(stdout).not.toContain("const both");
    const both = await pollux("expand", "nested.ts", "--function", "both");
    expect(both.stdout).toMatch(/^both {2}nested\.ts:3 .*\n.*\nlength {2}nested\.ts:4 /);
  });

  test("a coroutine in a statement without a name is shown with that", async () => {
    const { stdout } = await pollux("expand", "statement.ts");
    expect(stdout).toMatch(/^\(anonymous\) {2}statement\.ts:6 {2}1 state, 0 slots\n/);
    expect(stdout).toMatch(/─\nawait run\(\n {2}co\(async \(\) => \{\n[\s\S]*\n\);\n\n── compiled/);
    expect(stdout).toMatch(/\nawait run\(coroutine\([\s\S]*\);\n$/);
    expect(stdout).not.toContain("loading");
  });

  test("a name that is none is answered with those that there are", async () => {
    expect(await pollux("expand", "retry.ts", "--function", "shuot")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: "error: retry.ts has no coroutine shuot\n(It has retry, shout)\n",
    });
  });

  test("a file without coroutines is said to have none", async () => {
    const { code, stderr } = await pollux("expand", "loaded.ts");
    expect([code, stderr]).toEqual([1, expect.stringContaining("loaded.ts has no coroutines")]);
  });

  test("a file that cannot be compiled ends with 1 and a code frame", async () => {
    const { code, stdout, stderr } = await pollux("expand", "eval.ts");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("> 6 |   return eval(code);");
  });
});
