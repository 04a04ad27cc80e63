import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { test } from "vitest";

const found = new Map<string, boolean>();

function isInstalled(tool: string): boolean {
  let answer = found.get(tool);
  if (answer === undefined) {
    // Whatever it makes of the option: it could be started.
    answer = spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;
    found.set(tool, answer);
  }
  return answer;
}

/** A test that needs programs of the system: where one is missing, it is skipped, and says so. */
export function testWith(tools: string | readonly string[], name: string, fn: () => Promise<void>): void {
  const missing = [tools].flat().filter((tool) => !isInstalled(tool));
  test(name, async (context) => {
    if (missing.length > 0) context.skip(`not installed: ${missing.join(", ")}`);
    await fn();
  });
}

/** What a program has written, and its exit code. */
export interface ToolResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program of the system that a test talks to. */
export interface Tool {
  /** Settles at its end. */
  readonly ended: Promise<ToolResult>;
  /** Settles once one of its outputs matches, with the first group of that; rejected if it ends before. */
  says(pattern: RegExp): Promise<string>;
  write(text: string): void;
  /** Ends its input. */
  end(): void;
  kill(): void;
}

/**
 * Starts a program; its input is ended at once if it is given here.
 *
 * @param input - what it is to read; `null` leaves its input open
 */
export function startTool(tool: string, args: readonly string[], input: string | null = ""): Tool {
  const child = spawn(tool, args, { stdio: ["pipe", "pipe", "pipe"] });
  const outputs = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("latin1");
    child[name].on("data", (chunk: string) => {
      outputs[name] += chunk;
      for (const each of listeners) each();
    });
  }
  // One that ends without reading its input.
  child.stdin.on("error", () => {});
  if (input !== null) child.stdin.end(input);
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...outputs }));
  return {
    ended,
    says(pattern) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(outputs.stdout) ?? pattern.exec(outputs.stderr);
          if (match === null) return;
          listeners.delete(look);
          resolve(match[1] ?? "");
        };
        listeners.add(look);
        look();
        ended.then(() => reject(new Error(`${tool} has ended: ${outputs.stdout}${outputs.stderr}`)), reject);
      });
    },
    write: (text) => child.stdin.write(text),
    end: () => child.stdin.end(),
    kill: () => child.kill("SIGKILL"),
  };
}

/** Runs a program to its end. */
export function runTool(tool: string, args: readonly string[], input = ""): Promise<ToolResult> {
  return startTool(tool, args, input).ended;
}
