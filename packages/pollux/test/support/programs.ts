import { type StdioOptions, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { bundleSources } from "./bundle.ts";

/** How a program has ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs programs on the sources, each in a process of its own; every public name is in scope. */
export interface Programs {
  /** The arguments that Node runs this text with. */
  args(source: string): string[];
  run(source: string, input?: string | Uint8Array): Promise<Ended>;
  /** As `run`, with the program's descriptors as given; what is no pipe is empty. */
  runWith(source: string, stdio: StdioOptions): Promise<Ended>;
}

/** For a file of tests, or a group of them. */
export function testPrograms(): Programs {
  let directory = "";
  let bundle = "";
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "pollux-programs-"));
    bundle = await bundleSources(directory);
  }, 60_000);
  afterAll(() => rmSync(directory, { recursive: true }));

  const args = (source: string): string[] => {
    const names = "co, Command, copy, File, join, run, signals, sleep, spawn, stderr, stdin, stdout";
    const text = `import { ${names} } from ${JSON.stringify(bundle)};\nimport process from "node:process";\n${source}`;
    return ["--input-type=module", "-e", text];
  };
  const runWith = (source: string, stdio: StdioOptions, input?: string | Uint8Array): Promise<Ended> => {
    const child = spawn(process.execPath, args(source), { stdio, timeout: 14_000, killSignal: "SIGKILL" });
    const output = { stdout: "", stderr: "" };
    child.stdout?.setEncoding("utf8").on("data", (data: string) => {
      output.stdout += data;
    });
    child.stderr?.setEncoding("utf8").on("data", (data: string) => {
      output.stderr += data;
    });
    // A program that does not read its input is part of the tests.
    child.stdin?.on("error", () => {});
    if (input !== undefined) child.stdin?.end(input);
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (status) => resolve({ status, ...output }));
    });
  };
  return { args, run: (source, input) => runWith(source, "pipe", input), runWith };
}
