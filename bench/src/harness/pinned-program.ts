import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** The processor that server and load share, so that what is compared is the work that a request takes. */
export const PROCESSOR = "0";

/** A program that answers lines, on the one processor; it ends with this one, when its input does. */
export class PinnedProgram {
  readonly pid: number;
  private readonly lines: AsyncIterator<string>;
  private readonly input: NodeJS.WritableStream;
  private readonly name: string;

  constructor(name: string, command: string, args: readonly string[]) {
    const child = spawn("taskset", ["-c", PROCESSOR, command, ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    if (child.pid === undefined)
      throw new Error(`${name} cannot be started: it needs taskset, of util-linux`);
    this.name = name;
    this.pid = child.pid;
    this.input = child.stdin;
    this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    // It is there until this process ends, and does not keep it from doing so.
    child.unref();
    for (const stream of [child.stdin, child.stdout]) (stream as { unref?: () => void }).unref?.();
  }

  /** Its next line. */
  async line(): Promise<string> {
    // A line is waited for: the process stays until it has come.
    const alive = setInterval(() => {}, 1000);
    try {
      const { done, value } = await this.lines.next();
      if (done === true) throw new Error(`${this.name} has ended without an answer`);
      return value;
    } finally {
      clearInterval(alive);
    }
  }

  ask(line: string): Promise<string> {
    this.input.write(`${line}\n`);
    return this.line();
  }

  close(): void {
    this.input.end();
  }
}

/** Of all threads of a process, as the scheduler counts it: V8 collects garbage on others than the main one. */
export function cpuTime(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ", 1)[0]);
  }
  return total;
}
