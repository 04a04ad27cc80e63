import { host as nativeHost } from "#host";
import { CancelledError, CleanupTimeoutError, ClosedError } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { Executor, type SpawnOptions } from "../task/executor.ts";
import type { Hooks } from "../task/hooks.ts";
import type { Host } from "../task/host.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { origins } from "../task/origins.ts";
import type { Task } from "../task/task.ts";
import { TaskGroup } from "../task/task-group.ts";
import { Timers } from "../time/timers.ts";
import { dumper, dumpOrWhy, type Rest } from "./dump.ts";

/** How a runtime is made. Everything has a default that suits a service on Node. */
export interface RuntimeOptions {
  /** `"paused"`: time stands still and jumps to the next timer when nothing else can happen. For tests. */
  clock?: "real" | "paused";
  /** How long the cleanup of one cancel may take, in ms, before it is reported and abandoned. Default 30,000. */
  cleanupLimit?: number;
  /** How long the tasks that are cancelled at the end may take in all, in ms. Default: `cleanupLimit`. */
  shutdownGrace?: number;
  /** Whether a task's polls see the `AsyncLocalStorage` values that it was spawned with. Default `true`. */
  asyncContext?: boolean;
  /** Called as things happen to tasks. */
  hooks?: Hooks;
  /**
   * Whether dumps say where each task was spawned, and each lock, channel and sender made. That takes a stack trace for each,
   * some microseconds.
   * Once on, it is on for all runtimes of the thread. Default `false`; on Node, `POLLUX_TRACK_ORIGINS=1` sets it.
   */
  trackOrigins?: boolean;
  /** Given, once, the failure of a task that nobody observed. Default: as loud as the host's uncaught errors. */
  onUnhandledError?: (error: unknown, task: { id: number; name: string | undefined }) => void;
  /**
   * What does the I/O: `"auto"`, the default, is the fastest that works here: `"epoll"` on Linux, where its native
   * part loads, else `"node"`, over Node's own sockets. `"epoll"` alone fails where it does not load, with
   * `UnsupportedError`, when something first asks for I/O. A function makes one of your own then.
   */
  reactor?: "auto" | "epoll" | "node" | (() => Reactor);
  /**
   * The most threads that run code which blocks, at a time; see `blocking`. Further calls wait, first come, first served.
   * Each thread takes some MB and some ten ms to begin. Default: twice as many as there are cores, and 4 at least.
   */
  maxBlockingThreads?: number;
  /** How long such a thread is kept while it has nothing to do, in ms; it keeps no process alive. Default 10,000. */
  threadKeepAlive?: number;
  /** Node's options for such threads, such as `["--import", "tsx"]`. Default: those of the process. */
  threadExecArgv?: readonly string[];
  /** The loop to run in. Default: Node's, or the Web's. */
  host?: Host;
}

/** What a runtime has counted since it was made, and how it stands. */
export interface RuntimeMetrics {
  /** Tasks spawned. */
  spawned: number;
  /** Tasks that have ended. */
  ended: number;
  /** Tasks that have not. */
  alive: number;
  /** Polls of tasks. */
  polls: number;
  /** Wakes that made a task runnable. */
  wakes: number;
  /** Tasks that are to be polled now. */
  runnable: number;
  /** Timers that are armed. */
  timers: number;
  /** Sources (sockets, listeners) that are open. */
  sources: number;
  /** Operations that wait for something outside of the runtime: I/O, promises, calls in other threads. */
  outstanding: number;
  /** Threads for code that blocks, at work or not. */
  blockingThreads: number;
  /** Calls that one of them is at work on. */
  blockingRunning: number;
  /** Calls that wait for a thread. */
  blockingQueued: number;
}

/** The tasks that nobody owns. Once the runtime closes, those that arrive are asked to end at once. */
class DetachedTasks extends TaskGroup {
  closing: { reason: unknown } | null = null;

  override add(task: Task): void {
    super.add(task);
    if (this.closing !== null) task.abort(this.closing.reason);
  }
}

