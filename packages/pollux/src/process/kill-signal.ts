import { constants } from "node:os";
import { describe } from "../core/errors.ts";
import type { SignalName } from "../signal/signals.ts";

/** The signals that one may want to send. Which of them there are depends on the system. */
export type KillSignal =
  | SignalName
  | "SIGABRT"
  | "SIGBUS"
  | "SIGFPE"
  | "SIGILL"
  | "SIGKILL"
  | "SIGPROF"
  | "SIGSEGV"
  | "SIGSTOP"
  | "SIGSYS"
  | "SIGTRAP"
  | "SIGVTALRM"
  | "SIGXCPU"
  | "SIGXFSZ";

/**
 * @throws TypeError for what is no signal of this system
 * @internal
 */
export function checkKillSignal(signal: KillSignal): void {
  if (!Object.hasOwn(constants.signals, signal))
    throw new TypeError(`${describe(signal)} is no signal of this system, such as "SIGTERM"`);
}
