import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Context } from "../core/context.ts";
import { ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";
import { Child } from "./child.ts";
import type { CommandOptions, Stdio } from "./command-options.ts";

/** What is to be started. */
export interface Spawning {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: CommandOptions;
}

/**
 * Starts a process at the first poll. Node says at once that it has, by its pid, and in the next tick that it has not.
 *
 * @internal
 */
export class Spawn extends Future<Child> {
  private readonly spawning: Spawning;
  private readonly waiting: Waiting;
  private hasBegun: boolean;
  private isOver: boolean;
  private error: Error | null;

  constructor(spawning: Spawning) {
    super();
    this.spawning = spawning;
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.hasBegun = false;
    this.isOver = false;
    this.error = null;
  }

  override poll(cx: Context): Poll<Child> {
    if (this.isOver) throw new PollAfterCompletionError("spawn()");
    if (!cx.takeBudget()) return Pending;
    if (!this.hasBegun) {
      requireNodeLoop(cx.runtime, "child processes");
      this.hasBegun = true;
      const child = this.begin();
      if (child !== null) {
        this.isOver = true;
        return child;
      }
    }
    if (this.error !== null) {
      this.isOver = true;
      throw this.error;
    }
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  /** `null` if it has failed. */
  private begin(): Child | null {
    const { program, options } = this.spawning;
    const { killOnDrop = false, processGroup = false } = options;
    let handle: ChildProcess;
    try {
      handle = start(this.spawning);
    } catch (error) {
      // Node, and we, throw nothing but errors.
      this.error = error as Error;
      return null;
    }
    if (handle.pid !== undefined) return new Child(handle, { program, killOnDrop, processGroup });
    handle.once("error", (error) => {
      this.error = error;
      this.waiting.wake();
    });
    for (const pipe of [handle.stdin, handle.stdout, handle.stderr]) pipe?.destroy();
    return null;
  }

  override cancel(): void {
    this.isOver = true;
    this.waiting.end();
  }

  override inspect(): Inspection {
    return { op: "spawn a process", state: this.spawning.program };
  }
}

function start({ program, args, options }: Spawning): ChildProcess {
  const { cwd, env, clearEnv, argv0, processGroup, uid, gid } = options;
  return spawn(program, args, {
    cwd,
    env: { ...(clearEnv === true ? {} : process.env), ...env },
    argv0,
    detached: processGroup,
    uid,
    gid,
    stdio: [forNode(options.stdin), forNode(options.stdout), forNode(options.stderr)],
  });
}

function forNode(stdio: Stdio = "inherit"): "pipe" | "inherit" | "ignore" | number {
  if (stdio === "null") return "ignore";
  if (typeof stdio === "string") return stdio;
  // Its number may be that of something else by now.
  if (stdio.isClosed) throw new ClosedError("a file for a process");
  return stdio.fd;
}
