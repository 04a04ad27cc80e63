/** Bytes of a path that fit into an address, less the zero at its end. */
const LONGEST = 107;

/**
 * Of a Unix socket.
 *
 * @internal
 */
export function checkUnixPath(path: string, what: string): void {
  if (typeof path !== "string") throw new TypeError(`${what} needs a path; got ${typeof path}`);
  const isAbstract = path.startsWith("\0");
  if (path === "" || path === "\0") throw new RangeError(`${what} needs a path that is not empty`);
  if (!isAbstract && path.includes("\0"))
    throw new RangeError(`${what}: a path has no zero in it, but for the one that begins an abstract name`);
  const size = new TextEncoder().encode(path).length;
  if (size > LONGEST) {
    throw new RangeError(
      `${what}: the path of a Unix socket has at most ${LONGEST} bytes, and this has ${size}; change the working folder, or link to it from a shorter path`,
    );
  }
}
