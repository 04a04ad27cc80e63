/**
 * A count given by a caller: an integer from `least` to `most`.
 *
 * @throws TypeError if it is no number
 * @throws RangeError if it is no such integer
 */
export function checkCount(what: string, count: number, least: number, most: number): number {
  if (typeof count !== "number") throw new TypeError(`${what} must be a number, not ${typeof count}`);
  if (Number.isInteger(count) && count >= least && count <= most) return count;
  throw new RangeError(`${what} must be an integer from ${least} to ${most}, not ${count}`);
}
