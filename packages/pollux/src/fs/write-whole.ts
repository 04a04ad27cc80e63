import { write } from "node:fs";
import { WriteZeroError } from "../core/errors.ts";
import type { Done } from "./request.ts";

/** Writes all of it to a position. The system may take less than it is given. */
export function writeWhole(fd: number, buf: Uint8Array, position: number, done: Done<void>): void {
  if (buf.length === 0) {
    done(null, undefined);
    return;
  }
  write(fd, buf, 0, buf.length, position, (error, count) => {
    if (error !== null) done(error, undefined);
    else if (count === 0) done(new WriteZeroError(), undefined);
    else writeWhole(fd, buf.subarray(count), position + count, done);
  });
}
