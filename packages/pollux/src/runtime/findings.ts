import { counted } from "../core/counted.ts";
import type { Rest } from "./dump.ts";
import type { Finding, TaskRef, TaskSnapshot, WaitSnapshot } from "./snapshot.ts";

type Tasks = ReadonlyMap<number, TaskSnapshot>;

/**
 * What can be blocked: a task as a whole, a part of it (an arm, the block of a scope), or all parts of it. A task that
 * joins waits for the whole of another one. A lock is let go of by the part that has it, or by any, if that is not known.
 */
interface Unit {
  readonly task: TaskSnapshot;
  readonly wait: WaitSnapshot;
  readonly every: boolean;
  /** The selects, races and timeouts around it: when one of them ends otherwise, the unit is cancelled, and lets go. */
  readonly around: readonly WaitSnapshot[];
}

/** A unit that waits, the part of it that does, and the unit that this waits for. */
interface Edge {
  readonly from: Unit;
  readonly wait: WaitSnapshot;
  readonly to: Unit;
}

/**
 * What keeps tasks from going on, told from what each of them waits for.
 *
 * A unit is *blocked* if it can go on only when blocked ones do. The set of them begins with all that wait, and those
 * leave it that a timer, somebody outside, or a unit that is not in it can let go on. What remains waits in circles.
 *
 * @param rest - what is left besides the tasks
 */
export function findings(tasks: Tasks, rest: Rest): Finding[] {
  const stuck = rest === "nothing";
  const found = [...deadlocks(blockedUnits(tasks, stuck), stuck), ...lockTrouble(tasks)];
  return rest === "timers or I/O" ? found : [...found, ...dead(tasks, blockedUnits(tasks, true), rest)];
}

/** A wait and all that is in it. */
export function partsOf(wait: WaitSnapshot | undefined): WaitSnapshot[] {
  const all = wait === undefined ? [] : [wait];
  // One by one: a join may have more than the arguments that a call takes.
  for (const { awaits } of all) for (const each of awaits ?? []) all.push(each);
  return all;
}

function isWaiting({ state }: TaskSnapshot): boolean {
  return state === "waiting" || state === "cleaning up";
}

function unitsOf(tasks: Tasks): Map<string, Unit> {
  const around = aroundTasks(tasks);
  const units = new Map<string, Unit>();
  for (const task of tasks.values()) {
    const { id, waitsFor } = task;
    if (waitsFor === undefined || !isWaiting(task)) continue;
    const outer = around.get(id) ?? [];
    visit(waitsFor, outer, (wait, around) => {
      if (wait.part !== undefined) units.set(`part ${wait.part}`, { task, wait, every: false, around });
    });
    units.set(`any of ${id}`, { task, wait: waitsFor, every: true, around: outer });
    units.set(`task ${id}`, { task, wait: waitsFor, every: false, around: outer });
  }
  return units;
}

/** What is around the tasks of scopes: what is around the scope, and around the task that runs it. */
function aroundTasks(tasks: Tasks): Map<number, readonly WaitSnapshot[]> {
  const around = new Map<number, readonly WaitSnapshot[]>();
  // A scope's task is spawned before its children.
  for (const { id, waitsFor } of [...tasks.values()].sort((a, b) => a.id - b.id)) {
    if (waitsFor === undefined) continue;
    visit(waitsFor, around.get(id) ?? [], ({ owns, tasks }, outer) => {
      if (owns !== true || outer.length === 0) return;
      for (const child of tasks ?? []) if (child.foreign !== true) around.set(child.id, outer);
    });
  }
  return around;
}

/** Calls `see` with a wait and each part of it, and with what is around that: those of which one way to end is enough. */
function visit(
  wait: WaitSnapshot,
  around: readonly WaitSnapshot[],
  see: (wait: WaitSnapshot, around: readonly WaitSnapshot[]) => void,
): void {
  see(wait, around);
  const { awaits, any } = wait;
  if (awaits === undefined) return;
  const inner = any === true ? [...around, wait] : around;
  for (const each of awaits) visit(each, inner, see);
}

/** What a wait needs of a task. */
function unitKey({ target }: WaitSnapshot, { id, part }: TaskRef): string {
  if (part !== undefined && target !== undefined) return `part ${part}`;
  return target === undefined ? `task ${id}` : `any of ${id}`;
}

