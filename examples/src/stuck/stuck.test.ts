import { execFile } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

/*
 * Each program of this folder is run, as built, and is to say on stderr what it is stuck at. What they say stands in
 * docs/stuck.md, which is checked here, and written anew with UPDATE_DOCS=1.
 */

const workspace = fileURLToPath(new URL("../../../", import.meta.url));
const page = `${workspace}docs/stuck.md`;

/** What the report has to name. */
const culprits: Record<string, RegExp> = {
  "two-locks":
    /^deadlock: task 2 \(transfer\) holds mutex #\d "accounts" and waits for mutex #\d "journal", held by task 3 \(audit\), which waits for mutex #\d "accounts"$/m,
  "cyclic-join":
    /^deadlock: task 2 \(first\) waits for the end of task 3 \(second\), which waits for the end of task 2 \(first\)$/m,
  upgrade: /^deadlock: task 1 \(main\) waits for RwLock #1 "config", which it holds itself$/m,
  "kept-permit": /^unreleased: semaphore #1 "slots" was taken by task 2 \(leaky\), which has ended/m,
  "unclaimed-lock": /^unclaimed: mutex #1 "printer" was granted to a future that task 2 \(impatient\)/m,
  "lost-sender":
    /^stuck: task 1 \(main\): .*"jobs" \(empty, 1 sender open: that of task 2 \(produce\) at .*lost-sender\.ts:8:19;.*\)$/m,
  "full-channel":
    /^stuck: task 1 \(main\): send to mpsc channel #1 "lines" \(2 of 2 places taken, nobody receives\)$/m,
  "endless-child": /^stuck: task 2 \(reloader\): notified by Notify #1 "reload"/m,
  "no-notify": /^stuck: task 2 \(worker\): notified by Notify #1 "ready"/m,
  "no-waker":
    /^stuck: task 2 \(launch\): Countdown \(a future that does not tell .*\): it has kept no waker/m,
  "small-barrier":
    /^stuck: task 2 \(racer 1\), task 3 \(racer 2\), .*: wait at barrier #1 "start" \(3 of 4 have arrived\)$/m,
  "unsettled-promise": /^stuck: task 1 \(main\): a promise$/m,
  "silent-socket":
    /task 2 \(client\): waiting in client > read\(\) on TCP stream #1 "127\.0\.0\.1:\w+ to 127\.0\.0\.1:\w+"/,
  "endless-loop": /under way is task 2 \(spinner\)\n {4}at spin /,
};

interface Ran {
  status: number | null;
  stderr: string;
}

const ran = new Map<string, Ran>();

function runProgram(name: string): Promise<Ran> {
  const built = `${workspace}examples/dist/stuck/${name}.js`;
  return new Promise((resolve) => {
    const options = { timeout: 20_000, env: { ...process.env, FORCE_COLOR: "0" } };
    const child = execFile(
      process.execPath,
      ["--enable-source-maps", built],
      options,
      (_error, _out, stderr) => {
        resolve({ status: child.exitCode, stderr });
      },
    );
  });
}

/** Without what differs from run to run: where the workspace is, ports, times, and lines of what the compiler wrote. */
function settled(stderr: string): string {
  return stderr
    .replaceAll(`file://${workspace}`, "")
    .replaceAll(workspace, "")
    .replaceAll(/(\.js):\d+:\d+/g, "$1")
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT")
    .replaceAll(/due in \d+ ms/g, "due in … ms")
    .trim();
}

/** What is wrong, and what helps: the comment that a program begins with. */
function comment(name: string): string[] {
  const source = readFileSync(`${workspace}examples/src/stuck/${name}.ts`, "utf8");
  return source
    .split("\n\n", 1)[0]
    ?.split("\n")
    .filter((line) => line.startsWith("// "))
    .map((line) => line.slice(3)) as string[];
}

/** The findings; where there are none, the line of what is waited for, or all that the watchdog says. */
function said(text: string): string[] {
  const lines = text.split("\n");
  const findings = lines.filter((line) => /^(?:deadlock|unclaimed|unreleased|stuck): /.test(line));
  if (findings.length > 0) return findings;
  const waiting = lines.filter((line) => /^ {2}task .*\bclient\b/.test(line));
  return waiting.length > 0 ? waiting : lines;
}

function table(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|");
  const rows = Object.keys(culprits).map((name) => {
    const [wrong = "", ...help] = comment(name);
    const lines = said(settled(ran.get(name)?.stderr ?? "")).map((line) => `\`${cell(line.trim())}\``);
    return `| \`${name}\` | ${cell(wrong)} | ${lines.join("<br>")} | ${cell(help.join(" "))} |`;
  });
  return ["| program | what is wrong | what is reported | what helps |", "|---|---|---|---|", ...rows].join(
    "\n",
  );
}

beforeAll(async () => {
  for (const name of Object.keys(culprits)) ran.set(name, await runProgram(name));
}, 120_000);

test("stuck: each program of the folder is run", () => {
  const files = readdirSync(`${workspace}examples/src/stuck`).filter((name) => !name.endsWith(".test.ts"));
  expect(files.map((name) => name.replace(".ts", ""))).toEqual(Object.keys(culprits).sort());
});

describe("stuck: the report names the culprit", () => {
  for (const [name, culprit] of Object.entries(culprits)) {
    test(name, () => {
      const { status, stderr } = ran.get(name) as Ran;
      expect(stderr).toMatch(culprit);
      expect(status).toBe(name === "silent-socket" ? 0 : 13);
    });
  }
});

describe("stuck: docs/stuck.md", () => {
  /** Puts what the programs say between two comments of the page. */
  const replaced = (text: string, marker: string, content: string): string => {
    const [head, rest] = text.split(`<!-- ${marker} -->\n`);
    const [, tail] = rest?.split(`\n<!-- end of ${marker} -->`) ?? [];
    if (head === undefined || tail === undefined) throw new Error(`docs/stuck.md has no part "${marker}"`);
    return `${head}<!-- ${marker} -->\n${content}\n<!-- end of ${marker} -->${tail}`;
  };

  test("says what the programs print", () => {
    const text = readFileSync(page, "utf8");
    const report = ["```text", settled(ran.get("two-locks")?.stderr ?? ""), "```"].join("\n");
    const expected = replaced(replaced(text, "report", report), "table", table());
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(page, expected);
    else expect(text, "UPDATE_DOCS=1 npx vitest run examples/src/stuck writes it anew").toBe(expected);
  });
});
