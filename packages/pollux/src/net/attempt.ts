import { WouldBlockError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { Side } from "../io/side.ts";

/** The operation that has a side while one of the `try…` functions does its work. */
const ATTEMPT = {};

/**
 * @throws WouldBlockError if it gives `Pending`
 * @throws FutureInUseError while another operation has the side
 * @internal
 */
export function attempt<T>(side: Side, done: string, operation: () => Poll<T>): T {
  side.begin(ATTEMPT);
  try {
    const result = operation();
    if (result === Pending) throw new WouldBlockError(`nothing can be ${done} now`);
    return result;
  } finally {
    side.end(ATTEMPT);
  }
}
