import { select } from "../../src/combine/select.ts";
import { co } from "../../src/core/coroutine.ts";
import type { Future } from "../../src/core/future.ts";
import { run } from "../../src/runtime/runtime.ts";
import { yieldNow } from "../../src/task/yield-now.ts";

/** Does something again and again, and resolves if that lets others run in between; else it never does. */
export function yieldsAtTimes(operation: () => Future<unknown>): Promise<void> {
  const forever = co(function* () {
    for (;;) yield* operation();
  });
  const main = co(function* () {
    const other = co(function* () {
      yield* yieldNow();
    });
    yield* select({ forever: forever(), other: other() }, { biased: true });
  });
  return run(main());
}
