import { isThenable } from "../core/adopted.ts";
import { describe } from "../core/errors.ts";
import { type Future, isFuture } from "../core/future.ts";

/**
 * Passes a future on.
 *
 * @param who - names the function that it was given to, such as `"join"`
 * @param which - its key, or its place counted from 0
 * @throws TypeError for anything else, saying what it is and what to do
 */
export function requireFuture<T>(value: Future<T>, who: string, which: string | number): Future<T> {
  if (isFuture(value)) return value;
  const given: unknown = value;
  const place = typeof which === "string" ? `"${which}"` : `argument ${which + 1}`;
  let advice = "";
  if (typeof given === "function") advice = ": call it";
  else if (isThenable(given)) advice = ": adopt a promise with fromPromise(…)";
  else if (Array.isArray(given)) advice = ": the form for a list ends in `All`";
  throw new TypeError(`${who} needs futures, and ${place} is ${describe(given)}${advice}`);
}

/** @throws TypeError if `fn` is no function */
export function requireFunction(who: string, fn: unknown): void {
  if (typeof fn !== "function") throw new TypeError(`${who} needs a function, not ${describe(fn)}`);
}