/**
 * Executor, clock and reactor, put together. One is made for you by {@link run}; make your own for other options, or to
 * keep tasks of different parts of a program apart.
 *
 * It runs inside the host's loop: promises, timers and every library keep working beside it.
 *
 * @example
 * ```ts
 * const runtime = new Runtime({ clock: "paused" });
 * await runtime.run(sleep(60_000)); // takes no time
 * ```
 */
export class Runtime implements AsyncDisposable {
  readonly #executor: Executor;
  readonly #timers: Timers;
  readonly #detached = new DetachedTasks("detached");
  readonly #shutdownGrace: number;
  readonly #host: Host;
  /** Main futures that have not ended. */
  #mains = 0;
  /** Ends the watch for a loop that runs empty, which lasts from the first main until all is cancelled after the last. */
  #stopWatching: (() => void) | null = null;
  /** What the last main has left is being cancelled; another main begins after that. */
  #ending: Promise<void> | null = null;

  /**
   * @throws RangeError if a limit is negative or not a number, or `maxBlockingThreads` no integer of 1 or more
   * @throws TypeError if there is no such reactor
   */
  constructor(options: RuntimeOptions = {}) {
    const {
      host = nativeHost,
      cleanupLimit = 30_000,
      shutdownGrace = cleanupLimit,
      reactor = "auto",
      maxBlockingThreads,
      threadKeepAlive = 10_000,
      threadExecArgv,
    } = options;
    checkReactor(reactor);
    checkLimit("cleanupLimit", cleanupLimit);
    checkLimit("shutdownGrace", shutdownGrace);
    checkLimit("threadKeepAlive", threadKeepAlive);
    checkThreads(maxBlockingThreads);
    if (options.trackOrigins ?? host.trackOrigins === true) origins.tracked = true;
    this.#host = host;
    this.#shutdownGrace = shutdownGrace;
    this.#timers = new Timers({
      host,
      paused: options.clock === "paused",
      isIdle: () => this.#executor.isIdle,
    });
    this.#executor = new Executor({
      host,
      timers: this.#timers,
      detached: this.#detached,
      cleanupLimit,
      asyncContext: options.asyncContext ?? true,
      hooks: options.hooks ?? null,
      reactorChoice: reactor,
      blockingLimits: {
        maxThreads: maxBlockingThreads,
        keepAlive: threadKeepAlive,
        execArgv: threadExecArgv,
      },
      onUnhandledError: options.onUnhandledError ?? ((error) => host.uncaught(error)),
    });
  }

  /** What contexts carry: for executors and tests of one's own. */
  get handle(): Executor {
    return this.#executor;
  }

  /** The runtime's clock and timers. */
  get timers(): Timers {
    return this.#timers;
  }

  /** The name of the reactor in use: `"epoll"`, `"node"`, or `"none"` as long as nothing has asked for I/O. */
  get reactor(): string {
    return this.#executor.reactor?.name ?? "none";
  }

  /**
   * Why it is that reactor, where another would have been better: `"auto"` takes the node reactor, without a word, where
   * the epoll reactor cannot run. Nothing if it is the best one, the one that was asked for, or not made yet.
   *
   * @example
   * ```ts
   * const runtime = new Runtime({ reactor: "node" });
   * (await runtime.spawn(TcpListener.bind("127.0.0.1:0"))).close();
   * console.log(runtime.reactor, runtime.reactorReason); // node undefined
   * ```
   */
  get reactorReason(): string | undefined {
    return this.#executor.reactor?.why;
  }

  /**
   * Starts a task that belongs to nobody; see `spawn`.
   *
   * @throws ClosedError after {@link shutdown}
   */
  spawn<T>(future: Future<T>, options?: SpawnOptions): JoinHandle<T> {
    if (this.#detached.closing !== null && this.#mains === 0) throw new ClosedError("the runtime");
    return this.#executor.spawn(future, options);
  }

  /**
   * Runs a future as the main one of the program, and gives what it gives.
   *
   * When it has ended, the tasks that are left, detached or in a set, are cancelled, and the promise settles after their
   * cleanup or after the grace; sockets that are still open are closed. Of several mains at the same time, the last one
   * to end does that; one that comes later begins when it is done.
   *
   * If the host's loop runs empty while main has not ended, nothing can ever wake it: the tasks are then listed on stderr
   * and the process ends with code 13, as Node does for a top-level `await` that never settles.
   *
   * @param options.signal - aborts main, with the signal's reason
   * @throws what the future fails with; `CancelledError` if the signal aborted it
   */
  async run<T>(main: Future<T>, options: { signal?: AbortSignal; name?: string } = {}): Promise<T> {
    if (!isFuture(main)) throw new TypeError("run needs a future: run(main()), with the call");
    const { signal, name = "main" } = options;
    while (this.#ending !== null) await this.#ending;
    const handle = this.#executor.spawn(main, { name }, new TaskGroup("main"));
    const abort = (): void => handle.abort(signal?.reason);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    this.#mains++;
    this.#stopWatching ??= this.#host.onLoopEmpty(() => this.#reportStuck());
    try {
      return await handle;
    } finally {
      signal?.removeEventListener("abort", abort);
      if (--this.#mains === 0) {
        this.#ending = this.#end();
        await this.#ending;
      }
    }
  }

  async #end(): Promise<void> {
    await this.#cancelRest(new CancelledError(undefined, "the main future has ended"));
    this.#executor.reactor?.close();
    await this.#endThreads();
    // What was abandoned, or dropped half-way as a stream can be, has left timers: with nobody to wake, they would keep the
    // host alive. A later main may take up what they belong to.
    if (this.#rest().length === 0) {
      this.#timers.rest();
      this.#executor.onWork = () => this.#timers.endRest();
    }
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.#ending = null;
  }

  /** Cancels every detached task, waits for their cleanup within the grace, and refuses to spawn from then on. */
  async shutdown(reason: unknown = new ClosedError("the runtime")): Promise<void> {
    await this.#cancelRest(reason);
    this.#detached.closing = { reason };
    if (this.#mains === 0) await this.#endThreads();
  }

  /** As {@link Runtime.shutdown}; what `await using` calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown();
  }

  /** Only code that is not JavaScript, a long computation of Node's own, keeps a thread from ending at once. */
  async #endThreads(): Promise<void> {
    const pool = this.#executor.blocking;
    if (pool === undefined) return;
    this.#executor.blocking = undefined;
    // Those that are idle end a moment later, and nobody has to know.
    if ((await pool.close(this.#shutdownGrace)) || pool.running === 0) return;
    this.#host.warn(`pollux: ${pool.running} blocking threads did not end within ${this.#shutdownGrace} ms`);
  }

  async #cancelRest(reason: unknown): Promise<void> {
    const detached = this.#detached;
    const before = detached.closing;
    if (this.#rest().length === 0) return;
    detached.closing = { reason };
    const stop = Number.isFinite(this.#shutdownGrace)
      ? this.#host.timer(() => this.#abandon(), clamp(this.#shutdownGrace))
      : () => {};
    // Again, because what is being cleaned up may spawn.
    for (let rest = this.#rest(); rest.length > 0; rest = this.#rest()) {
      await new Promise<void>((resolve) => {
        let left = rest.length;
        for (const task of rest) {
          task.addJoiner({ wake: () => --left === 0 && resolve() });
          task.abort(reason);
        }
      });
    }
    stop();
    detached.closing = before;
  }

  /** The tasks that no main future waits for: detached ones, and those of sets that nobody has disposed of. */
  #rest(): Task[] {
    return this.#mains > 0 ? [...this.#detached] : this.#executor.liveTasks().flatMap(({ tasks }) => tasks);
  }

  #abandon(): void {
    for (const task of this.#rest()) {
      const error = new CleanupTimeoutError(this.#shutdownGrace, task.describe());
      this.#host.warn(`pollux: ${error.message}\n${dumpOrWhy(this.#executor, this.rest)}`);
      task.abandon(error);
    }
  }

  #reportStuck(): void {
    this.#host.warn(
      "pollux: the event loop ran empty and the main future has not ended: nothing is left that could wake it. " +
        `Tasks that wait:\n${dumpOrWhy(this.#executor, "nothing")}`,
    );
  }

  /** Counters since the runtime was made, and how things stand now. Reading them costs next to nothing. */
  metrics(): RuntimeMetrics {
    const { spawned, ended, polls, wakes, runnable, outstanding, reactor, blocking } = this.#executor;
    const [timers, sources] = [this.#timers.size, reactor?.openSources ?? 0];
    return {
      spawned,
      ended,
      alive: spawned - ended,
      polls,
      wakes,
      runnable,
      timers,
      sources,
      outstanding,
      blockingThreads: blocking?.threads ?? 0,
      blockingRunning: blocking?.running ?? 0,
      blockingQueued: blocking?.queued ?? 0,
    };
  }

  /**
   * The tasks that have not ended, as text: by group and scope, with the state of each, the coroutines it is in, what it
   * waits for, and who could let it go on. Above them stands what is wrong, as far as it can be told: tasks that wait for
   * each other in a circle, a lock that was granted to who does not poll. For logs and people; `snapshot` has the same
   * as data. `docs/stuck.md` shows how to read it. The reactor that runs, if there is one, stands there too, and why it is
   * that one.
   *
   * In a bundle that uses neither `snapshot` nor `dumpOnSignal`, it is a plain list of the tasks.
   *
   * @example
   * ```ts
   * const runtime = new Runtime();
   * const main = co(function* main() {
   *   const door = new Mutex(0, { name: "door" });
   *   yield* door.lock();
   *   spawn(door.lock(), { name: "visitor" });
   *   yield* yieldNow();
   *   console.log(runtime.dump().includes('"door" (held by task 1 (main))')); // true
   * });
   * await runtime.run(main());
   * ```
   */
  dump(): string {
    return dumper.dump(this.#executor, this.rest);
  }

  /**
   * Has hooks called from now on, besides those of the options: to look at a program that runs.
   *
   * @returns what ends it
   *
   * @example
   * ```ts
   * const runtime = new Runtime();
   * const names: (string | undefined)[] = [];
   * const stop = runtime.observe({ onSpawn: (task) => names.push(task.name) });
   * await runtime.run(ready(1));
   * stop();
   * await runtime.run(ready(2));
   * console.log(names); // [main]
   * ```
   */
  observe(hooks: Hooks): () => void {
    return this.#executor.observe(hooks);
  }

  /**
   * What can still wake a task.
   * @internal
   */
  get rest(): Rest {
    return this.#executor.isIdle && this.#timers.size === 0 ? "code outside" : "timers or I/O";
  }
}

/** The longest that a host timer takes: about 24.8 days, 2^31 - 1 ms. */
function clamp(ms: number): number {
  return Math.min(ms, 0x7fffffff);
}

function checkLimit(name: string, ms: number): void {
  if (!(ms >= 0))
    throw new RangeError(`${name} must be a number of milliseconds, 0 or more, or Infinity; got ${ms}`);
}

function checkThreads(count: number | undefined): void {
  if (count !== undefined && !(Number.isInteger(count) && count >= 1))
    throw new RangeError(`maxBlockingThreads must be an integer of 1 or more; got ${count}`);
}

function checkReactor(reactor: unknown): void {
  if (reactor !== "auto" && reactor !== "epoll" && reactor !== "node" && typeof reactor !== "function") {
    throw new TypeError(
      `reactor must be "auto", "epoll", "node" or a function that makes one; got ${String(reactor)}`,
    );
  }
}

/**
 * Runs a future as the main one of the program on a runtime of its own; see {@link Runtime.run}.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   yield* sleep(10);
 *   return "done";
 * });
 * console.log(await run(main()));
 * ```
 */
export function run<T>(main: Future<T>, options: RuntimeOptions & { signal?: AbortSignal } = {}): Promise<T> {
  const { signal, ...rest } = options;
  return new Runtime(rest).run(main, signal === undefined ? {} : { signal });
}