/** @param stuck - nothing outside of the tasks is left that could wake one */
function blockedUnits(tasks: Tasks, stuck: boolean): Map<string, Unit> {
  const blocked = unitsOf(tasks);
  const goesOn = (wait: WaitSnapshot): boolean => {
    const { tasks, granted, awaits, any, outside, dueIn } = wait;
    if (dueIn !== undefined || (!stuck && outside === true)) return true;
    if (tasks === undefined && awaits === undefined && granted === undefined) return !stuck;
    const refGoesOn = (ref: TaskRef): boolean =>
      ref.ended === true || ref.foreign === true || !blocked.has(unitKey(wait, ref));
    const parts = [
      ...(awaits ?? []).map(goesOn),
      ...(tasks ?? []).map(refGoesOn),
      ...(granted ?? []).map((ref) => ref !== null && refGoesOn(ref)),
    ];
    return any === true ? parts.includes(true) : !parts.includes(false);
  };
  const dependents = dependentsOf(blocked);
  const left = [...blocked.keys()];
  for (const key of left) {
    const unit = blocked.get(key);
    if (unit === undefined) continue;
    const { wait, every, around } = unit;
    if (!(every ? partsOf(wait).some(goesOn) : goesOn(wait)) && !around.some(goesOn)) continue;
    blocked.delete(key);
    for (const dependent of dependents.get(key) ?? []) left.push(dependent);
  }
  return blocked;
}

/** For each unit those to look at again once it goes on: so each wait is looked at as often as one of what it needs does. */
function dependentsOf(units: ReadonlyMap<string, Unit>): Map<string, string[]> {
  const dependents = new Map<string, string[]>();
  for (const [key, { wait, around }] of units) {
    for (const part of [wait, ...around].flatMap(partsOf)) {
      for (const ref of [...(part.tasks ?? []), ...(part.granted ?? [])]) {
        if (ref === null) continue;
        const needed = unitKey(part, ref);
        const others = dependents.get(needed);
        if (others === undefined) dependents.set(needed, [key]);
        else others.push(key);
      }
    }
  }
  return dependents;
}

/** One circle for each edge that closes one, on a walk over all edges between blocked units. */
function deadlocks(blocked: ReadonlyMap<string, Unit>, stuck: boolean): Finding[] {
  const found = new Map<string, Finding>();
  const done = new Set<Unit>();
  for (const start of blocked.values()) {
    const path: { unit: Unit; edges: Edge[]; by: Edge | null }[] = [];
    const places = new Map<Unit, number>();
    const enter = (unit: Unit, by: Edge | null): void => {
      if (done.has(unit)) return;
      done.add(unit);
      places.set(unit, path.push({ unit, edges: edgesOf(unit, blocked), by }) - 1);
    };
    enter(start, null);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = top.edges.pop();
      if (edge === undefined) {
        path.pop();
        places.delete(top.unit);
        continue;
      }
      const place = places.get(edge.to);
      if (place === undefined) enter(edge.to, edge);
      else {
        const finding = circle([...path.slice(place + 1).map(({ by }) => by as Edge), edge], stuck);
        found.set(finding.text, finding);
      }
    }
  }
  return [...found.values()];
}

function edgesOf(from: Unit, blocked: ReadonlyMap<string, Unit>): Edge[] {
  return partsOf(from.wait).flatMap((wait) =>
    [...(wait.tasks ?? []), ...(wait.granted ?? [])].flatMap((ref) => {
      const to = ref === null || ref.foreign === true ? undefined : blocked.get(unitKey(wait, ref));
      return to === undefined ? [] : { from, wait, to };
    }),
  );
}

function circle(edges: readonly Edge[], stuck: boolean): Finding {
  const first = edges.reduce((a, b) => (b.from.task.id < a.from.task.id ? b : a));
  const at = edges.indexOf(first);
  const ring = [...edges.slice(at), ...edges.slice(0, at)];
  const last = ring.at(-1) as Edge; // A circle has an edge at least.
  const steps = ring.map(({ wait, to }, i) => {
    const { target } = wait;
    if (ring.length === 1)
      return target === undefined ? "waits for its own end" : `waits for ${target}, which it holds itself`;
    if (i === ring.length - 1) return `waits for ${target ?? `the end of ${unitLabel(to)}`}`;
    return `waits for ${target === undefined ? "the end of" : `${target}, held by`} ${unitLabel(to)}, which`;
  });
  const held = last.wait.target;
  const holds = held === undefined || ring.length === 1 ? "" : `holds ${held} and `;
  const isSure = stuck || ring.every(({ wait }) => wait.target === undefined);
  const unless = isSure ? "" : " (unless a guard was handed to another task)";
  return {
    kind: "deadlock",
    text: `deadlock: ${unitLabel(first.from)} ${holds}${steps.join(" ")}${unless}`,
    tasks: [...new Set(ring.map(({ from }) => from.task.id))],
  };
}

