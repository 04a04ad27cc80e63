import { availableParallelism } from "node:os";
import { ClosedError, describe } from "../../core/errors.ts";
import type { Future } from "../../core/future.ts";
import { fromPromise } from "../../interop/promise.ts";
import { checkWhole } from "../../net/check.ts";
import { checkListenOptions } from "../../net/tcp-listener.ts";
import type { SocketAddress, TcpListenOptions } from "../../reactor/options.ts";
import type { RuntimeMetrics } from "../runtime.ts";
import type { RuntimeSnapshot } from "../snapshot.ts";
import { BackOff } from "./back-off.ts";
import { Listening } from "./listening.ts";
import type { ThreadRuntimeOptions } from "./messages.ts";
import { type ThreadExit, WorkerThread } from "./worker-thread.ts";

/** How {@link RuntimeThreads} are started. */
export interface RuntimeThreadsOptions<D = unknown> {
  /** How many. Default: as many as there are cores. */
  readonly threads?: number;
  /** The function that the module exports. Default `"main"`. */
  readonly export?: string;
  /** Copied to each thread, by structured clone. */
  readonly data?: D;
  /** Where `thread.listener()` listens. The socket is one for each thread, on one port (`SO_REUSEPORT`). */
  readonly listen?: TcpListenOptions;
  /** How long a thread may take until it is ready, in ms. Default 10,000. */
  readonly startLimit?: number;
  /** How long a thread that is to end may finish what it has begun, in ms, before its coroutine is cancelled. Default 30,000. */
  readonly grace?: number;
  /** The options of each thread's runtime. */
  readonly runtime?: ThreadRuntimeOptions;
  /** Node's options for the threads, such as `["--import", "tsx"]`. Default: those of the process. */
  readonly execArgv?: readonly string[];
  /** Told of each thread that has failed, or could not be started again. Default: a line on stderr, with the stack. */
  readonly onFailure?: (failure: ThreadFailure) => void;
}

/** A thread has ended that was not to, or otherwise than it was to. */
export interface ThreadFailure {
  readonly thread: number;
  readonly generation: number;
  /** What its coroutine has failed with, an error that nobody caught there, or `ThreadExitedError`. */
  readonly error: unknown;
  /** In how many ms it is started again; `null`: it was to end, and has failed in doing so. */
  readonly restartIn: number | null;
}

/** What the threads have counted. */
export interface ThreadsMetrics {
  /** The sum of those that answered. */
  readonly total: RuntimeMetrics;
  readonly threads: readonly { readonly thread: number; readonly metrics: RuntimeMetrics }[];
  /** The numbers of those that gave no answer within 5 s: they compute, are being started again, or have ended. */
  readonly silent: readonly number[];
}

/** The tasks of one thread. */
export interface ThreadSnapshot {
  readonly thread: number;
  readonly generation: number;
  /** `null` if it gave no answer within 5 s: it computes, is being started again, or has ended. */
  readonly snapshot: RuntimeSnapshot | null;
}

/** The place of a thread, and who has it. */
interface Slot {
  readonly number: number;
  readonly backOff: BackOff;
  /** The one that does the work; `null` while there is none. */
  current: WorkerThread | null;
  /** How many were started. */
  started: number;
  /** Until the next is started. */
  timer: NodeJS.Timeout | null;
  /** While one is being started. Never two at a time: of both, but one could be `current`, and the other would run for ever. */
  starting: Promise<void> | null;
  /** Its coroutine has ended by itself. */
  isDone: boolean;
}

