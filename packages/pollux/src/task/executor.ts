import { ambient } from "../core/ambient.ts";
import {
  type BlockingLimits,
  type BlockingSlot,
  type Context,
  POLL_BUDGET,
  type ReactorChoice,
  type ReactorSlot,
  type RuntimeHandle,
  type TimerDriver,
  type Waker,
} from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { OwnedThread } from "../core/owned-thread.ts";
import type { Hooks } from "./hooks.ts";
import type { Host } from "./host.ts";
import { JoinHandle } from "./join-handle.ts";
import { callSite, origins } from "./origins.ts";
import { RunQueue } from "./run-queue.ts";
import { Task, TaskExtras } from "./task.ts";
import { TaskGroup } from "./task-group.ts";

/** How a task is spawned. */
export interface SpawnOptions {
  /** Names the task in dumps and errors. */
  name?: string;
}

/** What an executor is built from. */
export interface ExecutorParts {
  host: Host;
  timers: TimerDriver;
  /** The group of tasks that belong to no scope or set. */
  detached?: TaskGroup;
  /** The longest that cleanup after a cancel may take, in ms. */
  cleanupLimit: number;
  /** Whether a task's polls run in the async context (`AsyncLocalStorage`) that it was spawned in. */
  asyncContext: boolean;
  hooks: Hooks | null;
  /** Default `"auto"`. */
  reactorChoice?: ReactorChoice;
  /** Default: those of `RuntimeOptions`. */
  blockingLimits?: BlockingLimits;
  /** Given each failure of a task that nobody observes, once. */
  onUnhandledError: (error: unknown, task: Task) => void;
}

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const current = ambient;
const noted = origins;

/** Polls between two looks at the clock. */
const POLLS_PER_CLOCK = 32;

/** How long the executor may keep the host's loop from turning, in ms. */
const TURN_LIMIT = 1;

/**
 * Polls the tasks that were woken, first in, first out.
 *
 * **The host's turn.** A wake from outside asks for one drain of the queue in a microtask. What counts is the time since
 * the host's loop last turned, *across* drains, because a task that awaits resolved promises makes a drain for each of
 * them: every {@link POLLS_PER_CLOCK} polls the executor looks at the clock and, if none is under way, asks the host to
 * tell it of the next turn. If that has not come after {@link TURN_LIMIT} ms, the rest waits for it, and no drain is
 * scheduled before.
 *
 * Invariants:
 * - `queue` has the tasks that are `Notified` and not `Running`, each once.
 * - `nested` is set exactly during {@link pollNext}.
 * - `scheduled` is set exactly while a drain is running or due; so every enqueued task is going to be polled.
 * - `turnAsked` is set from asking the host until it calls back; `yielding` implies `turnAsked`.
 */
export class Executor implements RuntimeHandle {
  budget: number = POLL_BUDGET;
  outstanding = 0;
  cancelReason: unknown = undefined;
  reactor: ReactorSlot | undefined = undefined;
  readonly reactorChoice: ReactorChoice;
  blocking: BlockingSlot | undefined = undefined;
  readonly blockingLimits: BlockingLimits;
  readonly ownedThread: OwnedThread | null;
  readonly host: Host;
  readonly timers: TimerDriver;
  readonly cleanupLimit: number;
  /** Those that are told what happens to tasks; `null` for none, so that none costs one comparison. */
  private observers: readonly Hooks[] | null = null;
  /** The one of them that the host has brought in. */
  private diagnostics: Hooks | null = null;
  private stopDiagnostics: (() => void) | null = null;
  /** Tasks that belong to no scope or set. */
  readonly detached: TaskGroup;

  /** Tasks spawned so far. */
  spawned = 0;
  /** Tasks that have ended. */
  ended = 0;
  /** Polls of tasks. */
  polls = 0;
  /** Wakes that made a task runnable; those of a task that was notified already do not count. */
  wakes = 0;

  /** Called once, when a task is started next: by then, what rests while there is none has to be at work. */
  onWork: (() => void) | null = null;

  private readonly asyncContext: boolean;
  private readonly onUnhandledError: (error: unknown, task: Task) => void;
  private readonly queue = new RunQueue();
  private nested = false;
  private scheduled = false;
  private turnAsked = false;
  private yielding = false;
  private turnBegan = 0;
  private untilClock = POLLS_PER_CLOCK;
  private failures: Task[] = [];
  /** Groups with a task in them, {@link detached} apart. One that is used on two runtimes stands in the sets of both. */
  private readonly groups = new Set<TaskGroup>();

