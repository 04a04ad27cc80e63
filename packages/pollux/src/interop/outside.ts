import { type Cancellable, Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { disposalOf } from "../core/disposal.ts";
import { CancelledError, CleanupError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { Executor } from "../task/executor.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { currentExecutor } from "../task/spawn.ts";

/**
 * Runs futures, one at a time, for an object of the platform that calls from outside of any task: on the runtime of the
 * task that has made the object, or on the default one.
 *
 * @internal
 */
export class Outside {
  private readonly executor: Executor;
  private step: JoinHandle<unknown> | null;
  private ending: Promise<void> | null;

  /** @param what - names the object in errors */
  constructor(what: string) {
    this.executor = currentExecutor(what);
    this.step = null;
    this.ending = null;
  }

  /** Runs the next step. What it gives when it has been given up meanwhile is disposed of. */
  async run<T>(future: Future<T>): Promise<T> {
    const step = this.executor.spawn(future);
    this.step = step;
    let value: T;
    try {
      value = await step;
    } finally {
      this.step = null;
    }
    if (this.ending === null) return value;
    const disposal = disposalOf(value);
    if (disposal !== null) await this.giveUp(disposal, undefined, "a value that came too late");
    throw new CancelledError(undefined, "it was given up meanwhile");
  }

  /**
   * Cancels the step that is under way and waits for it, and then gives up what the steps were for. Later calls wait for
   * the same.
   *
   * @throws CleanupError if that fails
   */
  end(what: Cancellable, reason: unknown, name: string): Promise<void> {
    this.ending ??= this.abort(what, reason, name);
    return this.ending;
  }

  private async abort(what: Cancellable, reason: unknown, name: string): Promise<void> {
    const { step } = this;
    const failures: unknown[] = [];
    if (step !== null) {
      step.abort(reason);
      await step.then(
        () => {},
        (error) => {
          if (error instanceof CleanupError) failures.push(error);
        },
      );
    }
    await this.giveUp(what, reason, name, failures);
  }

  private async giveUp(
    what: Cancellable,
    reason: unknown,
    name: string,
    failures: unknown[] = [],
  ): Promise<void> {
    await this.executor.spawn(new GiveUp(what, reason, name, failures));
  }
}

/** Drives a cancel to its end, also when it is cancelled itself. */
class GiveUp extends Future<void> {
  private readonly name: string;
  private readonly cleanup: Cleanup;
  private readonly reason: unknown;
  private failures: unknown[];

  constructor(what: Cancellable, reason: unknown, name: string, failures: unknown[]) {
    super();
    this.name = name;
    this.cleanup = new Cleanup(what, reason, name);
    this.reason = reason;
    this.failures = failures;
  }

  override poll(cx: Context): Poll<void> {
    try {
      if (this.cleanup.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.failures = collect(this.failures, error, this.reason);
    }
    if (this.failures.length > 0) throw new CleanupError(this.reason, this.failures);
    return undefined;
  }

  override cancel(cx: Context): Poll<void> {
    return this.poll(cx);
  }

  override inspect(): Inspection {
    return { op: `give up ${this.name}` };
  }
}
