/** @internal */
export function checkBytes(bytes: Uint8Array, what: string): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what} needs a Uint8Array (a Buffer is one)`);
}

/** @internal */
export function checkAllBytes(bufs: readonly Uint8Array[], what: string): void {
  if (!Array.isArray(bufs)) throw new TypeError(`${what} needs an array of Uint8Arrays`);
  for (const buf of bufs) checkBytes(buf, what);
}

/**
 * Of a buffer to read into.
 *
 * @internal
 */
export function checkRoom(buf: Uint8Array, what: string): void {
  checkBytes(buf, what);
  if (buf.length === 0)
    throw new RangeError(`${what} needs a buffer of at least one byte: 0 bytes read is the end`);
}

/**
 * A number of bytes.
 *
 * @internal
 */
export function checkSize(what: string, size: number, least: number): number {
  if (typeof size !== "number") throw new TypeError(`${what} must be a number of bytes, not ${typeof size}`);
  if (Number.isInteger(size) && size >= least) return size;
  throw new RangeError(`${what} must be a whole number of bytes, ${least} or more, not ${size}`);
}

/**
 * A byte.
 *
 * @internal
 */
export function checkByte(what: string, byte: number): number {
  if (typeof byte !== "number")
    throw new TypeError(`${what} must be a byte as a number, such as 10 for "\\n", not ${typeof byte}`);
  if (Number.isInteger(byte) && byte >= 0 && byte <= 255) return byte;
  throw new RangeError(`${what} must be a byte, 0 to 255, not ${byte}`);
}
