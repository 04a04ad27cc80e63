import { expect, test } from "vitest";
import { runScript } from "./realm.ts";
import { rewrite } from "./rewrite.ts";

// The tests of the language are not in the repository: these hold what runs them to the runtime that it stands on.
const source = `
async function add(a) { return a + (await Promise.resolve(1)); }
const log = [];
async function* count() {
  try { yield await add(0); yield* [2, 3]; } finally { await null; log.push("closed"); }
}
(async function () {
  for await (const n of count()) { log.push(n); if (n === 2) break; }
  if (log.join() !== EXPECTED) throw new Error(log.join());
  try { await (async () => { throw new Error("told"); })(); } catch (error) { return error.message; }
})().then((told) => print(told === "told" ? "Test262:AsyncTestComplete" : told), (error) => print(error.message));
`;

const run = (mode: "native" | "spec" | "poll", expected: string): Promise<string | null> => {
  const script = source.replace("EXPECTED", JSON.stringify(expected));
  return runScript([], mode === "native" ? script : (rewrite(script, false) ?? ""), mode, true);
};

for (const mode of ["native", "spec", "poll"] as const) {
  test(`test262: async functions and generators run in a realm, mode ${mode}`, async () => {
    expect(await run(mode, "1,2,closed")).toBeNull();
    expect(await run(mode, "1,2,3")).toBe("1,2,closed");
  });
}
