import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Waiting } from "../reactor/waiting.ts";
import {
  checkEvents,
  checkSignal,
  type EmitterLike,
  type EventTargetLike,
  Listeners,
} from "./event-source.ts";
import { KEEPS_NOTHING_ALIVE } from "./keeps-nothing-alive.ts";

/** When {@link once} and `on` begin to listen, and what ends the waiting. */
export interface EventOptions {
  /**
   * Listens from the call on, in place of the first poll: for an event that could come before that. Who then never polls
   * it has to cancel or to dispose of it. Default `false`.
   */
  readonly listenNow?: boolean;
  /** Ends the waiting; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** `listeners` and `aborts` have some exactly from the beginning until an event came, or the end. */
class Once<A extends unknown[]> extends Future<A> implements Disposable {
  private readonly name: string | symbol;
  private readonly listeners: Listeners;
  private readonly signal: AbortSignal | null;
  private readonly aborts: Listeners | null;
  private isListening: boolean;
  private outcome: { readonly args: A } | { readonly error: unknown } | null;
  private readonly waiting: Waiting;
  private isOver: boolean;

  constructor(source: EmitterLike | EventTargetLike, name: string | symbol, signal: AbortSignal | null) {
    super();
    this.name = name;
    this.listeners = new Listeners(source);
    this.signal = signal;
    this.aborts = signal === null ? null : new Listeners(signal);
    this.isListening = false;
    this.outcome = null;
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.isOver = false;
  }

  listen(): void {
    if (this.isListening) return;
    this.isListening = true;
    const { signal } = this;
    if (signal?.aborted === true) {
      this.settle({ error: signal.reason });
      return;
    }
    this.aborts?.add("abort", () => this.settle({ error: signal?.reason }));
    // The listener is given what is emitted under this name: its types are those that the caller has named.
    this.listeners.add(this.name, (...args) => this.settle({ args: args as A }));
    if (this.name !== "error" && !this.listeners.isTarget)
      this.listeners.add("error", (error) => this.settle({ error }));
  }

  override poll(cx: Context): Poll<A> {
    if (this.isOver) throw new PollAfterCompletionError("this once(…)");
    if (!cx.takeBudget()) return Pending;
    this.listen();
    const { outcome } = this;
    if (outcome === null) {
      cx.refundBudget();
      this.waiting.begin(cx);
      return Pending;
    }
    this.end();
    if ("error" in outcome) throw outcome.error;
    return outcome.args;
  }

  override cancel(): Poll<void> {
    this.end();
  }

  [Symbol.dispose](): void {
    this.end();
  }

  private settle(outcome: { readonly args: A } | { readonly error: unknown }): void {
    if (this.outcome !== null || this.isOver) return;
    this.outcome = outcome;
    this.clear();
    this.waiting.wake();
  }

  private clear(): void {
    this.listeners.clear();
    this.aborts?.clear();
  }

  private end(): void {
    this.isOver = true;
    this.outcome = null;
    this.clear();
    this.waiting.end();
  }

  override inspect(): Inspection {
    return { op: `event ${JSON.stringify(String(this.name))}` };
  }
}

/**
 * Waits for an event and gives its arguments, as an array; of an `EventTarget`, the event is the only one. Takes anything
 * with the methods of an `EventEmitter` or of an `EventTarget`, and listens from the first poll on.
 *
 * An `"error"` that an emitter emits meanwhile is thrown as it is, unless that is the event that is waited for. No
 * listener stays behind.
 *
 * **Cancel safety.** It stops listening. An event that has come and was not given is lost.
 *
 * @throws TypeError if it is given nothing that has events, or no name
 * @throws the `"error"` of the emitter; the reason of the signal
 *
 * @example
 * ```ts
 * const target = new EventTarget();
 * const main = co(function* () {
 *   const opened = once(target, "open", { listenNow: true });
 *   target.dispatchEvent(new Event("open"));
 *   const [event] = yield* opened;
 *   console.log(event.type); // "open"
 * });
 * await run(main());
 * ```
 */
export function once<A extends unknown[] = unknown[]>(
  emitter: EmitterLike,
  name: string | symbol,
  options?: EventOptions,
): Future<A> & Disposable;
export function once<E = Event>(
  target: EventTargetLike,
  name: string,
  options?: EventOptions,
): Future<[E]> & Disposable;
export function once(
  source: EmitterLike | EventTargetLike,
  name: string | symbol,
  options: EventOptions = {},
): Future<unknown[]> & Disposable {
  checkEvents("once", source, name);
  const future = new Once(source, name, checkSignal("once", options.signal));
  if (options.listenNow === true) future.listen();
  return future;
}
