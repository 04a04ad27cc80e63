import { CancelledError } from "../core/errors.ts";

/**
 * The reason that a stream is cancelled with when whoever takes from it wants no more. An error, since code behind an
 * `AbortSignal` expects one; the same for all, so that the end of a stream pays for no stack trace. Hence frozen and
 * without a stack.
 */
export const ENOUGH: CancelledError = enough();

function enough(): CancelledError {
  const error = new CancelledError(undefined, "no more values of the stream were wanted");
  error.stack = `${error.name}: ${error.message}`;
  return Object.freeze(error);
}
