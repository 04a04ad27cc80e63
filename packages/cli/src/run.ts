import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Future, Runtime, SignalName } from "pollux";
import { shortPath } from "./diagnostic-text.ts";
import { errorText } from "./error-text.ts";
import { ExitCode, Failure } from "./failure.ts";
import { Interrupts } from "./interrupts.ts";
import { sourceFile } from "./source-file.ts";
import { hasColors } from "./style.ts";

/** How a program is run. */
export interface RunOptions {
  readonly reactor: "auto" | "epoll" | "node";
  /** The file that gets the trace. */
  readonly trace?: string;
  readonly dumpOn?: SignalName;
  /** How long a cleanup may take, in ms. */
  readonly grace?: number;
}

type Pollux = typeof import("pollux");

/**
 * Runs the `main` of a module on a runtime, with coroutines compiled. The process ends with what a person expects: 0; 1
 * with the error on stderr; 13 if it is stuck, with the tasks on stderr; 130 or 143 if a signal has ended it.
 *
 * @throws Failure if there is no such file
 */
export async function runFile(file: string, args: readonly string[], options: RunOptions): Promise<void> {
  const path = sourceFile(file);
  process.argv.splice(1, process.argv.length - 1, path, ...args);
  await import("@pollux/compiler/register");
  const pollux = await polluxOf(path);
  const runtime = makeRuntime(pollux, options);
  let exports: Record<string, unknown>;
  try {
    exports = await load(path);
  } catch (error) {
    return fail(error);
  }
  const { main } = exports;
  if (main === undefined) {
    if (options.trace !== undefined || options.dumpOn !== undefined || options.reactor !== "auto") {
      process.stderr.write(
        `pollux: ${shortPath(path)} exports no main to run: what --reactor, --trace and --dump-on ask for ` +
          "concerns only that\n",
      );
    }
    return;
  }
  await runMain(pollux, runtime, main, args);
}

/** The copy of the library that the program has; ours where it has none. */
async function polluxOf(path: string): Promise<Pollux> {
  let found: string;
  try {
    found = createRequire(path).resolve("pollux");
  } catch {
    return import("pollux");
  }
  // What is called `pollux` and was found by a program that imports it, is it.
  return (await import(pathToFileURL(found).href)) as Pollux;
}

function makeRuntime(pollux: Pollux, options: RunOptions): Runtime {
  const { reactor, trace, dumpOn, grace } = options;
  const recorder = trace === undefined ? undefined : new pollux.TraceRecorder();
  const runtime = new pollux.Runtime({
    reactor,
    ...(recorder === undefined ? {} : { hooks: recorder }),
    ...(grace === undefined ? {} : { cleanupLimit: grace }),
  });
  if (trace !== undefined) {
    // However the process ends: with an error, stuck, or by a second Ctrl-C.
    process.once("exit", () => {
      try {
        writeFileSync(trace, JSON.stringify(recorder));
      } catch (error) {
        process.stderr.write(`pollux: the trace was not written: ${String(error)}\n`);
        process.exitCode ||= ExitCode.Failed;
      }
    });
  }
  if (dumpOn !== undefined) pollux.dumpOnSignal(runtime, dumpOn);
  return runtime;
}

/** Loads a module; one whose top-level `await` never settles ends the process as it does in Node. */
async function load(path: string): Promise<Record<string, unknown>> {
  const stuck = (): void => {
    // A runtime that is stuck has said so.
    if (process.exitCode !== undefined) return;
    process.exitCode = ExitCode.Stuck;
    process.stderr.write(`pollux: an \`await\` at the top level of ${shortPath(path)} never settles\n`);
  };
  process.once("beforeExit", stuck);
  try {
    // The exports of a module.
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } finally {
    process.off("beforeExit", stuck);
  }
}

async function runMain(
  pollux: Pollux,
  runtime: Runtime,
  main: unknown,
  args: readonly string[],
): Promise<void> {
  const interrupts = new Interrupts();
  try {
    await runtime.run(mainFuture(pollux, main, args), { signal: interrupts.signal });
  } catch (error) {
    if (error instanceof Failure) throw error;
    const isCancelled = interrupts.exitCode !== null && error instanceof pollux.CancelledError;
    if (!isCancelled) return fail(error);
  } finally {
    interrupts.close();
  }
  // Whatever else the program has open does not outlast a signal.
  if (interrupts.exitCode !== null) return exit(interrupts.exitCode);
}

/** @throws what `main` throws; Failure if it is nothing that can be run */
function mainFuture(pollux: Pollux, main: unknown, args: readonly string[]): Future<unknown> {
  const future: unknown = typeof main === "function" ? main([...args]) : main;
  if (future instanceof pollux.Future) return future;
  const found = typeof main === "function" ? "main gave" : "main is";
  throw new Failure(
    `${found} ${future instanceof Promise ? "a promise, which nothing can cancel" : "no future"}: make it a ` +
      "coroutine, export const main = co(async () => …), or do not export it",
    ExitCode.Failed,
  );
}

async function fail(error: unknown): Promise<void> {
  process.stderr.write(`${errorText(error, hasColors(process.stderr))}\n`);
  await exit(ExitCode.Failed);
}

/** Ends the process when what was written has been taken. */
async function exit(code: number): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) {
    await new Promise((resolve) => stream.write("", resolve));
  }
  process.exit(code);
}
