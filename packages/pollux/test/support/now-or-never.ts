import type { Context } from "../../src/core/context.ts";
import { co } from "../../src/core/coroutine.ts";
import { Future } from "../../src/core/future.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";
import { TestContext } from "./context.ts";

/** Polls `future` once, with the runtime and the budget of the task that asks, and gives it up if it is pending. */
export function nowOrNever<T>(future: Future<T>): Future<{ value: T } | "never"> {
  class Once extends Future<{ value: T } | "never"> {
    override poll(cx: Context): Poll<{ value: T } | "never"> {
      const own = new TestContext(cx.runtime);
      const poll = future.poll(own);
      if (poll !== Pending) return { value: poll };
      future.cancel(own);
      return "never";
    }
  }
  return co(function* () {
    return yield* new Once();
  })();
}