  constructor(parts: ExecutorParts) {
    this.host = parts.host;
    this.timers = parts.timers;
    this.detached = parts.detached ?? new TaskGroup("detached");
    this.cleanupLimit = parts.cleanupLimit;
    this.asyncContext = parts.asyncContext;
    if (parts.hooks !== null) this.observe(parts.hooks);
    this.reactorChoice = parts.reactorChoice ?? "auto";
    this.blockingLimits = parts.blockingLimits ?? { keepAlive: 10_000 };
    this.ownedThread = parts.host.ownedThread ?? null;
    this.onUnhandledError = parts.onUnhandledError;
  }

  /** Starts a task: it is polled after what is queued already, never during this call. */
  spawn<T>(future: Future<T>, options?: SpawnOptions, group: TaskGroup = this.detached): JoinHandle<T> {
    return new JoinHandle(this.start(future, options, group));
  }

  /** As {@link spawn}, for those that have no use for a handle. */
  start<T>(future: Future<T>, options: SpawnOptions | undefined, group: TaskGroup): Task<T> {
    const task = new Task<T>(this, group, future, this.spawned + 1);
    future.claim(task);
    if (!this.scheduled) this.lookForDiagnostics();
    this.onWork?.();
    this.onWork = null;
    this.spawned++;
    if (options !== undefined || noted.tracked) label(task as Task, options);
    inherit(task as Task, this.asyncContext ? this.host.captureContext() : null);
    if (group !== this.detached) this.groups.add(group);
    group.add(task as Task);
    if (this.observers !== null) this.tell("onSpawn", task as Task);
    this.enqueue(task as Task);
    return task;
  }

  /** Lets a task that has not ended go on without its group: it belongs to nobody then. */
  detach(task: Task): void {
    const group = task.group;
    group.remove(task);
    if (group.size === 0) this.groups.delete(group);
    task.group = this.detached;
    this.detached.add(task);
  }

  /** A task that was idle, or is running, has been woken. */
  woken(task: Task, idle: boolean): void {
    this.wakes++;
    if (this.observers !== null) this.tell("onWake", task);
    if (idle) this.enqueue(task);
  }

  enqueue(task: Task): void {
    this.queue.push(task);
    if (!this.scheduled) {
      this.scheduled = true;
      this.host.microtask(this.drain);
    }
  }

  /** Tasks that are to be polled. */
  get runnable(): number {
    return this.queue.size;
  }

  /** Whether there is nothing to poll and nothing under way outside: only timers can make progress. */
  get isIdle(): boolean {
    return !this.scheduled && this.outstanding === 0;
  }

  private readonly drain = (): void => {
    this.lookForDiagnostics();
    this.host.ownContext(this.pollAll);
  };

  private readonly pollAll = (): void => {
    const outer = current.cx;
    this.yielding = this.pollUntilTurn();
    this.scheduled = this.yielding;
    current.cx = outer;
  };

  /** Polls what is runnable; `true` if tasks are left because the host's loop has to turn first. */
  private pollUntilTurn(): boolean {
    for (;;) {
      const task = this.queue.shift();
      if (task === undefined) return false;
      this.poll(task);
      if (--this.untilClock === 0 && this.isTurnOver()) return true;
    }
  }

  /**
   * Polls `task` within the poll of another one that has come to wait for it, if it is the next on the queue and has
   * not begun. It would be polled next in any case; this way the waiting task need not suspend if it ends at once.
   *
   * Not nested, so that the stack stays bounded; not between tasks of different async contexts; and not when it is
   * time to look at the clock.
   */
  pollNext(task: Task): void {
    if (this.nested || this.untilClock <= 1 || task.isStarted || this.queue.peek() !== task) return;
    const outer = current.cx;
    if (!isInOwnContext(outer) || enterOf(task) !== null) return;
    const { budget, cancelReason } = this;
    this.nested = true;
    this.cancelReason = undefined;
    this.untilClock--;
    this.queue.shift();
    this.poll(task);
    this.nested = false;
    this.budget = budget;
    this.cancelReason = cancelReason;
    current.cx = outer;
  }

  private poll(task: Task): void {
    this.budget = POLL_BUDGET;
    this.polls++;
    task.polls++;
    if (current.cx !== task) current.cx = task;
    if (this.observers !== null) this.tell("onPollStart", task);
    const enter = enterOf(task);
    if (enter === null) task.run();
    else runIn(enter, task);
    if (this.observers !== null) this.tell("onPollEnd", task);
  }

  /** Calls a hook of each observer. One that throws is reported as an uncaught error, and the tasks go on. */
  private tell(event: keyof Hooks, task: Task): void {
    for (const hooks of this.observers ?? []) {
      try {
        hooks[event]?.(task);
      } catch (error) {
        this.host.uncaught(error);
      }
    }
  }

