import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { type Readings, ReadOperation } from "../io/operation.ts";

/**
 * What connections come out of, for one who asks at a time.
 *
 * @internal
 */
export interface Accepts<C> extends Readings {
  pollAccept(cx: Context): Poll<C>;
  readonly isClosed: boolean;
}

/** @internal */
export class Accept<C> extends ReadOperation<C, Accepts<C>> {
  protected override get what(): string {
    return "accept()";
  }

  protected override attempt(listener: Accepts<C>, cx: Context): Poll<C> {
    return listener.pollAccept(cx);
  }
}
