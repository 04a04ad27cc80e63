/** @internal */
export function checkBytes(bytes: Uint8Array, what: string): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${what} needs a Uint8Array (a Buffer is one)`);
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
