/**
 * The bytes that were read into a buffer. A few of them are copied: as a part of the buffer they would keep all of it, and
 * whoever counts bytes to know how much is buffered would be wrong by as much as the peer likes.
 *
 * @internal
 */
export function filled(buf: Uint8Array, count: number): Uint8Array {
  return count * 2 < buf.length ? buf.slice(0, count) : buf.subarray(0, count);
}
