import { Frame } from "../core/frame.ts";
import { Future } from "../core/future.ts";
import { type Inspection, type InspectionTarget, inspectionOf, type Polled } from "../core/inspection.ts";
import type { Executor } from "../task/executor.ts";
import { makerOf } from "../task/origins.ts";
import { type Task, TaskBit } from "../task/task.ts";
import { nameOf } from "../task/waits-for.ts";
import { dumper, type Rest } from "./dump.ts";
import { dumpText } from "./dump-text.ts";
import { findings, partsOf } from "./findings.ts";
import type { Runtime } from "./runtime.ts";
import type { GroupSnapshot, RuntimeSnapshot, TaskRef, TaskSnapshot, WaitSnapshot } from "./snapshot.ts";

/** The most coroutines of a chain that are named. */
const LONGEST_CHAIN = 32;

const numbers = new WeakMap<object, number>();
const counts = new Map<string, number>();

function numbered({ kind, name, key }: InspectionTarget): string {
  let number = numbers.get(key);
  if (number === undefined) {
    number = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, number);
    numbers.set(key, number);
  }
  return `${kind} #${number}${name === undefined ? "" : ` ${JSON.stringify(name)}`}`;
}

/** A thing that is being filled in. */
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What polls or has polled something: a task, a child of a combinator, a member of a pool, or a future. */
type Poller = Partial<Task & { parent: object; owner: object; future: Future<unknown>; polled: Polled }>;

class Snapshots {
  private readonly executor: Executor;
  private readonly now: number;
  /** The waits of tasks and of all that combinators and scopes poll. */
  private readonly waits = new Map<unknown, Mutable<WaitSnapshot>>();
  /** What polls each part, as that tells: not everything that owns a future has an owner itself. */
  private readonly pollers = new Map<object, object>();
  /** Who has what, for {@link nameParts}. */
  private readonly holders: [Mutable<TaskRef>, object][] = [];
  private parts = 0;

  constructor(executor: Executor) {
    this.executor = executor;
    this.now = executor.timers.now();
  }

  /** The pollers from `start` outward: to the task, unless what it was polled by has ended and let go of it. */
  private *outward(start: object): Generator<Poller, void> {
    for (let at: Poller | undefined | null = start; at !== undefined && at !== null; ) {
      yield at;
      if (at.extras !== undefined) return;
      at = at.parent ?? this.pollers.get(at) ?? at.owner;
    }
  }

  /** Notes what polls each part of what a task waits for. To be done for all tasks before the first {@link wait}. */
  notePollers(whole: Future<unknown>): void {
    const parts: Polled[] = [whole];
    for (const part of parts) {
      for (const [, polled] of inspect(innermost(part)).futures ?? []) {
        if (this.pollers.has(polled)) continue;
        this.pollers.set(polled, part);
        parts.push(polled);
      }
    }
  }

  private holder(by: object | null): TaskRef | null {
    if (by === null) return null;
    const task = [...this.outward(by)].at(-1);
    if (task?.extras === undefined) return null;
    const ref = this.ref(task as Task); // Only tasks have extras.
    this.holders.push([ref, by]);
    return ref;
  }

  /** Says which part of its task has what, now that all of them are known. */
  nameParts(): void {
    for (const [ref, by] of this.holders) {
      for (const at of this.outward(by)) {
        const wait = this.waits.get(at) ?? this.waits.get(at.polled ?? at.future);
        if (wait === undefined) continue;
        wait.part ??= ++this.parts;
        ref.part = wait.part;
        break;
      }
    }
  }

  private ref(task: Task): Mutable<TaskRef> {
    const name = nameOf(task);
    return {
      id: task.id,
      ...(name !== undefined && { name }),
      ...(task.isComplete && { ended: true }),
      ...(task.runtime !== this.executor && { foreign: true }),
    };
  }

  task(task: Task, waitsFor: WaitSnapshot | undefined): Omit<TaskSnapshot, "scopes"> {
    const { id, bits, polls, wakes } = task;
    const name = nameOf(task);
    const spawnedAt = task.extras?.origin;
    return {
      id,
      ...(name !== undefined && { name }),
      state:
        (bits & TaskBit.Running) !== 0
          ? "running"
          : (bits & TaskBit.Notified) !== 0
            ? "runnable"
            : (bits & TaskBit.Cancelled) !== 0
              ? "cleaning up"
              : "waiting",
      polls,
      wakes,
      ...(spawnedAt !== undefined && { spawnedAt }),
      // That of a task that runs is what it waited for last.
      ...(waitsFor !== undefined && (bits & TaskBit.Running) === 0 && { waitsFor }),
    };
  }

