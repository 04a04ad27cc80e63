import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type KeepsAlive, Waiting } from "../reactor/waiting.ts";
import type { ExitStatus } from "./exit-status.ts";

/** A process that can be waited for. */
export interface Waited {
  /** Names it in dumps. */
  readonly name: string;
  /** `null` until it has ended. */
  status: ExitStatus | null;
  readonly waits: Set<Waiting>;
  readonly alive: KeepsAlive;
}

/** @internal */
export class Wait extends Future<ExitStatus> {
  private readonly waited: Waited;
  private readonly waiting: Waiting;
  private isOver: boolean;

  constructor(waited: Waited) {
    super();
    this.waited = waited;
    this.waiting = new Waiting(waited.alive);
    this.isOver = false;
  }

  override poll(cx: Context): Poll<ExitStatus> {
    if (this.isOver) throw new PollAfterCompletionError("wait()");
    if (!cx.takeBudget()) return Pending;
    const { status, waits } = this.waited;
    if (status !== null) {
      this.cancel();
      return status;
    }
    cx.refundBudget();
    waits.add(this.waiting);
    this.waiting.begin(cx);
    return Pending;
  }

  override cancel(): void {
    this.isOver = true;
    this.waiting.end();
    this.waited.waits.delete(this.waiting);
  }

  override inspect(): Inspection {
    return { op: "wait for a process", state: this.waited.name };
  }
}