  /** Has hooks called from now on; returns what ends that. */
  observe(hooks: Hooks): () => void {
    const others = this.observers ?? [];
    this.observers = [...others, hooks];
    let observes = true;
    return () => {
      if (!observes || this.observers === null) return;
      observes = false;
      const at = this.observers.indexOf(hooks);
      const left = this.observers.filter((_, i) => i !== at);
      this.observers = left.length > 0 ? left : null;
    };
  }

  /** Looks whether somebody has begun to listen at the host, or has ceased to. */
  private lookForDiagnostics(): void {
    const found = this.host.diagnostics === undefined ? null : this.host.diagnostics();
    if (found === this.diagnostics) return;
    this.stopDiagnostics?.();
    this.diagnostics = found;
    this.stopDiagnostics = found === null ? null : this.observe(found);
  }

  private isTurnOver(): boolean {
    this.untilClock = POLLS_PER_CLOCK;
    const now = this.host.now();
    if (this.turnAsked) return now - this.turnBegan >= TURN_LIMIT;
    this.turnAsked = true;
    this.turnBegan = now;
    this.host.turn(this.onTurn);
    return false;
  }

  private readonly onTurn = (): void => {
    this.turnAsked = false;
    this.untilClock = POLLS_PER_CLOCK;
    if (this.yielding) {
      this.yielding = false;
      this.drain();
    }
  };

  /** The tasks of this runtime that have not ended, by group. */
  liveTasks(): { group: string; tasks: Task[] }[] {
    return [...this.groups, this.detached]
      .map((group) => ({ group: group.name, tasks: [...group].filter((task) => task.runtime === this) }))
      .filter(({ tasks }) => tasks.length > 0);
  }

  /** A task of the group has ended and left it; called before its joiners are woken. */
  completed(task: Task): void {
    const group = task.group;
    this.ended++;
    if (group.size === 0 && group !== this.detached) this.groups.delete(group);
    if (this.observers !== null) this.tell("onEnd", task);
    if (!task.isFailed || task.isAborted || task.isObserved) return;
    if (this.failures.push(task) === 1) this.host.turn(this.reportFailures);
  }

  /** Tasks that failed and that nobody has looked at by the host's next turn. */
  private readonly reportFailures = (): void => {
    const failures = this.failures;
    this.failures = [];
    for (const task of failures) {
      if (task.isObserved) continue;
      task.observe();
      try {
        this.onUnhandledError(task.failure, task);
      } catch (error) {
        this.host.uncaught(error);
      }
    }
  };

  reportAbandoned(error: Error, waker: Waker): void {
    const who = waker instanceof Task ? ` by ${waker.describe()}` : "";
    this.host.warn(`pollux: ${error.message}${who}`);
  }
}

/** Not in {@link Executor.poll} itself: what a closure captures is allocated with every call, used or not. */
function runIn(enter: (run: () => void) => void, task: Task): void {
  enter(() => task.run());
}

/** What enters the async context of the task; `null` for the runtime's own. */
function enterOf(task: Task): ((run: () => void) => void) | null {
  return task.extras === null ? null : task.extras.enter;
}

/** Whether it is a task that is being polled, and in the runtime's own async context. */
function isInOwnContext(cx: Context | null): boolean {
  const extras = cx === null ? undefined : (cx.task as Partial<Task>).extras;
  return extras === null || (extras !== undefined && extras.enter === null);
}

/**
 * Notes the name of a task and where it is spawned. Few tasks come here: what {@link Executor.start} does itself is small
 * enough for V8 to inline all of it.
 */
function label(task: Task, options: SpawnOptions | undefined): void {
  if (options?.name === undefined && !noted.tracked) return;
  task.extras = new TaskExtras();
  task.extras.name = options?.name;
  if (noted.tracked) task.extras.origin = callSite();
}

/** A task inherits the task-locals of the one that spawns it, and runs in the async context it is spawned in. */
function inherit(task: Task, enter: ((run: () => void) => void) | null): void {
  const locals = localsOf(current.cx);
  if (enter === null && locals === null) return;
  task.extras ??= new TaskExtras();
  task.extras.enter = enter;
  task.extras.locals = locals;
}

/** The task-locals of the task that is being polled, if it is one: a context made outside of any has none. */
function localsOf(cx: Context | null): TaskExtras["locals"] {
  const extras = cx === null ? null : (cx.task as Partial<Task>).extras;
  return extras === null || extras === undefined ? null : extras.locals;
}
