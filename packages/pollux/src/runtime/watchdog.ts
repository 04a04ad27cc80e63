import { Worker } from "node:worker_threads";
import { type WatchdogData, watchMainThread } from "./watchdog-thread.ts";

/** How a {@link watchdog} watches. */
export interface WatchdogOptions {
  /** How long the event loop may take for one turn, in ms, before it is reported. Default 1,000. */
  limit?: number;
  /** Whether the process is ended, with code 13, after the report. Default `false`: the program goes on if it can. */
  exit?: boolean;
}

/** The folder of the library, whose own lines a report leaves out. */
const own = new URL("../", import.meta.url).href;

/**
 * Watches from a thread of its own whether the event loop of this one turns, and writes to stderr if it does not: which
 * task is under way, and the stack of what it does. For a loop without a `yield*`, where no timer fires and no signal is
 * heard, so that no dump can be asked for.
 *
 * It takes a timer here, a thread of some MB, and the inspector (`node:inspector`), which stops the program for a moment
 * when there is something to report; a debugger that is attached is shown that too. It keeps nothing alive. What takes too long
 * and ends is told by `slowPolls` at less cost.
 *
 * @returns what ends the watch
 * @throws RangeError if `limit` is no positive number of ms
 *
 * @example
 * ```ts
 * const watch = watchdog({ limit: 500 });
 * await run(sleep(1));
 * watch[Symbol.dispose]();
 * ```
 */
export function watchdog(options: WatchdogOptions = {}): Disposable {
  const { limit = 1_000, exit = false } = options;
  if (!(limit > 0) || !Number.isFinite(limit))
    throw new RangeError(`watchdog needs a limit in ms, more than 0; got ${limit}`);
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const timer = setInterval(() => Atomics.add(beats, 0, 1), limit / 4);
  timer.unref();
  const workerData: WatchdogData = { beats, limit, exit, own };
  // As text, and not as a file beside this one: a program in one bundle has no such file. Some compilers wrap functions
  // to keep their names; here is nothing to wrap them with.
  const source = `const __name = (f) => f; (${watchMainThread})((name) => process.getBuiltinModule(name))`;
  const worker = new Worker(source, { eval: true, workerData, execArgv: [] });
  worker.unref();
  worker.on("error", (error) => process.stderr.write(`pollux: the watchdog has failed: ${error}\n`));
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      void worker.terminate();
    },
  };
}
