/** What a parser takes of one message. */
export interface ParserLimits {
  /** Bytes of a head, from its first line to the empty one; also of the trailers. Default 16 KiB. */
  readonly headBytes: number;
  /** Bytes of one line of a head, without its end. Default 8 KiB. */
  readonly lineBytes: number;
  /** Fields of a head; also of the trailers. Default 100. */
  readonly fields: number;
  /** Bytes of the line before a chunk, with its extensions. Default 256. */
  readonly chunkLineBytes: number;
  /** Bytes of the extensions of all chunks of a body. Default 4 KiB. */
  readonly extensionBytes: number;
}

/** @internal */
export const DEFAULT_LIMITS: ParserLimits = Object.freeze({
  headBytes: 16_384,
  lineBytes: 8192,
  fields: 100,
  chunkLineBytes: 256,
  extensionBytes: 4096,
});

/** @throws TypeError, RangeError for a limit that is no whole number of at least 1 */
export function checkWhole(name: string, value: number, least = 1): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, not ${typeof value}`);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} must be a whole number of at least ${least}, not ${value}`);
  }
  return value;
}

/** @throws TypeError, RangeError for limits that make no sense */
export function parserLimits(given: Partial<ParserLimits> = {}): ParserLimits {
  const limits = { ...DEFAULT_LIMITS, ...given };
  checkWhole("headBytes", limits.headBytes);
  checkWhole("lineBytes", limits.lineBytes);
  checkWhole("fields", limits.fields);
  checkWhole("chunkLineBytes", limits.chunkLineBytes);
  checkWhole("extensionBytes", limits.extensionBytes);
  return limits;
}