  /** @param path - the futures that poll this one, lest one that names itself is followed for ever */
  wait(polled: Polled, name = "", path: ReadonlySet<Polled> = new Set()): WaitSnapshot {
    const chain: string[] = [];
    const at = innermost(polled, chain);
    if (chain.length > LONGEST_CHAIN) {
      const left = chain.length - LONGEST_CHAIN;
      chain.splice(LONGEST_CHAIN / 2, left, `… ${left} more …`);
    }
    const { op, target, state, due, futures, tasks, granted, any, outside, owns } = inspect(at);
    const on = futures === undefined ? path : new Set(path).add(at);
    const madeBy = target === undefined ? undefined : makerOf(target.key);
    const known = tasks?.map((by) => this.holder(by));
    const wait = {
      ...(name !== "" && { name }),
      ...(chain.length > 0 && { in: chain }),
      op,
      ...(target !== undefined && { target: numbered(target) }),
      ...(madeBy !== undefined && { madeBy }),
      ...(state !== undefined && { state }),
      ...(due !== undefined && { dueIn: Math.max(0, Math.ceil(due - this.now)) }),
      ...(known !== undefined && { tasks: known.filter((ref) => ref !== null) }),
      ...(granted !== undefined && { granted: granted.map((waker) => this.holder(waker)) }),
      ...(futures !== undefined && {
        awaits: futures.flatMap(([name, each]) => (on.has(each) ? [] : this.wait(each, name, on))),
      }),
      ...(any === true && { any }),
      ...((outside === true || known?.includes(null) === true) && { outside: true }),
      ...(owns === true && { owns }),
      ...(at instanceof Future && at.inspect === Future.prototype.inspect && { silent: true }),
    } satisfies WaitSnapshot;
    this.waits.set(polled, wait);
    return wait;
  }
}

/** What is at the end of a chain of coroutines; their names go into `chain`. */
function innermost(polled: Polled, chain?: string[]): Polled {
  let at = polled;
  while (at instanceof Frame && at.awaited !== null) {
    chain?.push(at.name);
    at = at.awaited;
  }
  return at;
}

/** What a future or a source tells of itself. A dump is for a program that is in trouble already, and must not fail. */
function inspect(polled: Polled): Inspection {
  try {
    return inspectionOf(polled);
  } catch (error) {
    return { op: polled.constructor.name, state: `its inspect has thrown ${String(error)}` };
  }
}

function takeSnapshot(executor: Executor, rest: Rest): RuntimeSnapshot {
  const snapshots = new Snapshots(executor);
  const tasks = new Map<number, TaskSnapshot & { scopes: GroupSnapshot[] }>();
  const scopes: [task: number, scope: WaitSnapshot][] = [];
  const live = executor.liveTasks();
  const all = live.flatMap((group) => group.tasks);
  for (const { future } of all) if (future !== null) snapshots.notePollers(future);
  for (const task of all) {
    const waitsFor = task.future === null ? undefined : snapshots.wait(task.future);
    tasks.set(task.id, { ...snapshots.task(task, waitsFor), scopes: [] });
    for (const wait of partsOf(waitsFor)) if (wait.owns === true) scopes.push([task.id, wait]);
  }
  snapshots.nameParts();
  const take = (of: readonly { id: number; foreign?: true }[]): TaskSnapshot[] =>
    of.flatMap(({ id, foreign }) => (foreign === true ? [] : (tasks.get(id) ?? [])));
  const owned = new Set<TaskSnapshot>();
  for (const [id, scope] of scopes) {
    const children = take(scope.tasks ?? []);
    for (const child of children) owned.add(child);
    if (children.length > 0) tasks.get(id)?.scopes.push({ name: scope.op, tasks: children });
  }
  const groups = live
    .map(({ group, tasks }) => ({ name: group, tasks: take(tasks).filter((task) => !owned.has(task)) }))
    .filter((group) => group.tasks.length > 0);
  return { findings: findings(tasks, rest), ...reactorOf(executor), groups };
}

function reactorOf({ reactor }: Executor): Pick<RuntimeSnapshot, "reactor"> {
  if (reactor === undefined) return {};
  const { name, why } = reactor;
  return { reactor: why === undefined ? { name } : { name, why } };
}

export function fullDump(executor: Executor, rest: Rest): string {
  return dumpText(takeSnapshot(executor, rest));
}

dumper.dump = fullDump;

/**
 * What `Runtime.dump` says, as plain data that `JSON.stringify` takes.
 *
 * @example
 * ```ts
 * const runtime = new Runtime({ clock: "paused" });
 * const main = co(function* main() {
 *   spawn(sleep(50), { name: "nap" });
 *   yield* yieldNow();
 *   const nap = snapshot(runtime).groups.find(({ name }) => name === "detached")?.tasks[0];
 *   console.log(nap?.name, nap?.state, nap?.waitsFor?.op, nap?.waitsFor?.dueIn); // nap waiting sleep 50
 * });
 * await runtime.run(main());
 * ```
 */
export function snapshot(runtime: Runtime): RuntimeSnapshot {
  return takeSnapshot(runtime.handle, runtime.rest);
}
