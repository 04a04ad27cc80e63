import process from "node:process";
import { checkSignals, type SignalName } from "../signal/signals.ts";
import type { Runtime } from "./runtime.ts";
import { fullDump } from "./take-snapshot.ts";

/**
 * Writes `runtime.dump()` to stderr whenever the process gets a signal: `kill -USR2 PID` then shows what a running program
 * waits for. It keeps nothing alive. A thread in a loop without end hears no signal: `watchdog` is for that.
 *
 * @param signal - default `"SIGUSR2"`; Node uses `SIGUSR1` itself, to start the inspector
 * @returns what ends it
 * @throws TypeError if the signal is none that this system has and lets a process handle
 *
 * @example
 * ```ts
 * const runtime = new Runtime();
 * const dumps = dumpOnSignal(runtime, "SIGUSR2");
 * await runtime.run(sleep(1));
 * dumps[Symbol.dispose]();
 * ```
 */
export function dumpOnSignal(runtime: Runtime, signal: SignalName = "SIGUSR2"): Disposable {
  checkSignals([signal]);
  const listener = (): void =>
    runtime.handle.host.warn(`pollux: ${signal}\n${fullDump(runtime.handle, runtime.rest)}`);
  process.on(signal, listener);
  return { [Symbol.dispose]: () => void process.off(signal, listener) };
}
