import { Adopted } from "../core/adopted.ts";
import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { Waiting } from "../reactor/waiting.ts";

/** `Reading`: one `read` is under way. `Given` and `Failed`: its outcome has not been taken yet. */
const New = 0;
const Idle = 1;
const Reading = 2;
const Given = 3;
const Failed = 4;
const Ended = 5;

/**
 * The chunks of a Web stream, asked for one at a time. It locks the stream from the first poll to the end; what a read
 * brings when nobody waits any more stays for the next poll.
 *
 * @internal
 */
export class WebPull<T> implements StreamSource<T> {
  private readonly stream: ReadableStream<T>;
  private readonly preventCancel: boolean;
  /** Set while it holds the lock. */
  private reader: ReadableStreamDefaultReader<T> | null;
  private state: number;
  private outcome: unknown;
  readonly waiting: Waiting;
  private closing: Promise<void> | null;
  private cancelling: Adopted<void> | null;

  constructor(stream: ReadableStream<T>, preventCancel: boolean) {
    this.stream = stream;
    this.preventCancel = preventCancel;
    this.reader = null;
    this.state = New;
    this.outcome = undefined;
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.closing = null;
    this.cancelling = null;
  }

  pollNext(cx: Context): Poll<T | End> {
    if (this.state === Ended) return End;
    if (!cx.takeBudget()) return Pending;
    requireNodeLoop(cx.runtime, "streams of the Web");
    if (this.state <= Idle) this.read();
    if (this.state === Reading) {
      cx.refundBudget();
      this.waiting.begin(cx);
      return Pending;
    }
    const { state, outcome } = this;
    this.outcome = undefined;
    if (state === Given) {
      this.state = Idle;
      // What a read that was not the last one has given.
      return outcome as T;
    }
    this.release();
    if (state === Failed) throw outcome;
    return End;
  }

  private read(): void {
    // A stream that somebody has locked since it was given to us says so here.
    this.reader ??= this.stream.getReader();
    this.state = Reading;
    this.reader.read().then(
      (result) => {
        if (result.done) this.settle(Ended, undefined);
        else this.settle(Given, result.value);
      },
      (error) => this.settle(Failed, error),
    );
  }

  /** The outcome of a read that a cancel has overtaken is nobody's. */
  private settle(state: number, outcome: unknown): void {
    if (this.state !== Reading) return;
    this.state = state;
    this.outcome = outcome;
    if (state === Ended) this.release();
    this.waiting.wake();
  }

  private release(): void {
    this.state = Ended;
    this.reader?.releaseLock();
    this.reader = null;
  }

  cancelNext(): void {
    this.waiting.end();
  }

  cancel(cx: Context): Poll<void> {
    this.cancelling ??= new Adopted(this.close(cx.cancelReason));
    return this.cancelling.poll(cx);
  }

  /** Gives the stream up: cancels it, unless it is to be left as it is, and gives the lock back. Idempotent. */
  close(reason: unknown): Promise<void> {
    this.closing ??= this.leave(reason);
    return this.closing;
  }

  private async leave(reason: unknown): Promise<void> {
    const { reader, state } = this;
    this.state = Ended;
    this.outcome = undefined;
    this.waiting.wake();
    try {
      if (this.preventCancel || state === Ended) return;
      if (reader === null) await this.stream.cancel(reason);
      else await cancelReader(reader, reason);
    } finally {
      this.release();
    }
  }

  inspectNext(): Inspection {
    return { op: "a chunk of a ReadableStream" };
  }
}

/** Of a stream that has failed before, the cancel gives that failure, which is nobody's any more. */
async function cancelReader(reader: ReadableStreamDefaultReader<unknown>, reason: unknown): Promise<void> {
  try {
    await reader.cancel(reason);
  } catch (error) {
    const failedByTheCancel = await reader.closed.then(
      () => true,
      () => false,
    );
    if (failedByTheCancel) throw error;
  }
}
