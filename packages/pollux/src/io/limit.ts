/** The most that an operation may gather in memory. */
export interface LimitOptions {
  /** In bytes; what is longer fails with `TooLongError`. `Infinity` for no limit. */
  maxLength?: number;
}

/** The most of a line, a frame, or what comes before a delimiter: 8 MiB. */
export const FRAME_LIMIT: number = 8 * 1024 * 1024;

/** The most of all that there is: 64 MiB. */
export const WHOLE_LIMIT: number = 64 * 1024 * 1024;

/** @internal */
export function limitOf(options: LimitOptions | undefined, usual: number): number {
  const limit = options?.maxLength ?? usual;
  if (typeof limit !== "number")
    throw new TypeError(`maxLength must be a number of bytes, not ${typeof limit}`);
  if (!(limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit > 0)))
    throw new RangeError(`maxLength must be a whole number of bytes, 1 or more, or Infinity, not ${limit}`);
  return limit;
}
