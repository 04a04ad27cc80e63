import type { WriteStream } from "node:tty";
import { styleText } from "node:util";
import { type Hooks, type Runtime, type Task, waitsFor } from "pollux";

type Style = Parameters<typeof styleText>[0];

/** What can happen to a task, in the order in which it does. */
const STYLES = { spawn: "magenta", poll: "green", wait: "yellow", wake: "cyan", end: "gray" } as const;

/** How often the summary is written, in ms. */
const REFRESH = 50;

/**
 * Shows what a runtime does: the first events a line each, as they happen, and then one line with the counts, which is
 * written over and over while the program runs. Where the output is no terminal, that line and colours are left out.
 */
export class Watch {
  /** To be given to the runtime. */
  readonly hooks: Hooks = {
    onSpawn: (task) => this.event("spawn", task),
    onPollStart: (task) => this.event("poll", task),
    onPollEnd: (task) => {
      if (!task.isComplete) this.event("wait", task);
      this.refresh();
    },
    onWake: (task) => this.event("wake", task),
    onEnd: (task) => this.event("end", task),
  };

  private readonly out: WriteStream;
  private readonly began = performance.now();
  private runtime: Runtime | undefined;
  private eventsLeft = 0;
  private refreshed = 0;
  private isSummaryShown = false;

  constructor(out: WriteStream) {
    this.out = out;
  }

  /** Shows the next events of this runtime, `lines` of them. */
  follow(runtime: Runtime, lines: number): void {
    this.runtime = runtime;
    this.eventsLeft = lines;
  }

  /** Shows no more of them. */
  unfollow(): void {
    if (this.eventsLeft > 0) this.say(this.style("dim", `${"…".padStart(10)}  and so on`));
    this.eventsLeft = 0;
  }

  /** Writes a line, above the summary if that is shown. */
  say(line = ""): void {
    const again = this.isSummaryShown;
    this.clear();
    this.out.write(`${line}\n`);
    if (again) this.summarize();
  }

  private style(style: Style, text: string): string {
    return this.out.isTTY && this.out.hasColors() ? styleText(style, text) : text;
  }

  /** Takes the summary away. */
  clear(): void {
    if (this.isSummaryShown) this.out.write("\r\x1b[K");
    this.isSummaryShown = false;
  }

  private event(kind: keyof typeof STYLES, task: Task): void {
    if (this.eventsLeft === 0) return;
    const time = `${(performance.now() - this.began).toFixed(1)} ms`.padStart(10);
    const name = (task.name ?? `task ${task.id}`).padEnd(14);
    const detail = kind === "wait" ? `in ${placeOf(task)}` : "";
    const line = `${this.style("dim", time)}  ${this.style(STYLES[kind], kind.padEnd(5))}  ${name} ${detail}`;
    this.say(line.trimEnd());
    if (this.eventsLeft === 1) this.unfollow();
    else this.eventsLeft--;
  }

  private refresh(): void {
    if (!this.out.isTTY || this.eventsLeft > 0) return;
    const now = performance.now();
    if (now - this.refreshed < REFRESH) return;
    this.refreshed = now;
    this.clear();
    this.summarize();
  }

  private summarize(): void {
    if (this.runtime === undefined) return;
    const { alive, polls, wakes } = this.runtime.metrics();
    const time = ((performance.now() - this.began) / 1000).toFixed(1);
    const text = `tasks ${count(alive)}, polls ${count(polls)}, wakes ${count(wakes)}, ${time} s`;
    this.out.write(this.style("dim", text));
    this.isSummaryShown = true;
  }
}

/** A whole number as people write it. */
export function count(n: number): string {
  return n.toLocaleString("en");
}

/** Where a task waits. A connection is no coroutine itself: it tells of the one that it polls. */
function placeOf(task: Task): string {
  const inspection = task.future?.inspect();
  const inner = inspection?.futures?.[0]?.[1];
  if (task.name !== "HTTP connection" || inspection === undefined) return waitsFor(task);
  return inner === undefined
    ? `${inspection.op} ${inspection.target?.name ?? ""}`.trim()
    : `${inspection.op} > ${inner.constructor.name}`;
}
