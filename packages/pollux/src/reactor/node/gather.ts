/** The bytes of several buffers, in their order, copied into one of at most `limit`. */
export function gather(bufs: readonly Uint8Array[], limit: number): Uint8Array {
  let total = 0;
  for (const buf of bufs) total += buf.length;
  const copy = Buffer.allocUnsafe(Math.min(total, limit));
  let at = 0;
  for (const buf of bufs) {
    if (at === copy.length) break;
    const size = Math.min(buf.length, copy.length - at);
    copy.set(size === buf.length ? buf : buf.subarray(0, size), at);
    at += size;
  }
  return copy;
}
