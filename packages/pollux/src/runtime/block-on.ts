import { ambient } from "../core/ambient.ts";
import {
  CancelledError,
  CleanupTimeoutError,
  describe,
  NestedBlockError,
  StuckError,
} from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import { type Future, isFuture } from "../core/future.ts";
import { epollOfThread, requireNative } from "../reactor/epoll/epoll-of-thread.ts";
import type { Executor } from "../task/executor.ts";
import { TaskGroup } from "../task/task-group.ts";
import { dumper } from "./dump.ts";
import { OwnedHost } from "./host/owned.ts";
import { Runtime, type RuntimeOptions } from "./runtime.ts";

/** How {@link blockOn} runs its future: as `run` does, but for what needs Node's loop. */
export interface BlockOnOptions
  extends Omit<
    RuntimeOptions,
    "host" | "reactor" | "maxBlockingThreads" | "threadKeepAlive" | "threadExecArgv"
  > {
  /** Names the main task in dumps and errors. Default `"main"`. */
  readonly name?: string;
}

/** Whether a `blockOn` owns this thread. */
let isOwned = false;

/**
 * Runs a future as the main one of a runtime that **owns the calling thread**, and gives its value when it has ended, as a
 * plain function does. For worker threads, and for command-line programs that do nothing else: it saves the way through
 * Node's loop. Linux only, and only where the epoll reactor loads.
 *
 * While nothing is to be done, the thread is parked in `epoll_wait`. **Node's loop does not turn until this returns**: no
 * `setTimeout`, no event, no promise of the thread goes on, and what a worker writes to `console` comes later. Tasks, timers,
 * channels, locks, sockets, pipes, `AsyncFd`, `ThreadWaker` and `crossMpsc` work. What needs that loop fails with
 * `NeedsNodeLoopError` at its first poll: promises, files, child processes, signals, `blocking`, look-ups of names, streams
 * and events of Node and of the Web.
 *
 * When main has ended, the tasks that are left are cancelled, as `run` does, within `shutdownGrace`. An error that no task
 * handles ends main, and is thrown here.
 *
 * **Signals** stay Node's. One that nobody listens for, such as Ctrl-C, does what it does by default: it ends the process.
 * A listener of `process.on("SIGINT")` is called only when this has returned.
 *
 * A thread that is parked notices `worker.terminate()` within 100 ms.
 *
 * **Cancel safety.** Nothing outside can cancel it: cancel within, by a `CancellationToken`, `select` or `timeout`.
 *
 * @throws what the future fails with
 * @throws UnsupportedError where the epoll reactor does not load
 * @throws NestedBlockError if a runtime of this thread is running the calling code
 * @throws StuckError if nothing is left that could wake a task, with a list of them
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const [tx, rx] = mpsc<string>(1);
 *   spawn(tx.send("hello"));
 *   yield* sleep(5);
 *   return yield* rx.recv();
 * });
 * console.log(blockOn(main())); // "hello"
 * ```
 */
export function blockOn<T>(main: Future<T>, options: BlockOnOptions = {}): T {
  if (!isFuture(main))
    throw new TypeError(`blockOn needs a future: blockOn(main()), with the call; got ${describe(main)}`);
  if (ambient.cx !== null || isOwned) throw new NestedBlockError();
  const { name = "main", ...rest } = options;
  const host = new OwnedHost(epollOfThread(requireNative("blockOn")));
  isOwned = true;
  try {
    const runtime = new Runtime({ ...rest, host, reactor: "epoll" });
    return drive(main, name, host, runtime.handle, rest.shutdownGrace ?? rest.cleanupLimit ?? 30_000);
  } finally {
    isOwned = false;
    host.close();
  }
}

function drive<T>(main: Future<T>, name: string, host: OwnedHost, executor: Executor, graceMs: number): T {
  const isAwaiting = (): boolean => executor.outstanding > 0;
  const task = executor.start(main, { name }, new TaskGroup("main"));
  task.observe();
  const failures: unknown[] = [];
  const driven = host.drive(() => task.isComplete, isAwaiting);
  if (driven.kind === "uncaught") failures.push(driven.error);
  if (driven.kind === "stuck") failures.push(new StuckError(dumper.dump(executor, "nothing")));
  failures.push(...cancelRest(host, executor, graceMs));
  executor.reactor?.close();
  if (driven.kind === "done") {
    if (task.isFailed) failures.unshift(task.failure);
  } else if (task.isFailed && !task.isAborted) {
    // Main was cancelled for another failure, and its cleanup has failed; or it failed in the same turn.
    failures.push(task.failure);
  }
  if (failures.length === 0) return task.result();
  const [first, ...others] = failures;
  if (!attachErrors(first, others)) for (const error of others) host.tell(error);
  throw first;
}

/** Cancels what is left, and waits for its cleanup within the grace; gives the errors that nobody handled. */
function cancelRest(host: OwnedHost, executor: Executor, graceMs: number): unknown[] {
  const failures: unknown[] = [];
  const reason = new CancelledError(undefined, "the main future has ended");
  let isLate = false;
  const stop = Number.isFinite(graceMs)
    ? host.timer(() => {
        isLate = true;
      }, graceMs)
    : () => {};
  // Once more than there are tasks, for failures are told at the host's next turn; and what cleans up may spawn.
  for (let isLast = false; !isLast; ) {
    const rest = executor.liveTasks().flatMap(({ tasks }) => tasks);
    isLast = rest.length === 0;
    for (const each of rest) each.abort(reason);
    let turned = !isLast;
    if (isLast)
      host.turn(() => {
        turned = true;
      });
    const driven = host.drive(
      () => isLate || (turned && rest.every((each) => each.isComplete)),
      () => executor.outstanding > 0,
    );
    if (driven.kind === "uncaught") {
      failures.push(driven.error);
      isLast = false;
    }
    if (driven.kind === "stuck" || isLate) {
      for (const each of rest) {
        if (each.isComplete) continue;
        const error = new CleanupTimeoutError(graceMs, each.describe());
        host.warn(`pollux: ${error.message}\n${dumper.dump(executor, "nothing")}`);
        each.abandon(error);
      }
    }
  }
  stop();
  return failures;
}
