import { constants } from "node:os";
import process from "node:process";
import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { ReadOperation } from "../io/operation.ts";
import { Side } from "../io/side.ts";
import { type KeepsAlive, Waiting } from "../reactor/waiting.ts";

/** The signals that a program may want to handle. Which of them there are depends on the system. */
export type SignalName =
  | "SIGALRM"
  | "SIGBREAK"
  | "SIGCHLD"
  | "SIGCONT"
  | "SIGHUP"
  | "SIGINT"
  | "SIGIO"
  | "SIGPIPE"
  | "SIGPWR"
  | "SIGQUIT"
  | "SIGTERM"
  | "SIGTSTP"
  | "SIGTTIN"
  | "SIGTTOU"
  | "SIGURG"
  | "SIGUSR1"
  | "SIGUSR2"
  | "SIGWINCH";

/** Signals that the system lets nobody handle. */
const UNHANDLED: ReadonlySet<string> = new Set(["SIGKILL", "SIGSTOP"]);

/** About 24.8 days, the longest that Node's timers take. */
const FOREVER = 2 ** 31 - 1;

/**
 * Signals of the operating system, from now until it is closed. Meanwhile they do not do what they would by default:
 * `SIGINT` does not end the process. `Stream.from` makes a stream of them, which owns them: to give it up closes this.
 *
 * @example
 * ```ts
 * const serveUntilAsked = co(function* () {
 *   const asked = signals("SIGINT", "SIGTERM");
 *   try {
 *     const name = yield* asked.recv();
 *     console.log(`shutting down after ${name}`);
 *   } finally {
 *     asked.close();
 *   }
 * });
 * ```
 */
export class Signals implements StreamSource<SignalName>, KeepsAlive, Disposable {
  readonly isExternal = true;
  /** @internal */
  readonly needsNodeLoop = "signals";
  /** @internal */
  readonly names: readonly SignalName[];
  /** Those that came and were not received, each once, the oldest first. */
  private readonly arrived = new Set<SignalName>();
  private readonly waiting = new Waiting(this);
  /** @internal */
  readonly reading: Side = new Side("recv", "these signals");
  private closed = false;
  private timer: NodeJS.Timeout | null = null;

  /** @internal */
  constructor(names: readonly SignalName[]) {
    this.names = names;
    for (const name of names) process.on(name, this.onSignal);
  }

  private readonly onSignal = (name: SignalName): void => {
    this.arrived.add(name);
    this.waiting.wake();
  };

  /**
   * Waits for one of the signals and gives its name. Signals that come while nobody waits are kept, each once. One task
   * receives at a time.
   *
   * **Cancel safety.** Safe: a signal that has come stays for the next `recv`.
   *
   * Fails with `ClosedError` after `close`, `FutureInUseError` while another `recv` is waiting.
   */
  recv(): Future<SignalName> {
    return new Recv(this);
  }

  /** @internal */
  pollRecv(cx: Context): Poll<SignalName> {
    if (!cx.takeBudget()) return Pending;
    if (this.closed) throw new ClosedError("this set of signals");
    for (const name of this.arrived) {
      this.arrived.delete(name);
      return name;
    }
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  /** As {@link recv}, for streams: polls, and gives `End` after {@link close}. */
  pollNext(cx: Context): Poll<SignalName | End> {
    if (this.closed) return End;
    this.reading.begin(this);
    const poll = this.pollRecv(cx);
    if (poll !== Pending) this.cancelNext();
    return poll;
  }

  /** Whoever waits in {@link pollNext} waits no longer. */
  cancelNext(): void {
    if (this.reading.end(this)) this.cancelRead();
  }

  /** Gives the signals back, as a stream of them does when it is given up: the same as {@link close}. */
  cancel(): Poll<void> {
    this.cancelNext();
    this.close();
  }

  /** @internal */
  cancelRead(): void {
    this.waiting.end();
  }

  /** @internal */
  get inspected(): InspectionTarget {
    return { kind: "signals", name: this.names.join(", "), key: this };
  }

  /**
   * Node's own handles for signals do not keep the process alive; a timer that never fires does.
   * @internal
   */
  keepAlive(): void {
    this.timer = setInterval(() => {}, FOREVER);
  }

  /** @internal */
  letGo(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Gives the signals back to whoever else handles them, or to their default. A `recv` that waits fails. Idempotent. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const name of this.names) process.off(name, this.onSignal);
    this.waiting.wake();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  inspectNext(): Inspection {
    return { op: "receive", state: this.names.join(", ") };
  }
}

class Recv extends ReadOperation<SignalName, Signals> {
  protected override get what(): string {
    return "recv()";
  }

  protected override attempt(signals: Signals, cx: Context): Poll<SignalName> {
    return signals.pollRecv(cx);
  }

  override inspect(): Inspection {
    return { op: "receive", state: this.stream?.names.join(", ") ?? "over" };
  }
}

/**
 * Takes over signals of the operating system; see {@link Signals}.
 *
 * @throws TypeError if a name is no signal that this system has and lets a process handle
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const hangups = signals("SIGHUP");
 *   try {
 *     process.kill(process.pid, "SIGHUP"); // stands for `kill -HUP`
 *     console.log(yield* hangups.recv()); // SIGHUP
 *   } finally {
 *     hangups.close();
 *   }
 * });
 * await run(main());
 * ```
 */
export function signals(...names: SignalName[]): Signals {
  if (names.length === 0) throw new TypeError('signals needs at least one name: signals("SIGINT")');
  checkSignals(names);
  return new Signals([...new Set(names)]);
}

/** @throws TypeError for a name of no signal that this system has and lets a process handle */
export function checkSignals(names: readonly SignalName[]): void {
  for (const name of names) {
    if (!(name in constants.signals)) throw new TypeError(`${String(name)} is no signal of this system`);
    if (UNHANDLED.has(name)) throw new TypeError(`${name} cannot be handled by a process`);
  }
}
