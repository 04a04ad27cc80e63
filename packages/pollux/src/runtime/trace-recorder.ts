import type { Hooks } from "../task/hooks.ts";
import type { Task } from "../task/task.ts";

/** An event in the format that Chrome's tracing and Perfetto open. Times are in µs, to whole ns. */
export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  /**
   * `X`: a span on a track. `i`: an instant. `b` and `e`: the ends of a span by `id2`. `s` and `f`: the ends of an arrow by
   * `id`, each bound to the event before it. `M`: the name of a track.
   */
  readonly ph: "X" | "i" | "b" | "e" | "s" | "f" | "M";
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  /** Of an arrow. */
  readonly id?: string;
  /** Of a span by id, which belongs to the process: with `id`, viewers would show it apart. */
  readonly id2?: { readonly local: string };
  readonly s?: "t";
  readonly bp?: "e";
  readonly args?: Readonly<Record<string, unknown>>;
}

/** How a {@link TraceRecorder} records. */
export interface TraceRecorderOptions {
  /** The most events that are kept, the latest ones. Default 100,000, which is some 10 MB. */
  limit?: number;
  /** One track for all polls, or one for each task. Default `"runtime"`. */
  tracks?: "runtime" | "tasks";
  /** Where the trace gets its time from, in ms. Default `performance.now`. */
  now?: () => number;
}

/** The beginning of a task that has not ended. */
interface Life {
  readonly from: number;
  readonly order: number;
}

/** A poll under way. */
interface Begun {
  readonly task: Task;
  readonly from: number;
  readonly order: number;
  /** The wake that led to it. */
  readonly wake: number | undefined;
}

/** What is kept of an event. */
interface Recorded {
  /** How many things had happened before it began: what a coarse clock shows as one instant keeps its order. */
  readonly order: number;
  readonly event: TraceEvent;
  /** The name of its task's track. */
  readonly track: string;
  /** Of a poll: the wake that led to it, by its `order`. */
  readonly wake?: number | undefined;
  /** Of a life: its end's place in the order. */
  readonly end?: number;
}

/** The track of all polls. Not 0, which viewers take for the processor's idle thread, or for none. */
const POLLS = 1;

/**
 * Hooks that record what happens to tasks, for a picture of it: polls as spans, wakes as instants with an arrow to the poll
 * that they led to, the life of each task as a span of its own. A wake stands in the poll that made it, or, made from outside
 * of all tasks, on its own. `JSON.stringify(recorder)` in a file is what <https://ui.perfetto.dev> and `chrome://tracing`
 * open.
 *
 * Memory is bounded: the latest `limit` events are kept, and something for each task that lives.
 *
 * @example
 * ```ts
 * const recorder = new TraceRecorder();
 * const runtime = new Runtime({ hooks: recorder });
 * await runtime.run(sleep(1));
 * const { traceEvents } = recorder.toJSON();
 * console.log(traceEvents.filter((event) => event.ph === "X").length); // 2
 * // writeFileSync("trace.json", JSON.stringify(recorder))
 * ```
 */
export class TraceRecorder implements Hooks {
  private readonly limit: number;
  private readonly byTask: boolean;
  private readonly now: () => number;
  /** A ring: the oldest event is at `next` once it is full. */
  private readonly events: Recorded[] = [];
  private next = 0;
  private happened = 0;
  private readonly lives = new Map<Task, Life>();
  /** The polls under way, the innermost last: a join polls the task that it waits for within its own poll. */
  private readonly polls: Begun[] = [];
  /** The wakes of tasks that have not been polled since. */
  private readonly woken = new Map<Task, number>();
  /** Events that were forgotten because there were too many. */
  dropped = 0;

  /** @throws RangeError if `limit` is no whole number of events, 1 or more */
  constructor(options: TraceRecorderOptions = {}) {
    const { limit = 100_000, tracks = "runtime", now = () => performance.now() } = options;
    if (!Number.isInteger(limit) || limit < 1)
      throw new RangeError(`TraceRecorder needs a limit of 1 event or more; got ${limit}`);
    this.limit = limit;
    this.byTask = tracks === "tasks";
    this.now = now;
  }

  onSpawn(task: Task): void {
    this.lives.set(task, { from: this.time(), order: this.happened++ });
  }

  onPollStart(task: Task): void {
    const wake = this.woken.get(task);
    this.woken.delete(task);
    this.polls.push({ task, from: this.time(), order: this.happened++, wake });
  }

  onPollEnd(task: Task): void {
    const poll = this.polls.pop();
    if (poll === undefined) return; // It began before the recorder was there.
    const { from: ts, order, wake } = poll;
    const event = this.event(task, { ph: "X", cat: "poll", ts, dur: toWholeNs(this.time() - ts) });
    this.add({ order, event, track: event.name, wake });
  }

