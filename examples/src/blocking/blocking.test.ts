import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const program = fileURLToPath(new URL("../../dist/blocking/main.js", import.meta.url));

function nonceOf(text: string): number {
  const hash = (nonce: number): string => createHash("sha256").update(`${text}/${nonce}`).digest("hex");
  let nonce = 0;
  while (!hash(nonce).startsWith("000")) nonce++;
  return nonce;
}

test("blocking: the example mines in threads while the loop turns, and ends by itself", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 30_000 });
  const genesis = `genesis/${nonceOf("genesis")}`;
  expect(stderr).toBe("");
  expect(stdout.split("\n")).toEqual([
    `${genesis} then ${nonceOf(genesis)}`,
    "the loop turned meanwhile",
    "late: the thread has ended its search",
    "true true true",
    "",
  ]);
});
