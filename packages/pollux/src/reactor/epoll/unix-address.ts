import type { UnixAddress } from "../source.ts";
import { AF_UNIX } from "./constants.ts";

/** Where the path begins: behind the length of the address and the family. */
const PATH_AT = 6;
/** The length of an address of which only the family is there. */
const FAMILY_LENGTH = 2;

/** Which order of bytes this machine has. */
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Writes the name of a Unix socket as the system wants it; it has been checked to fit. */
export function encodeUnixAddress(path: string, into: Uint8Array): void {
  into.fill(0);
  const size = Buffer.from(into.buffer, into.byteOffset + PATH_AT).write(path);
  const view = new DataView(into.buffer, into.byteOffset);
  // A path ends with a zero; an abstract name is as long as it is.
  view.setUint32(0, FAMILY_LENGTH + size + (path.startsWith("\0") ? 0 : 1), littleEndian);
  view.setUint16(4, AF_UNIX, littleEndian);
}

/** Reads a name that the system has written. */
export function decodeUnixAddress(from: Uint8Array): UnixAddress {
  const view = new DataView(from.buffer, from.byteOffset);
  const length = view.getUint32(0, littleEndian);
  if (length <= FAMILY_LENGTH) return null;
  const path = Buffer.from(from.buffer, from.byteOffset + PATH_AT, length - FAMILY_LENGTH);
  if (path[0] === 0) return path.toString();
  const end = path.indexOf(0);
  return path.toString("utf8", 0, end < 0 ? path.length : end);
}
