import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type SignalName, type Signals, signals } from "./signals.ts";

class CtrlC extends Future<void> {
  #signals: Signals | null = null;
  #recv: Future<SignalName> | null = null;
  #over = false;

  override poll(cx: Context): Poll<void> {
    if (this.#over) throw new PollAfterCompletionError("ctrlC()");
    this.#signals ??= signals("SIGINT");
    this.#recv ??= this.#signals.recv();
    if (this.#recv.poll(cx) === Pending) return Pending;
    this.#end();
    return undefined;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.#over) return;
    this.#recv?.cancel(cx);
    this.#end();
  }

  override inspect(): Inspection {
    return around("ctrlC", this.#recv);
  }

  #end(): void {
    this.#over = true;
    this.#signals?.close();
  }
}

/**
 * Waits for Ctrl-C (`SIGINT`), from its first poll on. When it is ready, or cancelled, the next Ctrl-C does again what
 * it did before: by default it ends the process. Use {@link signals} to go on handling it.
 *
 * **Cancel safety.** A Ctrl-C that comes in the same turn of the loop in which this is cancelled is lost. In a loop, keep
 * one {@link signals} open instead: what comes between two of its `recv` is kept.
 *
 * @example
 * ```ts
 * const serve = co(function* () {
 *   for (;;) yield* sleep(1_000); // stands for what a server does
 * });
 * const main = co(function* () {
 *   const server = spawn(serve());
 *   yield* ctrlC();
 *   server.abort("Ctrl-C");
 * });
 * ```
 */
export function ctrlC(): Future<void> {
  return new CtrlC();
}
