import process from "node:process";
import { co } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";
import { type LimitOptions, limitOf, WHOLE_LIMIT } from "../io/limit.ts";
import type { Reader } from "../io/reader.ts";
import type { Writer } from "../io/writer.ts";
import type { NodeChildProcess } from "../node/node-types.ts";
import { ChildInput, ChildOutput } from "./child-pipes.ts";
import { ExitStatus } from "./exit-status.ts";
import { KeepsHandleAlive } from "./keeps-handle-alive.ts";
import { checkKillSignal, type KillSignal } from "./kill-signal.ts";
import { collectOutput, type Output } from "./output.ts";
import { Wait, type Waited } from "./wait.ts";

const killAndWait = co(function* kill(child: Child, signal: KillSignal) {
  child.startKill(signal);
  return yield* child.wait();
});

/** What of a command a child needs to know. */
export interface ChildSettings {
  readonly program: string;
  readonly killOnDrop: boolean;
  readonly processGroup: boolean;
}

/**
 * A process that was started by a {@link Command}. It goes on by itself, whatever becomes of this object, unless the
 * command says `killOnDrop`, and neither it nor its pipes keep this process alive while nobody waits for them. The system's
 * record of it is taken away as soon as it has ended: there are no zombies.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const child = yield* new Command("tr", ["a-z", "A-Z"], { stdin: "pipe", stdout: "pipe" }).spawn();
 *   yield* child.stdin!.writeAll(new TextEncoder().encode("hello"));
 *   yield* child.stdin!.shutdown();
 *   console.log(yield* child.stdout!.readToString()); // "HELLO"
 *   console.log((yield* child.wait()).code); // 0
 *   child.close();
 * });
 * await run(main());
 * ```
 */
export class Child implements Disposable, AsyncDisposable {
  /** What it reads, if that is a pipe. A child that has ended leaves `EPIPE` to whoever writes. */
  readonly stdin: Writer | null;
  /** What it writes, if that is a pipe. What it had written before its end can still be read. */
  readonly stdout: Reader | null;
  /** As `stdout`. */
  readonly stderr: Reader | null;
  private readonly handle: NodeChildProcess;
  private readonly settings: ChildSettings;
  private readonly waited: Waited;

  /** @internal */
  constructor(handle: NodeChildProcess, settings: ChildSettings) {
    const name = `of ${settings.program}, pid ${handle.pid}`;
    this.handle = handle;
    this.settings = settings;
    this.stdin = handle.stdin === null ? null : new ChildInput(`stdin ${name}`, handle.stdin);
    this.stdout = handle.stdout === null ? null : new ChildOutput(`stdout ${name}`, handle.stdout);
    this.stderr = handle.stderr === null ? null : new ChildOutput(`stderr ${name}`, handle.stderr);
    const waited: Waited = { name, status: null, waits: new Set(), alive: new KeepsHandleAlive(handle) };
    this.waited = waited;
    handle.once("exit", (code, signal) => {
      waited.status = new ExitStatus(code, signal);
      for (const waiting of waited.waits) waiting.wake();
    });
  }

  /** The number of the process; `null` once it has ended, when another one may have it. */
  get pid(): number | null {
    return this.waited.status === null ? (this.handle.pid ?? null) : null;
  }

  /**
   * Waits until the process has ended. Any number may wait, also when it has ended. Its pipes stay open: a child that waits
   * for the end of its input never ends, nor does one whose output nobody reads; see {@link output}.
   *
   * **Cancel safety.** Safe: the process goes on.
   */
  wait(): Future<ExitStatus> {
    return new Wait(this.waited);
  }

  /** How the process has ended, or `null` as long as it has not. */
  tryWait(): ExitStatus | null {
    return this.waited.status;
  }

  /**
   * Sends a signal, and does not wait; with `processGroup` to the whole group. Does nothing if the process has ended.
   *
   * @throws TypeError for what is no signal, the system's `EPERM` if it may not be sent
   */
  startKill(signal: KillSignal = "SIGKILL"): void {
    checkKillSignal(signal);
    const { pid } = this;
    if (pid === null) return;
    try {
      process.kill(this.settings.processGroup ? -pid : pid, signal);
    } catch (error) {
      // It has ended, and we have not been told yet.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  /**
   * Sends a signal, and waits until the process has ended. One that does not end by that signal is waited for all the same.
   *
   * **Cancel safety.** Safe: the signal is sent, and the process ends or not.
   *
   * @throws TypeError for what is no signal
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const child = yield* new Command("sleep", ["60"]).spawn();
   *   console.log(String(yield* child.kill("SIGTERM"))); // "ended by SIGTERM"
   *   child.close();
   * });
   * await run(main());
   * ```
   */
  kill(signal: KillSignal = "SIGKILL"): Future<ExitStatus> {
    checkKillSignal(signal);
    return killAndWait(this, signal);
  }

  /**
   * Ends the child's input, reads its outputs to their ends, both at a time, and waits until it has ended. Each may have 64
   * MiB, unless `maxLength` says otherwise; what is longer fails with `TooLongError`.
   *
   * **Cancel safety.** Not safe: what was read so far is lost. The process goes on.
   *
   * @throws TypeError, RangeError for options that make no sense
   */
  output(options: LimitOptions = {}): Future<Output> {
    const maxLength = limitOf(options, WHOLE_LIMIT);
    return collectOutput(this, new Uint8Array(0), { maxLength });
  }

  /** Closes the pipes; with `killOnDrop`, kills a process that has not ended. Idempotent. */
  close(): void {
    for (const pipe of [this.stdin, this.stdout, this.stderr]) pipe?.close();
    if (this.settings.killOnDrop) this.startKill("SIGKILL");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes it, and with `killOnDrop` waits until the process has ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    const { handle } = this;
    if (!this.settings.killOnDrop || this.waited.status !== null) return;
    handle.ref();
    await new Promise<void>((resolve) => handle.once("exit", () => resolve()));
  }
}
