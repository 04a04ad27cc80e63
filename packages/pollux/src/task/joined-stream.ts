import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { type CompletionQueue, NextCompleted, Shutdown } from "./completion-queue.ts";
import type { Task } from "./task.ts";

class NextTask extends NextCompleted<Task> {
  protected override take(task: Task): Task {
    return task;
  }
}

/** What makes a stream of a group of tasks: of those that end, in the order of ending. */
export class JoinedStream {
  private readonly queue: CompletionQueue;
  /** What waits for who polls the group itself. */
  private next: NextTask | null;
  private shutdown: Future<void> | null;

  constructor(queue: CompletionQueue) {
    this.queue = queue;
    this.next = null;
    this.shutdown = null;
  }

  /** The next task that has ended; `End` when there is nothing left to join. */
  pollNext(cx: Context): Poll<Task | End> {
    this.next ??= new NextTask(this.queue);
    const poll = this.next.poll(cx);
    if (poll === Pending) return Pending;
    this.next = null;
    return poll ?? End;
  }

  /** Whoever waits for the next one waits no longer. */
  cancelNext(): void {
    this.next?.cancel();
    this.next = null;
  }

  /** Aborts all and waits for their cleanup. */
  cancel(cx: Context): Poll<void> {
    this.cancelNext();
    this.shutdown ??= new Shutdown(this.queue, cx.cancelReason);
    try {
      if (this.shutdown.poll(cx) === Pending) return Pending;
    } catch (error) {
      this.shutdown = null;
      throw error;
    }
    this.shutdown = null;
    return undefined;
  }

  inspectNext(): Inspection {
    return this.next?.inspect() ?? { op: `set ${JSON.stringify(this.queue.name)}` };
  }
}
