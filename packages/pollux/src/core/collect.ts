import { CleanupError } from "./errors.ts";

/**
 * Adds what failed in cleanup to the errors of a cancel. What failed inside of a child for the same reason comes into
 * the same list, which reads better than a tree.
 */
export function collect(errors: unknown[] | null, error: unknown, reason: unknown): unknown[] {
  const all = errors ?? [];
  if (error instanceof CleanupError && error.cause === reason && error.winner === undefined)
    all.push(...error.errors);
  else all.push(error);
  return all;
}
