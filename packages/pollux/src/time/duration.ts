/**
 * Refuses what is no duration: `Infinity` is one (never), `NaN` and negative numbers are not.
 *
 * @internal
 */
export function checkDuration(what: string, ms: number): void {
  if (typeof ms !== "number") throw new TypeError(`${what} needs a number of milliseconds, not ${typeof ms}`);
  // Written so that NaN fails too.
  if (!(ms >= 0)) throw new RangeError(`${what} needs a duration of 0 ms or more, not ${ms}`);
}

/**
 * Refuses what is no instant: `Infinity` is one (never), `NaN` and `-Infinity` are not.
 *
 * @internal
 */
export function checkInstant(what: string, instant: number): void {
  if (typeof instant !== "number")
    throw new TypeError(`${what} needs an instant in milliseconds of now(), not ${typeof instant}`);
  // Written so that NaN fails too.
  if (!(instant > Number.NEGATIVE_INFINITY))
    throw new RangeError(`${what} needs an instant in milliseconds of now(), not ${instant}`);
}