/** A task, and which arm of it, if it is one. */
function unitLabel({ task, wait }: Unit): string {
  return wait === task.waitsFor ? label(task) : `${label(task)} in ${wait.name ?? wait.in?.[0] ?? wait.op}`;
}

/** Locks that were granted to who does not take them, and those whose holder has ended. */
function lockTrouble(tasks: Tasks): Finding[] {
  const found = new Map<string, Finding>();
  for (const task of tasks.values()) {
    for (const { target, granted, tasks: holders } of partsOf(task.waitsFor)) {
      for (const ref of granted ?? []) {
        const to = ref === null || ref.foreign === true ? undefined : tasks.get(ref.id);
        if (to !== undefined && to.state !== "waiting") continue;
        const who =
          ref === null ? "nobody polls any more" : `${label(ref)} has polled before and does not poll now`;
        const text = `${target} was granted to a future that ${who}`;
        found.set(text, {
          kind: "unclaimed",
          text: `unclaimed: ${text}`,
          tasks: ref === null ? [] : [ref.id],
        });
      }
      for (const ref of target === undefined ? [] : (holders ?? [])) {
        if (ref.ended !== true) continue;
        const text = `${target} was taken by ${label(ref)}, which has ended without releasing it: only who was given its guard can`;
        found.set(text, { kind: "unreleased", text: `unreleased: ${text}`, tasks: [ref.id] });
      }
    }
  }
  return [...found.values()];
}

/** What the blocked tasks wait for that is no task: where the waiting begins. */
function dead(tasks: Tasks, blocked: ReadonlyMap<string, Unit>, rest: Rest): Finding[] {
  const found = new Map<string, number[]>();
  for (const { id, waitsFor } of tasks.values()) {
    if (!blocked.has(`task ${id}`)) continue;
    for (const wait of partsOf(waitsFor)) {
      if ((wait.awaits ?? []).length > 0 || (wait.tasks ?? []).length > 0 || (wait.granted ?? []).length > 0)
        continue;
      const what =
        phrase(wait) + (wait.silent === true ? ": it has kept no waker, or whoever has it is gone" : "");
      const ids = found.get(what);
      if (ids === undefined) found.set(what, [id]);
      else if (!ids.includes(id)) ids.push(id);
    }
  }
  const only = rest === "nothing" ? "" : " (nothing but code outside of the runtime can wake it)";
  return [...found].map(([what, ids]) => {
    const names = ids.slice(0, 3).map((id) => label(tasks.get(id) as TaskSnapshot)); // They were found there.
    const more = ids.length > 3 ? ` and ${counted(ids.length - 3, "other")}` : "";
    return { kind: "stuck", text: `stuck: ${names.join(", ")}${more}: ${what}${only}`, tasks: ids };
  });
}

/** `task 2 (reader)` */
export function label({ id, name }: { id: number; name?: string }): string {
  return name === undefined ? `task ${id}` : `task ${id} (${name})`;
}

/** A wait without its parts: `lock mutex #1 "accounts" (held by task 2 (b))`. */
export function phrase({ op, target, madeBy, state, dueIn, tasks, granted, silent }: WaitSnapshot): string {
  const refs = (tasks ?? []).map((ref) => label(ref) + (ref.foreign === true ? " of another runtime" : ""));
  const granting = (granted ?? []).map((ref) => (ref === null ? "a future that nobody polls" : label(ref)));
  const notes = [
    ...(state === undefined ? [] : [state]),
    ...(dueIn === undefined ? [] : [`due in ${dueIn} ms`]),
    ...(target === undefined || refs.length === 0 ? [] : [`held by ${refs.join(", ")}`]),
    ...(granting.length === 0 ? [] : [`granted to ${granting.join(", ")}`]),
    ...(madeBy === undefined ? [] : [`made by ${madeBy}`]),
    ...(silent === true ? ["a future that does not tell what it waits for"] : []),
  ];
  const of = target !== undefined ? ` ${target}` : refs.length > 0 ? ` of ${refs.join(", ")}` : "";
  return `${op}${of}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}