  onWake(task: Task): void {
    const order = this.happened++;
    const by = this.polls.at(-1)?.task;
    const event = this.event(by ?? task, {
      name: `wake ${task.describe()}`,
      ph: "i",
      cat: "wake",
      ts: this.time(),
      s: "t",
      args: { by: by?.describe() ?? "outside" },
    });
    this.woken.set(task, order);
    this.add({ order, event, track: (by ?? task).describe() });
  }

  onEnd(task: Task): void {
    this.woken.delete(task);
    const life = this.lives.get(task);
    if (life === undefined) return;
    this.lives.delete(task);
    this.add(this.life(task, life, task.isAborted ? "aborted" : task.isFailed ? "failed" : "completed"));
  }

  /** One event for the whole life, so that none can be forgotten by half; `toJSON` makes two of it. */
  private life(task: Task, { from: ts, order }: Life, ended: string): Recorded {
    const event = this.event(task, {
      ph: "b",
      cat: "task",
      ts,
      dur: toWholeNs(this.time() - ts),
      args: { ended },
    });
    return { order, event, track: event.name, end: this.happened++ };
  }

  /** In µs. Viewers count whole ns: what is rounded here, once, is nested in them as it is in truth. */
  private time(): number {
    return toWholeNs(this.now() * 1_000);
  }

  private event(track: Task, of: Pick<TraceEvent, "ph" | "cat" | "ts"> & Partial<TraceEvent>): TraceEvent {
    return { name: track.describe(), pid: 1, tid: this.byTask ? track.id : POLLS, ...of };
  }

  private add(recorded: Recorded): void {
    if (this.events.length < this.limit) {
      this.events.push(recorded);
      return;
    }
    this.events[this.next] = recorded;
    this.next = (this.next + 1) % this.limit;
    this.dropped++;
  }

  /** The trace so far, in the order of time. Tasks that live end, in it, now. */
  toJSON(): { traceEvents: TraceEvent[]; displayTimeUnit: "ms" } {
    // The oldest first: a wake comes before the poll that it led to, and stays before its end of their arrow.
    const events = [...this.events.slice(this.next), ...this.events.slice(0, this.next)];
    for (const [task, life] of this.lives) events.push(this.life(task, life, "not yet"));
    const wakes = new Map<number, TraceEvent>();
    for (const { order, event } of events) if (event.ph === "i") wakes.set(order, event);
    const exported: Pick<Recorded, "order" | "event">[] = [];
    for (const { order, event, wake, end = order } of events) {
      if (event.ph === "b") {
        const { args, dur = 0, ...life } = event;
        const id2 = { local: `${order}` };
        exported.push({ order, event: { ...life, id2, args: args ?? {} } });
        exported.push({ order: end, event: { ...life, id2, ph: "e", ts: toWholeNs(event.ts + dur) } });
        continue;
      }
      exported.push({ order, event });
      // An arrow has both ends or none: either may have been forgotten.
      const from = wake === undefined ? undefined : wakes.get(wake);
      if (wake === undefined || from === undefined) continue;
      const arrow = { name: "wake", cat: "wake", pid: 1, id: `${wake}` } as const;
      exported.push({ order: wake, event: { ...arrow, ph: "s", ts: from.ts, tid: from.tid } });
      exported.push({ order, event: { ...arrow, ph: "f", ts: event.ts, tid: event.tid, bp: "e" } });
    }
    exported.sort((a, b) => a.event.ts - b.event.ts || a.order - b.order);
    const names = this.byTask ? trackNames(events) : [named("thread_name", POLLS, "polls")];
    const traceEvents = [
      named("process_name", POLLS, "pollux"),
      ...names,
      ...exported.map(({ event }) => event),
    ];
    return { traceEvents, displayTimeUnit: "ms" };
  }
}

/** The names of tasks' own tracks. */
function trackNames(events: readonly Recorded[]): TraceEvent[] {
  const names = new Map<number, string>();
  for (const { event, track } of events) names.set(event.tid, track);
  return Array.from(names, ([tid, name]) => named("thread_name", tid, name));
}

function named(what: "process_name" | "thread_name", tid: number, name: string): TraceEvent {
  return { name: what, cat: "__metadata", ph: "M", ts: 0, pid: 1, tid, args: { name } };
}

/** Rounds µs to three decimals; the fraction alone, because so many ns may be more than a number holds. */
function toWholeNs(us: number): number {
  const whole = Math.floor(us);
  return whole + Math.round((us - whole) * 1_000) / 1_000;
}
