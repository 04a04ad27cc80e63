import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadNative } from "../../src/reactor/epoll/native.ts";

const main = fileURLToPath(new URL("../../../../examples/dist/reactor/main.js", import.meta.url));

test.runIf("native" in loadNative())(
  "example of the reactor: a pipe and a timer are read as they become ready",
  () => {
    if (!existsSync(main)) throw new Error(`${main} is missing: run npm run build first`);
    const line = (n: number): string =>
      `the timer has expired, and a line is written\nthe pipe has given 6 bytes: line ${n}\n`;
    expect(execFileSync(process.execPath, [main], { encoding: "utf8", timeout: 10_000 })).toBe(
      `${line(1)}${line(2)}${line(3)}the timer has expired, and the writer goes\nthe pipe has ended\n`,
    );
  },
);
