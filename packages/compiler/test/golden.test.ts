import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { expand } from "../src/compile.ts";

const folder = fileURLToPath(new URL("golden/", import.meta.url));
const sources = readdirSync(folder).filter((each) => each.endsWith(".ts"));

for (const file of sources) {
  test(`compile: ${file} becomes what a person would write`, async () => {
    const result = expand(readFileSync(`${folder}${file}`, "utf8"), { filename: file });
    await expect(result?.code).toMatchFileSnapshot(`${folder}${file.replace(/\.ts$/, ".js")}`);
  });
}
