import type { Hooks } from "../task/hooks.ts";
import type { Task } from "../task/task.ts";

/** An event in the format that Chrome's tracing and Perfetto open. Times are in µs. */
export interface TraceEvent {
  readonly name: string;
  readonly cat: string;
  /** `X`: a span on a track. `i`: an instant. `b` and `e`: the ends of a span by `id`. `M`: the name of a track. */
  readonly ph: "X" | "i" | "b" | "e" | "M";
  readonly ts: number;
  readonly pid: number;
  readonly tid: number;
  readonly dur?: number;
  readonly id?: string;
  readonly s?: "t";
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

/** A task that has not ended: its name, and when it was spawned. */
interface Life {
  readonly name: string;
  readonly from: number;
}

/**
 * Hooks that record what happens to tasks, for a picture of it: polls as spans, wakes as instants, the life of each task
 * as a span of its own. `JSON.stringify(recorder)` in a file is what <https://ui.perfetto.dev> and `chrome://tracing`
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
  private readonly events: TraceEvent[] = [];
  private next = 0;
  private readonly lives = new Map<Task, Life>();
  /** When the polls under way began, the innermost last: a join polls the task that it waits for within its own poll. */
  private readonly polls: number[] = [];
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
    this.lives.set(task, { name: task.describe(), from: this.time() });
  }

  onPollStart(_task: Task): void {
    this.polls.push(this.time());
  }

  onPollEnd(task: Task): void {
    const ts = this.polls.pop();
    if (ts === undefined) return; // It began before the recorder was there.
    this.add(this.event(task, { ph: "X", cat: "poll", ts, dur: this.time() - ts }));
  }

  onWake(task: Task): void {
    this.add(this.event(task, { ph: "i", cat: "wake", ts: this.time(), s: "t" }));
  }

  onEnd(task: Task): void {
    const life = this.lives.get(task);
    if (life === undefined) return;
    this.lives.delete(task);
    // One event for the whole life, so that none can be forgotten by half; `toJSON` makes two of it.
    const args = { ended: task.isAborted ? "aborted" : task.isFailed ? "failed" : "completed" };
    this.add(this.event(task, { ph: "b", cat: "task", ts: life.from, dur: this.time() - life.from, args }));
  }

  private time(): number {
    return this.now() * 1_000;
  }

  private event(task: Task, of: Pick<TraceEvent, "ph" | "cat" | "ts"> & Partial<TraceEvent>): TraceEvent {
    return { name: task.describe(), pid: 1, tid: this.byTask ? task.id : 0, ...of };
  }

  private add(event: TraceEvent): void {
    if (this.events.length < this.limit) {
      this.events.push(event);
      return;
    }
    this.events[this.next] = event;
    this.next = (this.next + 1) % this.limit;
    this.dropped++;
  }

  /** The trace so far, in the order of time. Tasks that live end, in it, now. */
  toJSON(): { traceEvents: TraceEvent[]; displayTimeUnit: "ms" } {
    const now = this.time();
    const recorded: TraceEvent[] = [];
    const tracks = new Map<number, TraceEvent>();
    const name = (tid: number, name: string): void => {
      tracks.set(tid, {
        name: "thread_name",
        cat: "__metadata",
        ph: "M",
        ts: 0,
        pid: 1,
        tid,
        args: { name },
      });
    };
    if (!this.byTask) name(0, "polls");
    const life = ({ dur = 0, ...event }: TraceEvent, id: number): void => {
      const { args, ...end } = event;
      recorded.push({ ...event, id: `${id}` }, { ...end, ph: "e", ts: event.ts + dur, id: `${id}` });
    };
    let lives = 0;
    for (const event of this.events) {
      if (this.byTask) name(event.tid, event.name);
      if (event.ph === "b") life(event, lives++);
      else recorded.push(event);
    }
    for (const [task, { name: title, from }] of this.lives) {
      if (this.byTask) name(task.id, title);
      const dur = now - from;
      life(this.event(task, { ph: "b", cat: "task", ts: from, dur, args: { ended: "not yet" } }), lives++);
    }
    // Stable: what happens at one instant stays in its order. A span comes before those that are nested in it.
    recorded.sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
    return { traceEvents: [...tracks.values(), ...recorded], displayTimeUnit: "ms" };
  }
}
