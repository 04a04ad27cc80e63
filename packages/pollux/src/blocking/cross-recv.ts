import type { Context } from "../core/context.ts";
import { type ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";

/** What the futures below need of a `CrossReceiver`. */
interface Source<T> {
  pollValue(cx: Context, waiter: object): Poll<T | End>;
  leave(waiter: object): void;
  takeMany(buffer: T[], limit: number): number;
  closedError(): ClosedError;
  inspectWait(): Inspection;
}

/** Receives one value. */
export class CrossRecv<T> extends Future<T> {
  private readonly receiver: Source<T>;
  private isDone: boolean;

  constructor(receiver: Source<T>) {
    super();
    this.receiver = receiver;
    this.isDone = false;
  }

  override poll(cx: Context): Poll<T> {
    if (this.isDone) throw new PollAfterCompletionError("this `recv`");
    let poll: Poll<T | End>;
    try {
      poll = this.receiver.pollValue(cx, this);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll === Pending) return Pending;
    this.isDone = true;
    if (poll === End) throw this.receiver.closedError();
    return poll;
  }

  override cancel(): Poll<void> {
    this.isDone = true;
    this.receiver.leave(this);
  }

  override inspect(): Inspection {
    return this.receiver.inspectWait();
  }
}

/** Receives what has arrived, one value at least. */
export class CrossRecvMany<T> extends Future<number> {
  private readonly receiver: Source<T>;
  private readonly buffer: T[];
  private readonly limit: number;
  private isDone: boolean;

  constructor(receiver: Source<T>, buffer: T[], limit: number) {
    super();
    this.receiver = receiver;
    this.buffer = buffer;
    this.limit = limit;
    this.isDone = false;
  }

  override poll(cx: Context): Poll<number> {
    if (this.isDone) throw new PollAfterCompletionError("this `recvMany`");
    const { receiver, buffer, limit } = this;
    if (limit === 0) {
      if (!cx.takeBudget()) return Pending;
      this.isDone = true;
      return 0;
    }
    let first: Poll<T | End>;
    try {
      first = receiver.pollValue(cx, this);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (first === Pending) return Pending;
    this.isDone = true;
    if (first === End) return 0;
    buffer.push(first);
    return 1 + receiver.takeMany(buffer, limit - 1);
  }

  override cancel(): Poll<void> {
    this.isDone = true;
    this.receiver.leave(this);
  }

  override inspect(): Inspection {
    return this.receiver.inspectWait();
  }
}
