import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";

// Each test starts a Node or two, which takes seconds where other things run.
vi.setConfig({ testTimeout: 60_000 });

const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));

/** The folder in which the command is run. */
export const fixtures: string = fileURLToPath(new URL("../fixtures/", import.meta.url));

/** What a command has done. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** Settles when stdout or stderr have a text; rejects if the command ends before. */
  has(text: string): Promise<void>;
}

/** Starts the built command in the folder of the fixtures. No colours, but where `env` asks for them. */
export function start(args: readonly string[], env: Record<string, string> = {}): Running {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: fixtures,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  let ended = false;
  let waiting: (() => void)[] = [];
  const changed = (): void => {
    const before = waiting;
    waiting = [];
    for (const each of before) each();
  };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    changed();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
    changed();
  });
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      ended = true;
      changed();
      resolve({ code, signal, stdout, stderr });
    });
  });
  const has = async (text: string): Promise<void> => {
    while (!stdout.includes(text) && !stderr.includes(text)) {
      if (ended) throw new Error(`ended without ${JSON.stringify(text)}:\n${stdout}\n${stderr}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return { child, outcome, has };
}

/** Runs the command to its end. */
export function pollux(...args: string[]): Promise<Outcome> {
  return start(args).outcome;
}
