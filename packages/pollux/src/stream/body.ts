import { futureOf } from "../combine/single.ts";
import { blockFuture } from "../core/coroutine.ts";
import type { Future } from "../core/future.ts";

/**
 * The future of what a stream of futures has given: one, or a generator.
 *
 * @throws TypeError for anything else
 */
export function requireBody(given: unknown, who: string): Future<unknown> {
  // It throws for what is neither.
  return futureOf(given, who) ?? blockFuture(given as Future<unknown>, who);
}