/**
 * Threads that each run a coroutine on a runtime of their own, with a reactor of their own: a program on more than one core.
 * Nothing is shared but what is passed: copies of `data`, channels (`crossMpsc`), and a port to listen on.
 *
 * A thread that fails is started again, after 100 ms at first and twice as long each time, up to half a minute; each failure
 * is told. One whose coroutine ends by itself has done its work.
 *
 * The coroutine is given a {@link RuntimeThread}. It has to call `ready()`, and to end soon after `stopping` was cancelled.
 *
 * Pollux must not be a part of the same bundle: the threads load it from its own files.
 *
 * @example
 * ```ts no-run
 * // server.js
 * import { co, type RuntimeThread, scope, select, type TcpStream } from "pollux";
 *
 * export const main = co(function* (thread: RuntimeThread) {
 *   const listener = yield* thread.listener();
 *   thread.ready();
 *   yield* scope(function* (connections) {
 *     for (;;) {
 *       const next = yield* select({ stop: thread.stopping.cancelled(), stream: listener.accept() });
 *       if (next.key === "stop") break;
 *       connections.spawn(answer(next.value));
 *     }
 *     listener.close();
 *   }); // ends when the last connection has
 * });
 * const answer = co(function* (stream: TcpStream) {
 *   yield* stream.writeAll(new TextEncoder().encode("hello"));
 *   stream.close();
 * });
 * ```
 *
 * And who starts it:
 *
 * ```ts no-run
 * const program = co(function* () {
 *   const threads = yield* RuntimeThreads.start(new URL("./server.js", import.meta.url), {
 *     listen: { host: "0.0.0.0", port: 8080 },
 *   });
 *   try {
 *     yield* ctrlC();
 *   } finally {
 *     yield* threads.stop();
 *   }
 * });
 * await run(program());
 * ```
 */
export class RuntimeThreads implements AsyncDisposable {
  private readonly module: string;
  private readonly options: RuntimeThreadsOptions;
  private readonly listening: Listening | null;
  private readonly slots: Slot[];
  /** Those that have not ended: also those that begin, and that have been replaced. */
  private readonly live: Set<WorkerThread>;
  private stopping: Promise<void> | null;
  private restarting: Promise<void> | null;
  private onEnded: () => void;
  private readonly ending: Promise<void>;

  private constructor(
    module: string,
    count: number,
    options: RuntimeThreadsOptions,
    listening: Listening | null,
  ) {
    this.module = module;
    this.options = options;
    this.listening = listening;
    this.slots = Array.from({ length: count }, (_, number) => ({
      number,
      backOff: new BackOff(),
      current: null,
      started: 0,
      timer: null,
      starting: null,
      isDone: false,
    }));
    this.live = new Set();
    this.stopping = null;
    this.restarting = null;
    this.onEnded = () => {};
    this.ending = new Promise((resolve) => {
      this.onEnded = resolve;
    });
  }

  /**
   * Starts the threads, and gives them when all are ready. If one fails before, the others are ended.
   *
   * **Cancel safety.** Safe: the cancel waits until the threads that were started have been ended.
   *
   * @param module - an absolute URL: `new URL("./server.js", import.meta.url)`
   * @throws TypeError, RangeError for options that make no sense
   * @throws TimeoutError (the future) if a thread is not ready within `startLimit`
   * @throws what a coroutine failed with (the future); ThreadExitedError if its thread ended before it was ready
   * @throws UnsupportedError (the future) for a port on the node reactor, where Node is older than 22.12
   * @throws the system's error (the future) for where to listen: `EADDRINUSE`
   */
  static start<D>(module: string | URL, options: RuntimeThreadsOptions<D> = {}): Future<RuntimeThreads> {
    const { threads = availableParallelism(), startLimit = 10_000, grace = 30_000, listen } = options;
    if (!(module instanceof URL) && !(typeof module === "string" && URL.canParse(module)))
      throw new TypeError(
        `RuntimeThreads.start needs an absolute URL: new URL("./server.js", import.meta.url); got ${describe(module)}`,
      );
    checkWhole("threads", threads, 1, "threads");
    checkLimit("startLimit", startLimit);
    checkLimit("grace", grace);
    if (listen !== undefined) checkListenOptions(listen);
    const begin = async (signal: AbortSignal): Promise<RuntimeThreads> => {
      const { reactor = "auto" } = options.runtime ?? {};
      const listening = listen === undefined ? null : await Listening.open(listen, threads, reactor);
      const made = new RuntimeThreads(String(module), threads, options, listening);
      await made.startAll(signal);
      return made;
    };
    return fromPromise(begin, { awaitCleanup: true });
  }

