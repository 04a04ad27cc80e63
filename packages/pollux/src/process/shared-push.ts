import { Context, type RuntimeHandle } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { NodePush } from "../node/node-push.ts";
import type { NodeWritable } from "../node/node-types.ts";
import type { Waiting } from "../reactor/waiting.ts";

/** Wakes all who wait. */
class Everybody extends Context {
  /** Of whoever polls. */
  declare runtime: RuntimeHandle;
  readonly waits = new Set<Waiting>();

  override wake(): void {
    const waits = [...this.waits];
    this.waits.clear();
    for (const waiting of waits) waiting.wake();
  }
}

/** A stream of Node that any number of writers share, each of which may wait. */
export class SharedPush {
  private readonly push: NodePush;
  private readonly everybody: Everybody;

  constructor(stream: NodeWritable) {
    this.push = new NodePush(stream);
    this.everybody = new Everybody();
  }

  pollWrite(cx: Context, waiting: Waiting, buf: Uint8Array): Poll<number> {
    if (!this.begin(cx)) return Pending;
    const size = this.push.pollWrite(this.everybody, buf);
    return size === Pending ? this.wait(cx, waiting) : size;
  }

  pollFlush(cx: Context, waiting: Waiting): Poll<void> {
    if (!this.begin(cx)) return Pending;
    return this.push.pollFlush(this.everybody) === Pending ? this.wait(cx, waiting) : undefined;
  }

  cancel(waiting: Waiting): void {
    waiting.end();
    this.everybody.waits.delete(waiting);
    if (this.everybody.waits.size === 0) this.push.cancel();
  }

  /** Whether the task has budget: one that has none is woken by its own context, which the stream does not know. */
  private begin(cx: Context): boolean {
    if (!cx.takeBudget()) return false;
    cx.refundBudget();
    this.everybody.runtime = cx.runtime;
    return true;
  }

  private wait(cx: Context, waiting: Waiting): Pending {
    waiting.begin(cx);
    this.everybody.waits.add(waiting);
    return Pending;
  }
}
