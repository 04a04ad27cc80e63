import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { BaseSource } from "./base-source.ts";
import type { AcceptSource } from "./source.ts";
import { Waiting } from "./waiting.ts";

/** The polls of an `AcceptSource`, made of what its back end tries. */
export abstract class Acceptor<S> extends BaseSource implements AcceptSource<S> {
  protected readonly accepting: Waiting = new Waiting(this);

  abstract tryAccept(): Poll<S>;
  abstract readonly dropped: number;
  /** Begins to open it, if that has not begun. */
  protected abstract tryListen(): Poll<void>;

  pollListen(cx: Context): Poll<void> {
    if (!cx.takeBudget()) return Pending;
    return this.tryListen() === Pending ? this.wait(cx, this.accepting) : undefined;
  }

  pollAccept(cx: Context): Poll<S> {
    if (!cx.takeBudget()) return Pending;
    const source = this.tryAccept();
    return source === Pending ? this.wait(cx, this.accepting) : source;
  }

  cancelAccept(): void {
    this.accepting.end();
  }
}
