import { writeSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import type { OwnedThread } from "../../core/owned-thread.ts";
import type { Epoll } from "../../reactor/epoll/epoll.ts";
import { ParkWaker } from "../../reactor/epoll/park-waker.ts";
import type { Hooks } from "../../task/hooks.ts";
import type { Host } from "../../task/host.ts";
import { host as beside } from "./node.ts";

/** The longest park where something comes that wakes nobody, in ms; see {@link OwnedHost}. */
const SLICE = 100;

/** The longest that the system can be asked to wait, in ms. */
const LONGEST_PARK = 0x7fffffff;

interface HostTimer {
  readonly due: number;
  readonly task: () => void;
}

/** Why {@link OwnedHost.drive} has returned. */
export type Driven =
  | { readonly kind: "done" }
  /** Nothing is left that could wake a task. */
  | { readonly kind: "stuck" }
  /** Nobody handled an error. */
  | { readonly kind: "uncaught"; readonly error: unknown };

const DONE: Driven = { kind: "done" };
const STUCK: Driven = { kind: "stuck" };

/**
 * The loop of a thread that a runtime owns. Between two parks in `epoll_wait` it runs what the executor asks for; Node's
 * loop, and its microtasks, stand still.
 *
 * **Slices.** Two things wake no `epoll_wait`: `worker.terminate()`, which takes effect when the native call has returned, and
 * the end of another thread at the far side of a channel. So a park in a worker, or while such a channel is waited on, lasts
 * {@link SLICE} ms at most. What does come through a channel wakes at once ({@link wakerId}).
 *
 * Invariant: `jobs` is empty whenever the thread is parked.
 */
export class OwnedHost implements Host, OwnedThread {
  private readonly epoll: Epoll;
  private jobs: (() => void)[];
  private turns: (() => void)[];
  /** That of the wheel, and of a grace: never more than a few. */
  private readonly timers: Set<HostTimer>;
  private readonly looks: Set<() => void>;
  private waker: ParkWaker | null;
  private failure: { readonly error: unknown } | null;

  constructor(epoll: Epoll) {
    this.epoll = epoll;
    this.jobs = [];
    this.turns = [];
    this.timers = new Set();
    this.looks = new Set();
    this.waker = null;
    this.failure = null;
    epoll.later.ownBy(this);
  }

  get ownedThread(): OwnedThread {
    return this;
  }

  get wakerId(): number {
    this.waker ??= new ParkWaker(this.epoll);
    return this.waker.id;
  }

  onUnpark(look: () => void): () => void {
    this.looks.add(look);
    return () => this.looks.delete(look);
  }

  /**
   * Runs what there is to run, and parks while there is nothing, until `isDone`, which is asked before each park.
   *
   * @param isAwaiting - whether something from outside is waited for: else, without timers, nothing can come
   */
  drive(isDone: () => boolean, isAwaiting: () => boolean): Driven {
    for (;;) {
      this.runJobs();
      const { failure } = this;
      if (failure !== null) {
        this.failure = null;
        return { kind: "uncaught", error: failure.error };
      }
      if (isDone()) return DONE;
      const { turns } = this;
      if (turns.length === 0 && this.timers.size === 0 && !isAwaiting()) return STUCK;
      this.turns = [];
      this.park(turns.length > 0 ? 0 : this.patience());
      for (const task of turns) task();
      this.fireTimers();
    }
  }

  private runJobs(): void {
    while (this.jobs.length > 0) {
      const { jobs } = this;
      this.jobs = [];
      for (const job of jobs) job();
    }
  }

  private fireTimers(): void {
    if (this.timers.size === 0) return;
    const now = this.now();
    // A copy: one that fires may set another, or take one back.
    for (const timer of [...this.timers]) if (timer.due <= now && this.timers.delete(timer)) timer.task();
  }

  /** How long to park, in ms. Rounded up: less than 1 ms must not become none. */
  private patience(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const timer of this.timers) due = Math.min(due, timer.due);
    const ms = Math.max(0, Math.ceil(due - this.now()));
    const most = !isMainThread || this.looks.size > 0 ? SLICE : LONGEST_PARK;
    return ms === Number.POSITIVE_INFINITY && most === LONGEST_PARK ? -1 : Math.min(ms, most);
  }

  private park(timeoutMs: number): void {
    this.epoll.park(timeoutMs);
    for (const look of this.looks) look();
  }

  /** Lets go of the thread, and gives back what it has of the system. */
  close(): void {
    this.waker?.close();
    this.waker = null;
    this.epoll.later.ownBy(null);
  }

  now(): number {
    return beside.now();
  }

  microtask(task: () => void): void {
    this.jobs.push(task);
  }

  turn(task: () => void): void {
    this.turns.push(task);
  }

  timer(task: () => void, ms: number): () => void {
    const timer = { due: this.now() + ms, task };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  /** The first one ends the drive; what comes until then is written. */
  uncaught(error: unknown): void {
    if (this.failure === null) this.failure = { error };
    else this.tell(error);
  }

  /** Writes an error that can be neither thrown nor attached to the one that is. */
  tell(error: unknown): void {
    this.warn(
      `pollux: a further uncaught error: ${(error as Partial<Error> | null)?.stack ?? String(error)}`,
    );
  }

  onLoopEmpty(): () => void {
    // `drive` says so.
    return () => {};
  }

  /** At once: in a worker, Node's stream waits for the loop. */
  warn(text: string): void {
    try {
      writeSync(2, `${text}\n`);
    } catch {
      // Nobody reads: the pipe is full or closed. What main gives matters more, and there is nowhere else to say so.
    }
  }

  captureContext(): ((run: () => void) => void) | null {
    return beside.captureContext();
  }

  diagnostics(): Hooks | null {
    return beside.diagnostics?.() ?? null;
  }

  get trackOrigins(): boolean {
    return beside.trackOrigins === true;
  }

  ownContext(run: () => void): void {
    beside.ownContext(run);
  }
}
