import { counted } from "../core/counted.ts";
import type { Rest } from "./dump.ts";
import type { Finding, TaskRef, TaskSnapshot, WaitSnapshot } from "./snapshot.ts";

type Tasks = ReadonlyMap<number, TaskSnapshot>;

/** A task that waits, the part of it that does, and the task that this waits for. */
interface Edge {
  readonly from: TaskSnapshot;
  readonly wait: WaitSnapshot;
  readonly to: TaskSnapshot;
}

/**
 * What keeps tasks from going on, told from what each of them waits for.
 *
 * A task is *blocked* if it can go on only when blocked tasks do. The set of them begins with all that wait, and those
 * leave it that a timer, somebody outside, or a task that is not in it can let go on. What remains waits in circles.
 *
 * @param rest - what is left besides the tasks
 */
export function findings(tasks: Tasks, rest: Rest): Finding[] {
  const found = [...deadlocks(tasks, blockedTasks(tasks, rest === "nothing")), ...lockTrouble(tasks)];
  return rest === "timers or I/O" ? found : [...found, ...dead(tasks, blockedTasks(tasks, true), rest)];
}

/** A wait and all that is in it. */
export function partsOf(wait: WaitSnapshot | undefined): WaitSnapshot[] {
  const all = wait === undefined ? [] : [wait];
  for (const each of all) all.push(...(each.awaits ?? []));
  return all;
}

function blockedTasks(tasks: Tasks, stuck: boolean): Set<number> {
  const waiting = [...tasks.values()].filter(({ state }) => state === "waiting" || state === "cleaning up");
  const blocked = new Set(waiting.map(({ id }) => id));
  const refGoesOn = ({ id, ended, foreign }: TaskRef): boolean =>
    ended === true || foreign === true || !blocked.has(id);
  const goesOn = (wait: WaitSnapshot): boolean => {
    const { tasks, granted, awaits, any, outside, dueIn } = wait;
    if (dueIn !== undefined || (!stuck && outside === true)) return true;
    if (tasks === undefined && awaits === undefined && granted === undefined) return !stuck;
    const parts = [
      ...(awaits ?? []).map(goesOn),
      ...(tasks ?? []).map(refGoesOn),
      ...(granted ?? []).map((ref) => ref !== null && refGoesOn(ref)),
    ];
    return any === true ? parts.includes(true) : !parts.includes(false);
  };
  // Who waits has mostly been spawned before whom it waits for: last first, a chain is done in one round.
  waiting.sort((a, b) => b.id - a.id);
  for (let before = -1; before !== blocked.size; ) {
    before = blocked.size;
    for (const { id, waitsFor } of waiting)
      if (blocked.has(id) && (waitsFor === undefined || goesOn(waitsFor))) blocked.delete(id);
  }
  return blocked;
}

/** One circle for each edge that closes one, on a walk over all edges between blocked tasks. */
function deadlocks(tasks: Tasks, blocked: ReadonlySet<number>): Finding[] {
  const found: Finding[] = [];
  const done = new Set<number>();
  for (const start of blocked) {
    const path: { at: TaskSnapshot; edges: Edge[]; by: Edge | null }[] = [];
    const places = new Map<TaskSnapshot, number>();
    const enter = (id: number, by: Edge | null): void => {
      const at = tasks.get(id);
      if (at === undefined || done.has(id)) return;
      done.add(id);
      places.set(at, path.push({ at, edges: edgesOf(at, tasks, blocked), by }) - 1);
    };
    enter(start, null);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const edge = top.edges.pop();
      if (edge === undefined) {
        path.pop();
        places.delete(top.at);
        continue;
      }
      const place = places.get(edge.to);
      if (place === undefined) enter(edge.to.id, edge);
      else found.push(circle([...path.slice(place + 1).map(({ by }) => by as Edge), edge]));
    }
  }
  return found;
}

function edgesOf(from: TaskSnapshot, tasks: Tasks, blocked: ReadonlySet<number>): Edge[] {
  return partsOf(from.waitsFor).flatMap((wait) =>
    [...(wait.tasks ?? []), ...(wait.granted ?? [])].flatMap((ref) => {
      const to = ref === null || ref.foreign === true ? undefined : tasks.get(ref.id);
      return to === undefined || !blocked.has(to.id) ? [] : { from, wait, to };
    }),
  );
}

function circle(edges: readonly Edge[]): Finding {
  const first = edges.reduce((a, b) => (b.from.id < a.from.id ? b : a));
  const at = edges.indexOf(first);
  const ring = [...edges.slice(at), ...edges.slice(0, at)];
  const last = ring.at(-1) as Edge; // A circle has an edge at least.
  const steps = ring.map(({ wait, to }, i) => {
    const { target } = wait;
    if (ring.length === 1)
      return target === undefined ? "waits for its own end" : `waits for ${target}, which it holds itself`;
    if (i === ring.length - 1) return `waits for ${target ?? `the end of ${label(to)}`}`;
    return `waits for ${target === undefined ? "the end of" : `${target}, held by`} ${label(to)}, which`;
  });
  const held = last.wait.target;
  const holds = held === undefined || ring.length === 1 ? "" : `holds ${held} and `;
  return {
    kind: "deadlock",
    text: `deadlock: ${label(first.from)} ${holds}${steps.join(" ")}`,
    tasks: ring.map(({ from }) => from.id),
  };
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
function dead(tasks: Tasks, blocked: ReadonlySet<number>, rest: Rest): Finding[] {
  const found = new Map<string, number[]>();
  for (const id of blocked) {
    for (const wait of partsOf(tasks.get(id)?.waitsFor)) {
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
export function phrase({ op, target, state, dueIn, tasks, granted, silent }: WaitSnapshot): string {
  const refs = (tasks ?? []).map((ref) => label(ref) + (ref.foreign === true ? " of another runtime" : ""));
  const granting = (granted ?? []).map((ref) => (ref === null ? "a future that nobody polls" : label(ref)));
  const notes = [
    ...(state === undefined ? [] : [state]),
    ...(dueIn === undefined ? [] : [`due in ${dueIn} ms`]),
    ...(target === undefined || refs.length === 0 ? [] : [`held by ${refs.join(", ")}`]),
    ...(granting.length === 0 ? [] : [`granted to ${granting.join(", ")}`]),
    ...(silent === true ? ["a future that does not tell what it waits for"] : []),
  ];
  const of = target !== undefined ? ` ${target}` : refs.length > 0 ? ` of ${refs.join(", ")}` : "";
  return `${op}${of}${notes.length === 0 ? "" : ` (${notes.join("; ")})`}`;
}
