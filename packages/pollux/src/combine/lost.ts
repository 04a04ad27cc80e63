import { CancelledError } from "../core/errors.ts";

/**
 * The reason that a combinator cancels the others with when one has won. An error, since code behind an `AbortSignal`
 * expects one; the same for all, because a stack trace for each would cost more than the `select` itself. Hence frozen
 * and without a stack.
 */
export const LOST: CancelledError = lost();

function lost(): CancelledError {
  const error = new CancelledError(undefined, "another future was ready first");
  error.stack = `${error.name}: ${error.message}`;
  return Object.freeze(error);
}
