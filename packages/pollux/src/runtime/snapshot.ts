/** Names a task in a {@link WaitSnapshot}. */
export interface TaskRef {
  readonly id: number;
  /** The name that it was spawned with, or that of its coroutine. */
  readonly name?: string;
  /** It has ended. */
  readonly ended?: true;
  /** It belongs to another runtime, and so its id does. */
  readonly foreign?: true;
  /** Which part of what it waits for has the target, where that is known: one that goes on may let go of it. */
  readonly part?: number;
}

/** What a future waits for, as it has told in `Future.inspect`. */
export interface WaitSnapshot {
  /** Its name in the combinator that polls it. */
  readonly name?: string;
  /** Its number, where a {@link TaskRef} names it. */
  readonly part?: number;
  /** The coroutines that it is awaited in, outermost first. */
  readonly in?: readonly string[];
  /** What it does: `"lock"`, `"sleep"`; for a coroutine that waits for nothing, its name. */
  readonly op: string;
  /** With what, by a number that stays the same: `mutex #1 "accounts"`. */
  readonly target?: string;
  /** Who has made the target, and where, with `trackOrigins`. */
  readonly madeBy?: string;
  /** How things stand. */
  readonly state?: string;
  /** In how many ms it goes on by itself. */
  readonly dueIn?: number;
  /** The tasks that have to end, or to let go of the target. */
  readonly tasks?: readonly TaskRef[];
  /** Those that were given the target and have not taken it; `null` where no task polls any more. */
  readonly granted?: readonly (TaskRef | null)[];
  /** What it polls. */
  readonly awaits?: readonly WaitSnapshot[];
  /** One of `tasks` and `awaits` is enough. */
  readonly any?: true;
  /** Something else can let it go on too. */
  readonly outside?: true;
  /** The `tasks` are its own: those of a scope. */
  readonly owns?: true;
  /** It is of a class that tells nothing of itself. */
  readonly silent?: true;
}

/** A task that has not ended. */
export interface TaskSnapshot {
  readonly id: number;
  /** The name that it was spawned with, or that of its coroutine. */
  readonly name?: string;
  readonly state: "running" | "runnable" | "waiting" | "cleaning up";
  readonly polls: number;
  /** Wakes, other than those of a task that was to be polled anyway. */
  readonly wakes: number;
  /** Where it was spawned, with `trackOrigins`. */
  readonly spawnedAt?: string;
  readonly waitsFor?: WaitSnapshot;
  /** The scopes that it runs, with their tasks. */
  readonly scopes: readonly GroupSnapshot[];
}

/** Tasks that belong together: those of a scope, of a set, detached ones, main. */
export interface GroupSnapshot {
  readonly name: string;
  readonly tasks: readonly TaskSnapshot[];
}

/** Something that keeps tasks from going on. */
export interface Finding {
  /**
   * - `"deadlock"`: tasks that wait for each other in a circle.
   * - `"unclaimed"`: a lock or permits that were granted to a future which nobody polls.
   * - `"unreleased"`: a lock whose last taker has ended.
   * - `"stuck"`: what tasks wait for, where nothing is left that could wake them.
   */
  readonly kind: "deadlock" | "unclaimed" | "unreleased" | "stuck";
  /** A sentence that names the tasks and what they wait for. */
  readonly text: string;
  /** The ids of the tasks. */
  readonly tasks: readonly number[];
}

/** Which reactor a runtime runs on. */
export interface ReactorSnapshot {
  /** `"epoll"`, `"node"`. */
  readonly name: string;
  /** Why it is this one, where another would have been better. */
  readonly why?: string;
}

/** What `Runtime.snapshot` gives: plain data, for `JSON.stringify`. */
export interface RuntimeSnapshot {
  /** What keeps the tasks from going on, as far as it can be told. */
  readonly findings: readonly Finding[];
  /** The reactor, once something has asked for I/O. */
  readonly reactor?: ReactorSnapshot;
  /** The tasks that no other one's scope has. */
  readonly groups: readonly GroupSnapshot[];
}
