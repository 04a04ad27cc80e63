import { type Context, UNLIMITED_BUDGET } from "../core/context.ts";
import { Future, isFuture } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";

class Unconstrained<T> extends Future<T> {
  private readonly inner: Future<T>;
  private begun = false;

  constructor(inner: Future<T>) {
    super();
    this.inner = inner;
  }

  override poll(cx: Context): Poll<T> {
    this.inner.claim(this);
    this.begun = true;
    const { runtime } = cx;
    const { budget } = runtime;
    runtime.budget = UNLIMITED_BUDGET;
    try {
      return this.inner.poll(cx);
    } finally {
      runtime.budget = budget;
    }
  }

  override inspect(): Inspection {
    return this.inner.inspect();
  }

  override cancel(cx: Context): Poll<void> {
    // Not this one's: another one may await it.
    if (!this.begun) return undefined;
    const { runtime } = cx;
    const { budget } = runtime;
    runtime.budget = UNLIMITED_BUDGET;
    try {
      return this.inner.cancel(cx);
    } finally {
      runtime.budget = budget;
    }
  }
}

/**
 * Runs a future without the coop budget: as long as what it awaits is ready, it goes on, and neither other tasks nor the
 * host get their turn. The budget of the task is left as it was.
 *
 * For a short stretch of work that must not be interrupted; anything longer starves the rest of the program.
 *
 * **Cancel safety.** That of the future.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   yield* unconstrained(countTo(1_000));
 * });
 * const countTo = co(function* (n: number) {
 *   for (let i = 0; i < n; i++) yield* consumeBudget();
 * });
 * await run(main());
 * ```
 */
export function unconstrained<T>(future: Future<T>): Future<T> {
  if (!isFuture(future)) throw new TypeError("unconstrained needs a future: unconstrained(coroutine(…))");
  return new Unconstrained(future);
}
