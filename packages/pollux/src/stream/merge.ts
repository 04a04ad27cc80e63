import { randomBelow } from "../combine/random.ts";
import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { SourcePool } from "./source-pool.ts";

/** The values of several streams as they come. The first poll begins with one that chance chooses, and goes round. */
export class Merge<T> implements StreamSource<T> {
  private readonly pool: SourcePool<T>;
  /** Until the first poll or cancel. */
  private sources: StreamSource<T>[] | null;

  constructor(sources: StreamSource<T>[]) {
    this.pool = new SourcePool();
    this.sources = sources;
  }

  private begin(): void {
    const { sources } = this;
    if (sources === null) return;
    this.sources = null;
    const start = randomBelow(sources.length);
    for (const source of sources.slice(start)) this.pool.push(source);
    for (const source of sources.slice(0, start)) this.pool.push(source);
  }

  pollNext(cx: Context): Poll<T | End> {
    this.begin();
    return this.pool.pollNext(cx);
  }

  cancelNext(): void {
    this.pool.cancelNext();
  }

  cancel(cx: Context): Poll<void> {
    this.begin();
    return this.pool.cancel(cx);
  }

  inspectNext(): Inspection {
    return { op: "merge", futures: this.pool.polled(), any: true };
  }
}