  private async startAll(signal: AbortSignal): Promise<void> {
    const cancel = (): void => {
      this.stopping ??= this.terminateAll();
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      signal.throwIfAborted();
      await Promise.all(this.slots.map((slot) => this.launch(slot)));
      signal.throwIfAborted();
    } catch (error) {
      this.stopping ??= this.terminateAll();
      await this.stopping;
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  private async terminateAll(): Promise<void> {
    for (const slot of this.slots) dropTimer(slot);
    await Promise.all([...this.live].map((thread) => thread.terminate()));
    this.over();
  }

  /** Where the threads listen; with port 0, the port that the system chose. `null` if they were not told to. */
  get localAddress(): SocketAddress | null {
    return this.listening?.address ?? null;
  }

  /** How many threads there are to be. */
  get size(): number {
    return this.slots.length;
  }

  /** Starts a thread for a place, and puts it there when it is ready. What was there before is left to the caller. */
  private launch(slot: Slot): Promise<void> {
    slot.starting = this.begin(slot).finally(() => {
      slot.starting = null;
      this.checkOver();
    });
    return slot.starting;
  }

  private async begin(slot: Slot): Promise<void> {
    const { data, execArgv, startLimit = 10_000, runtime = {} } = this.options;
    const thread = new WorkerThread(
      {
        module: this.module,
        export: this.options.export ?? "main",
        number: slot.number,
        generation: slot.started++,
        data,
        listener: this.listening?.for(slot.number) ?? null,
        runtime,
      },
      execArgv,
    );
    this.live.add(thread);
    void thread.exited.then(() => this.live.delete(thread));
    await thread.whenReady(startLimit);
    slot.backOff.began(performance.now());
    // The one before may have failed meanwhile, or done its work.
    dropTimer(slot);
    slot.isDone = false;
    slot.current = thread;
    // Not before: one can be ready and have ended within one turn of Node's loop.
    void thread.exited.then((exit) => this.onExit(slot, thread, exit));
  }

  private onExit(slot: Slot, thread: WorkerThread, exit: ThreadExit): void {
    const { generation } = thread;
    const isCurrent = slot.current === thread;
    if (isCurrent) slot.current = null;
    if (!isCurrent || this.stopping !== null) {
      if (exit !== null) this.tell({ thread: slot.number, generation, error: exit.error, restartIn: null });
    } else if (exit !== null) {
      this.failed(slot, generation, exit.error);
    } else {
      slot.isDone = true;
      this.checkOver();
    }
  }

  private checkOver(): void {
    if (this.stopping === null && this.slots.every(({ isDone, starting }) => isDone && starting === null))
      this.over();
  }

  /** Tells of the failure, and starts the thread again after a while. */
  private failed(slot: Slot, generation: number, error: unknown): void {
    const restartIn = slot.backOff.failed(performance.now());
    dropTimer(slot);
    slot.timer = setTimeout(() => {
      slot.timer = null;
      // A `restart` is at it; if that fails, it comes here again.
      if (slot.starting !== null) return;
      this.launch(slot).catch((error) => {
        if (this.stopping === null) this.failed(slot, slot.started - 1, error);
      });
    }, restartIn);
    // After that: what it throws is as loud as any rejection that nobody handles.
    this.tell({ thread: slot.number, generation, error, restartIn });
  }

  private tell(failure: ThreadFailure): void {
    (this.options.onFailure ?? report)(failure);
  }

  /**
   * Replaces the threads, one after the other: the next one is ready, and listens, before the one before is to end. So the
   * work goes on, and no connection is refused. A call during another one waits for the same.
   *
   * **Cancel safety.** A cancel ends the waiting; the threads go on to be replaced.
   *
   * @throws what a new thread fails with before it is ready (the future): the old one, and those after it, stay
   * @throws ClosedError (the future) if they were stopped
   */
  restart(): Future<void> {
    return fromPromise(() => {
      this.restarting ??= this.replaceAll().finally(() => {
        this.restarting = null;
      });
      return this.restarting;
    });
  }

  private async replaceAll(): Promise<void> {
    for (const slot of this.slots) {
      // Started after a failure: it may have loaded what is to be replaced. Of its own failure, `failed` is told.
      await slot.starting?.catch(() => {});
      if (this.stopping !== null) throw new ClosedError("this set of threads");
      if (slot.isDone) continue;
      const old = slot.current;
      dropTimer(slot);
      try {
        await this.launch(slot);
      } catch (error) {
        if (this.stopping !== null) throw new ClosedError("this set of threads");
        // It may be the restart of one that had failed, or has by now: that goes on.
        if (slot.current === null && !slot.isDone) this.failed(slot, slot.started - 1, error);
        throw error;
      }
      await old?.stop(this.options.grace ?? 30_000);
    }
    if (this.stopping !== null) throw new ClosedError("this set of threads");
  }

  /**
   * Ends the threads: cancels `stopping` in each, after `grace` its coroutine, and a second later ends it by force. Ready when
   * all have ended. A second call waits for the same. `onFailure` is told what a coroutine fails with in ending.
   *
   * **Cancel safety.** A cancel ends the waiting; the threads go on to end.
   */
  stop(): Future<void> {
    return fromPromise(() => this.stopAll());
  }

  private stopAll(): Promise<void> {
    this.stopping ??= this.endAll();
    return this.stopping;
  }

  private async endAll(): Promise<void> {
    for (const slot of this.slots) dropTimer(slot);
    const { grace = 30_000 } = this.options;
    await Promise.all([...this.live].map((thread) => thread.stop(grace)));
    this.over();
  }

  /** Nobody accepts any more. */
  private over(): void {
    this.listening?.close();
    this.onEnded();
  }

  /**
   * Waits until the threads have ended: each by itself, or all by {@link RuntimeThreads.stop}.
   *
   * **Cancel safety.** Safe: nothing is lost.
   */
  ended(): Future<void> {
    return fromPromise(this.ending);
  }

  /**
   * What the threads have counted, and how they stand.
   *
   * **Cancel safety.** Safe: nothing is lost.
   */
  metrics(): Future<ThreadsMetrics> {
    return fromPromise(async () => {
      const asked = await Promise.all(
        this.slots.map(async ({ number, current }) => ({
          thread: number,
          metrics: (await current?.ask("metrics")) ?? null,
        })),
      );
      const threads = asked.flatMap(({ thread, metrics }) => (metrics === null ? [] : [{ thread, metrics }]));
      const silent = asked.filter(({ metrics }) => metrics === null).map(({ thread }) => thread);
      return { total: sum(threads.map(({ metrics }) => metrics)), threads, silent };
    });
  }

  /**
   * The tasks of each thread, as data; see `snapshot`.
   *
   * **Cancel safety.** Safe: nothing is lost.
   */
  snapshot(): Future<readonly ThreadSnapshot[]> {
    return fromPromise(() =>
      Promise.all(
        this.slots.map(async ({ number, current, started }) => ({
          thread: number,
          generation: current?.generation ?? started,
          snapshot: (await current?.ask("snapshot")) ?? null,
        })),
      ),
    );
  }

  /**
   * The tasks of each thread, as text; see `Runtime.dump`.
   *
   * **Cancel safety.** Safe: nothing is lost.
   */
  dump(): Future<string> {
    return fromPromise(async () => {
      const parts = await Promise.all(
        this.slots.map(async ({ number, current, isDone }) => {
          const dump = (await current?.ask("dump")) ?? null;
          if (dump !== null) return `thread ${number}:\n${dump.replace(/^(?=.)/gm, "  ")}`;
          if (isDone || (current === null && this.stopping !== null)) return `thread ${number} has ended`;
          const why = current === null ? "is being started again" : "does not answer: it computes";
          return `thread ${number} ${why}`;
        }),
      );
      return parts.join("\n");
    });
  }

  /** As {@link RuntimeThreads.stop}; what `await using` calls. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAll();
  }
}

function dropTimer(slot: Slot): void {
  if (slot.timer !== null) clearTimeout(slot.timer);
  slot.timer = null;
}

function sum(all: readonly RuntimeMetrics[]): RuntimeMetrics {
  const total: RuntimeMetrics = {
    spawned: 0,
    ended: 0,
    alive: 0,
    polls: 0,
    wakes: 0,
    runnable: 0,
    timers: 0,
    sources: 0,
    outstanding: 0,
    blockingThreads: 0,
    blockingRunning: 0,
    blockingQueued: 0,
  };
  for (const one of all)
    for (const key of Object.keys(total) as (keyof RuntimeMetrics)[]) total[key] += one[key]; // Its own keys.
  return total;
}

function report({ thread, error, restartIn }: ThreadFailure): void {
  const what = (error as Partial<Error> | null | undefined)?.stack ?? String(error);
  const then = restartIn === null ? "in ending" : `and starts again in ${restartIn} ms`;
  process.stderr.write(`pollux: thread ${thread} has failed, ${then}: ${what}\n`);
}

function checkLimit(name: string, ms: number): void {
  if (!(ms >= 0))
    throw new RangeError(`${name} must be a number of milliseconds, 0 or more, or Infinity; got ${ms}`);
}
