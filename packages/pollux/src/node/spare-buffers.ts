/** Of each, in bytes. */
export const BUFFER_SIZE = 65_536;

/** The most that are kept. */
const MOST = 16;

/**
 * Buffers that nobody uses now: whoever hands bytes on needs one for a moment, and an idle connection none. Memory outside
 * of V8's heap that is allocated for each piece of a long transfer has V8 collect all of its garbage again and again.
 */
const spare: Uint8Array[] = [];

/** @internal */
export function takeBuffer(): Uint8Array {
  return spare.pop() ?? new Uint8Array(BUFFER_SIZE);
}

/**
 * Gives one back that {@link takeBuffer} gave, and that is not looked at any more.
 *
 * @internal
 */
export function giveBuffer(buffer: Uint8Array): void {
  if (spare.length < MOST) spare.push(buffer);
}
