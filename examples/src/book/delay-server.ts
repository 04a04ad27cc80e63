import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The delay server (examples/src/delay) in a process of its own, since what asks it here may block its thread. */
export interface DelayServer {
  readonly port: number;
  stop(): Promise<void>;
}

export async function startDelayServer(): Promise<DelayServer> {
  const main = fileURLToPath(new URL("../delay/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "--serve", "--port", "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await portOf(child);
  return {
    port,
    async stop() {
      const exit = once(child, "exit");
      child.kill();
      await exit;
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  // Its output is a pipe, as it was asked for.
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
  for await (const line of lines) {
    const match = /listening on http:\S+:(\d+)/.exec(line);
    if (match === null) continue;
    // What it goes on to say must not fill the pipe.
    child.stdout?.resume();
    return Number(match[1]);
  }
  throw new Error("the delay server has ended before it listened");
}
