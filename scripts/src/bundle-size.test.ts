import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Packed, pack } from "../../packages/pollux/test/support/packed.ts";
import { bundleSize, programs } from "./bundle-size.ts";

let packed: Packed;

beforeAll(() => {
  packed = pack();
});

afterAll(() => packed?.remove());

describe("bundle size", () => {
  for (const { names, limit } of programs) {
    if (limit === undefined || names === "*") continue;
    test(`${names.join(", ")}: at most ${limit} bytes after minification and gzip`, async () => {
      const { gzip } = await bundleSize(packed.project, names);
      expect(gzip).toBeGreaterThan(0);
      expect(gzip, `${gzip} bytes, ${gzip - limit} too many`).toBeLessThanOrEqual(limit);
    });
  }

  test("what is not used is left out", async () => {
    const error = await bundleSize(packed.project, ["TimeoutError"]);
    const all = await bundleSize(packed.project, "*");
    expect(error.gzip).toBeLessThan(all.gzip);
  });

  test("what tells what tasks wait for is there only for a program that asks for it", async () => {
    const has = async (names: readonly string[]): Promise<boolean> => {
      const { modules } = await bundleSize(packed.project, names);
      return modules.some(([path]) => path.endsWith("runtime/findings.js"));
    };
    expect(await has(["co", "run", "Runtime"])).toBe(false);
    expect(await has(["snapshot"])).toBe(true);
    expect(await has(["dumpOnSignal"])).toBe(true);
  });

  test("a name that is not exported is an error", async () => {
    await expect(bundleSize(packed.project, ["nothingOfThatName"])).rejects.toThrow("nothingOfThatName");
  });
});
