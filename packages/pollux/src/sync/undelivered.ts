import { CleanupError } from "../core/errors.ts";

/**
 * Releases a value that was handed over and that nobody can receive any more: disposes of it if it is `Disposable`.
 * Without this a permit or a guard that sits in a channel would stay taken when its receiver goes away.
 */
export function disposeUndelivered(value: unknown): void {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return;
  // Any object may have the method; it is looked up as `using` would.
  const dispose = (value as Partial<Disposable>)[Symbol.dispose];
  if (typeof dispose === "function") dispose.call(value);
}

/**
 * Releases many; a failure does not keep the rest from being released.
 *
 * @throws CleanupError with all failures
 */
export function disposeAllUndelivered(values: Iterable<unknown>): void {
  const errors: unknown[] = [];
  for (const value of values) {
    try {
      disposeUndelivered(value);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new CleanupError(undefined, errors);
}
