import { describe, expect, test } from "vitest";
import { pollux } from "./support/pollux.ts";

describe("check", () => {
  test("prints errors with the lines around them, and ends with 1", async () => {
    const { code, stdout } = await pollux("check", "eval.ts", "retry.ts");
    expect(code).toBe(1);
    expect(stdout).toMatchInlineSnapshot(`
      "eval.ts:6:10 error POLLUX_COMPILE_EVAL
      a coroutine with a direct \`eval\` cannot be compiled: the code in it could mean any variable. Call it as \`(0, eval)(code)\`, or outside of the coroutine.

        4 |   await sleep(1);
        5 |   // biome-ignore lint/security/noGlobalEval: what the compiler refuses
      > 6 |   return eval(code);
          |          ^
        7 | });

      1 error, 0 warnings in 2 files
      "
    `);
  });

  test("prints warnings, and ends with 0", async () => {
    const { code, stdout } = await pollux("check", "leaves.ts");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^leaves\.ts:9:20 warning POLLUX_COMPILE_FINALLY_LEAVES\n/);
    expect(stdout).toMatch(/\n0 errors, 1 warning in 1 file\n$/);
  });

  test("takes folders", async () => {
    const { code, stdout } = await pollux("check", ".");
    expect([code, stdout]).toEqual([1, expect.stringMatching(/\n1 error, 1 warning in \d\d files\n$/)]);
  });

  test("a file that is not there is a mistake in the use of the command", async () => {
    expect(await pollux("check", "retry.ts", "none.ts")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: "error: no such file: none.ts\n",
    });
  });
});
