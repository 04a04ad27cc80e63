import { co } from "../../src/core/coroutine.ts";
import type { Suspend } from "../../src/core/future.ts";
import { Runtime } from "../../src/runtime/runtime.ts";

/** Runs the body of a coroutine on a paused clock of its own. */
export function paused<T>(body: () => Generator<Suspend, T, unknown>): Promise<T> {
  return new Runtime({ clock: "paused" }).run(co(body)()) as Promise<T>;
}
