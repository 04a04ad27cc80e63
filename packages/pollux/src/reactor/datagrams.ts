import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { BaseSource } from "./base-source.ts";
import { READ_READY, WRITE_READY } from "./readiness.ts";
import type { DatagramSource } from "./source.ts";
import { Waiting } from "./waiting.ts";

/**
 * The polls of a `DatagramSource`, made of what its back end tries. Two directions, with one waiter each; binding and
 * connecting wait in that of writing.
 */
export abstract class Datagrams<A> extends BaseSource implements DatagramSource<A> {
  sender: A | null = null;
  sizeSent = 0;
  protected readonly reading: Waiting = new Waiting(this);
  protected readonly writing: Waiting = new Waiting(this);

  abstract tryReceive(buf: Uint8Array, peek: boolean): Poll<number>;
  abstract trySend(buf: Uint8Array, to: A | null): Poll<number>;
  abstract readonly readiness: number;
  abstract readonly localAddress: A;
  abstract readonly peerAddress: A | null;
  /** Begins to bind it, if that has not begun. */
  protected abstract tryBind(): Poll<void>;
  /** Begins to connect it there, if that has not begun: it is asked again with the same object. */
  protected abstract tryConnect(to: A): Poll<void>;

  pollBind(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    return this.tryBind() === Pending ? this.wait(cx, this.writing) : undefined;
  }

  pollConnect(cx: Context, to: A): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    return this.tryConnect(to) === Pending ? this.wait(cx, this.writing) : undefined;
  }

  pollReceive(cx: Context, buf: Uint8Array, peek: boolean): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.tryReceive(buf, peek);
    return size === Pending ? this.wait(cx, this.reading) : size;
  }

  pollReadReady(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    if (this.isClosed) this.refuse();
    return (this.readiness & READ_READY) !== 0 ? undefined : this.wait(cx, this.reading);
  }

  cancelRead(): void {
    this.reading.end();
  }

  pollSend(cx: Context, buf: Uint8Array, to: A | null): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const size = this.trySend(buf, to);
    return size === Pending ? this.wait(cx, this.writing) : size;
  }

  pollWriteReady(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    if (this.isClosed) this.refuse();
    return (this.readiness & WRITE_READY) !== 0 ? undefined : this.wait(cx, this.writing);
  }

  cancelWrite(): void {
    this.writing.end();
  }

  /** Something has changed for both directions: the close, a failure. */
  protected wakeBoth(): void {
    this.reading.wake();
    this.writing.wake();
  }
}
