/** What else failed, by the error that was thrown. Weak, and beside the error: a user's error is never written to. */
const further = new WeakMap<object, unknown[]>();

/**
 * The failures that came after an error, from siblings that were cancelled because of it: those of the other children
 * and the body of a `scope`, or of the other futures of a combinator. In the order in which they happened; empty for
 * an error that came alone.
 *
 * @example
 * ```ts
 * const failing = co(function* (message: string) {
 *   throw new Error(message);
 * });
 * const main = co(function* () {
 *   try {
 *     yield* scope(function* (s) {
 *       s.spawn(failing("first"));
 *       s.spawn(failing("second"));
 *     });
 *   } catch (error) {
 *     console.log(error, furtherErrors(error)); // Error: first [Error: second]
 *   }
 * });
 * await run(main());
 * ```
 */
export function furtherErrors(error: unknown): readonly unknown[] {
  return further.get(error as object) ?? [];
}

/**
 * Notes failures beside the error that is going to be thrown. Says whether it could: a primitive that was thrown cannot
 * carry any.
 *
 * @internal
 */
export function attachErrors(error: unknown, errors: Iterable<unknown>): boolean {
  if ((typeof error !== "object" && typeof error !== "function") || error === null) return false;
  const all = further.get(error) ?? [];
  for (const each of errors) if (each !== error && !all.includes(each)) all.push(each);
  if (all.length > 0) further.set(error, all);
  return true;
}
