import { Cleanup } from "../core/cleanup.ts";
import type { Context, RuntimeHandle, Waker } from "../core/context.ts";
import { CancelledError, PollAfterCompletionError } from "../core/errors.ts";
import { attachErrors } from "../core/further-errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Linked, LinkedList } from "../core/list.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { type BlockingPool, poolOf } from "./blocking-pool.ts";
import type { BlockingThread, ThreadCall, ThreadOutcome } from "./blocking-thread.ts";
import type { Services } from "./on-main.ts";
import { Question } from "./question.ts";

/** What all calls of a module have in common. */
export interface BlockingModule {
  readonly url: string;
  readonly services: Services;
  /** How long a cancelled call may go on before its thread is ended, in ms. */
  readonly cancelGrace: number;
}

/**
 * A call of a function in a thread of the pool.
 *
 * Invariants:
 * - `pool` is set from the first poll on, and null again when the call has been given up or has given its outcome;
 * - `thread` is set while one is at work on it; `list` while it waits for one;
 * - `runtime` is set until it is settled or withdrawn; meanwhile it is counted among what the runtime waits for, but for when
 *   the thread has asked: then it is the thread that waits, and a paused clock may move.
 */
export class BlockingCall<T> extends Future<T> implements ThreadCall, Linked<BlockingCall<unknown>> {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly callSite: string;
  private readonly target: BlockingModule;
  private pool: BlockingPool | null;
  private thread: BlockingThread | null;
  private runtime: RuntimeHandle | null;
  private waker: Waker | null;
  private outcome: ThreadOutcome | null;
  private question: Question | null;
  /** Gives up the service of a thread that has died meanwhile. */
  private cleanup: Cleanup | null;
  private isOver: boolean;
  /** Why it was cancelled, from then on. */
  private cancelled: { readonly reason: unknown } | null;
  private graceTimer: NodeJS.Timeout | null;
  before: BlockingCall<unknown> | null;
  after: BlockingCall<unknown> | null;
  list: LinkedList<BlockingCall<unknown>> | null;

  constructor(target: BlockingModule, name: string, args: readonly unknown[], callSite: string) {
    super();
    this.name = name;
    this.args = args;
    this.callSite = callSite;
    this.target = target;
    this.pool = null;
    this.thread = null;
    this.runtime = null;
    this.waker = null;
    this.outcome = null;
    this.question = null;
    this.cleanup = null;
    this.isOver = false;
    this.cancelled = null;
    this.graceTimer = null;
    this.before = null;
    this.after = null;
    this.list = null;
  }

  get module(): string {
    return this.target.url;
  }

  override poll(cx: Context): Poll<T> {
    if (this.isOver) throw new PollAfterCompletionError("this blocking call");
    if (!cx.takeBudget()) return Pending;
    this.waker = cx.waker;
    if (this.pool === null) {
      requireNodeLoop(cx.runtime, "calls of `blocking`");
      this.pool = poolOf(cx.runtime);
      this.runtime = cx.runtime;
      this.runtime.outstanding++;
      this.pool.submit(this);
    }
    if (this.question !== null && this.outcome === null && this.question.poll(cx) !== Pending)
      this.answered();
    if (this.outcome === null || this.pollCleanup(cx) === Pending) {
      cx.refundBudget();
      return Pending;
    }
    const { outcome } = this;
    this.end();
    if (outcome.kind !== "value") throw outcome.error;
    return outcome.value as T; // What the function gives is what the types of its module say.
  }

  /** The thread has ended while it waited for a service: that is given up before the call fails. */
  private pollCleanup(cx: Context): Poll<void> {
    const { question, outcome } = this;
    if (question === null) return undefined;
    const reason = outcome?.kind === "value" ? undefined : outcome?.error;
    this.cleanup ??= new Cleanup(question, reason, `the service ${question.name}`);
    try {
      if (this.cleanup.poll(cx) === Pending) return Pending;
    } catch (error) {
      attachErrors(reason, [error]);
    }
    this.answered();
    return undefined;
  }

  /** The thread goes on, if there still is one. */
  private answered(): void {
    this.question = null;
    if (this.runtime !== null) this.runtime.outstanding++;
  }

  override cancel(cx: Context): Poll<void> {
    if (this.isOver || this.pool === null) {
      this.isOver = true;
      return undefined;
    }
    this.waker = cx.waker;
    if (this.cancelled === null) {
      this.cancelled = { reason: cx.cancelReason };
      this.cleanup?.stop(cx.runtime);
      if (this.outcome !== null) this.outcome = { kind: "value", value: undefined };
      if (this.list !== null) {
        this.pool.withdraw(this);
        this.end();
        return undefined;
      }
      this.thread?.cancel();
      this.armGrace();
    }
    if (this.question !== null) {
      if (this.question.cancel(cx) === Pending) return Pending;
      this.answered();
    }
    const { outcome } = this;
    if (outcome === null) return Pending;
    this.end();
    // What it ends with because it was told to is no failure, and an exit may be our own doing.
    if (outcome.kind === "failure" && !isCancellation(outcome.error)) throw outcome.error;
  }

  private armGrace(): void {
    const { thread, target } = this;
    if (thread === null || !Number.isFinite(target.cancelGrace)) return;
    this.graceTimer = setTimeout(() => void thread.end(), target.cancelGrace);
  }

  /** The call has got a thread. */
  begun(thread: BlockingThread): void {
    this.thread = thread;
  }

  ask(name: string, args: readonly unknown[]): void {
    const { thread, cancelled } = this;
    if (thread === null) return;
    if (cancelled !== null) {
      thread.answer({ error: new CancelledError(cancelled.reason, "the call was cancelled") });
      return;
    }
    this.question = new Question(name, args, this.target.services, thread);
    if (this.runtime !== null) this.runtime.outstanding--;
    this.waker?.wake();
  }

  settle(outcome: ThreadOutcome): void {
    this.outcome = outcome;
    this.leave();
    this.waker?.wake();
  }

  /** Nothing outside is waited for any more. */
  private leave(): void {
    this.thread = null;
    if (this.graceTimer !== null) clearTimeout(this.graceTimer);
    this.graceTimer = null;
    if (this.runtime !== null && this.question === null) this.runtime.outstanding--;
    this.runtime = null;
  }

  private end(): void {
    this.leave();
    this.isOver = true;
    this.waker = null;
    this.outcome = null;
  }

  describe(): string {
    const { url } = this.target;
    return `${this.name} of ${url.length > 100 ? `${url.slice(0, 100)}…` : url}`;
  }

  override inspect(): Inspection {
    const { pool, thread, question } = this;
    if (pool === null) return { op: `blocking call ${this.name}` };
    const target = { kind: "blocking pool", key: pool };
    const state =
      thread === null
        ? `queued; ${pool.running} of ${pool.maxThreads} threads run`
        : `${this.cancelled === null ? "runs" : "is cancelled"} in thread ${thread.id}`;
    const op = `blocking call ${this.name} in`;
    const awaited = question?.awaited ?? null;
    // A thread that has asked sleeps until the service has ended.
    if (awaited !== null)
      return {
        op,
        target,
        state: `${state}, for ${question?.name}`,
        futures: [[question?.name ?? "", awaited]],
      };
    return { op, target, state, outside: true };
  }
}

/** Whether a function fails with this because its call was cancelled. */
function isCancellation(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === "AbortError" || ("code" in error && error.code === "POLLUX_CANCELLED");
}
