import type { Cancellable } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { disposalOf } from "../core/disposal.ts";
import { CleanupError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";

/**
 * Gives up several things, each when those before it have been cleaned up, also if that failed; or all at the same time.
 *
 * @throws CleanupError with all that failed
 */
export class Teardown implements Cancellable {
  /** `null` in the place of what is done. */
  private readonly parts: (Cancellable | null)[];
  private readonly together: boolean;
  private errors: unknown[] | null;

  constructor(parts: (Cancellable | null)[], together = false) {
    this.parts = parts;
    this.together = together;
    this.errors = null;
  }

  cancel(cx: Context): Poll<void> {
    const { parts } = this;
    let waits = false;
    for (let at = 0; at < parts.length; at++) {
      try {
        if (parts[at]?.cancel(cx) === Pending) {
          if (!this.together) return Pending;
          waits = true;
          continue;
        }
      } catch (error) {
        this.errors = collect(this.errors, error, cx.cancelReason);
      }
      parts[at] = null;
    }
    if (waits) return Pending;
    const { errors } = this;
    this.errors = null;
    if (errors !== null) throw new CleanupError(cx.cancelReason, errors);
    return undefined;
  }
}

/** The disposals of values that nobody is going to receive: of those that are `Disposable` or `AsyncDisposable`. */
export function disposalsOf(values: Iterable<unknown>): Cancellable[] {
  const disposals: Cancellable[] = [];
  for (const value of values) {
    const disposal = disposalOf(value);
    if (disposal !== null) disposals.push(disposal);
  }
  return disposals;
}
