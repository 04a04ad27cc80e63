import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { SeekFrom } from "./async-seek.ts";
import { Cursor } from "./cursor.ts";

/** A reader that is at its end; made by {@link empty}. */
export class Empty extends Cursor {
  /** @internal */
  constructor() {
    super(new Uint8Array(0));
  }

  /** Wherever to, it is at 0 again. */
  override pollSeek(cx: Context, _offset: number, _from: SeekFrom): Poll<number> {
    return cx.takeBudget() ? 0 : Pending;
  }
}

/**
 * A reader that has no bytes.
 *
 * @example
 * ```ts
 * console.log(yield* empty().readLine()); // Symbol(pollux.End)
 * ```
 */
export function empty(): Empty {
  return new Empty();
}
