import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile, expand } from "../src/compile.ts";

const folder = fileURLToPath(new URL("golden/", import.meta.url));
const sources = readdirSync(folder).filter((each) => each.endsWith(".ts"));

for (const file of sources) {
  test(`compile: ${file} becomes what a person would write`, async () => {
    const result = expand(readFileSync(`${folder}${file}`, "utf8"), { filename: file });
    await expect(result?.code).toMatchFileSnapshot(`${folder}${file.replace(/\.ts$/, ".js")}`);
  });

  test(`compile: ${file} becomes the same where no source map is made`, () => {
    const source = readFileSync(`${folder}${file}`, "utf8");
    const plain = compile(source, { filename: file });
    expect(plain?.map?.sources).toEqual([file]);
    expect(compile(source, { filename: file, sourceMap: false })).toEqual({ ...plain, map: null });
  });
}
