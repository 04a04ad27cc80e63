import type { Context } from "../core/context.ts";
import { type Inspection, inspectionOf } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";

/** A stream that is made of another one, which it owns. One that holds more than that overrides the cancels. */
export abstract class Adapter<T, U> implements StreamSource<U> {
  protected readonly source: StreamSource<T>;

  constructor(source: StreamSource<T>) {
    this.source = source;
  }

  abstract pollNext(cx: Context): Poll<U | End>;

  cancelNext(): void {
    this.source.cancelNext?.();
  }

  cancel(cx: Context): Poll<void> {
    return this.source.cancel(cx);
  }

  inspectNext(): Inspection {
    return inspectionOf(this.source);
  }
}
