import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileC, hasCommand } from "../support/compile-c.ts";
import { reactors } from "../support/reactors.ts";

// Two hosts with a line between them that is slow, loses packets, and is cut in the end.

const PROGRAM = fileURLToPath(new URL("../support/lossy-line-program.mjs", import.meta.url));

/** What the line ends with where it cannot be made. */
const NOT_HERE = 77;

const DELAY_MS = 20;
const LOSS_PERMILLE = 10;
const SEED = 42;

let directory: string;
let link: string | undefined;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "pollux-line-"));
  if (process.platform !== "linux" || !hasCommand("cc")) return;
  link = join(directory, "lossy-link");
  compileC("cc", "lossy-link", link);
});

afterAll(() => rmSync(directory, { recursive: true }));

describe.each(reactors)("a bad line, on the %s reactor", (name) => {
  test("loses nothing of a transfer while it is up, and time-outs end what waits once it is cut", {
    timeout: 60_000,
  }, ({ skip }) => {
    if (link === undefined) return skip("it takes Linux and a C compiler");
    const line = [DELAY_MS, LOSS_PERMILLE, SEED].map(String);
    const { stdout, stderr, status } = spawnSync(link, [...line, process.execPath, PROGRAM, name], {
      encoding: "utf8",
      timeout: 55_000,
    });
    skip(status === NOT_HERE, `network namespaces are not to be had here: ${stderr.trim()}`);
    expect(stderr).toBe("");
    const late = { name: "TimeoutError", code: "POLLUX_TIMEOUT" };
    expect(JSON.parse(stdout)).toEqual({
      reactor: name,
      isWhole: true,
      noRoute: { name: "Error", code: "ENETUNREACH", syscall: "connect" },
      refused: { name: "Error", code: "ECONNREFUSED", syscall: "connect" },
      read: late,
      write: late,
      connect: late,
      // The task that counts is there still.
      alive: 1,
      timers: 0,
      sources: 0,
      outstanding: 0,
    });
    expect(status).toBe(0);
  });
});
