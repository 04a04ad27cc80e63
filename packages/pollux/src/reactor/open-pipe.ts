import { closeSync, constants, fstatSync, openSync } from "node:fs";
import type { PipeMode } from "./options.ts";

const FLAGS = { read: constants.O_RDONLY, write: constants.O_WRONLY, readWrite: constants.O_RDWR } as const;

/**
 * Opens a named pipe so that nothing waits on it.
 *
 * @returns the descriptor
 * @throws the system's error: `ENOENT`; `ENXIO` if it is to be written to and nobody reads
 * @throws TypeError if there is something else at the path
 */
export function openPipe(path: string, mode: PipeMode): number {
  const fd = openSync(path, FLAGS[mode] | constants.O_NONBLOCK);
  if (fstatSync(fd).isFIFO()) return fd;
  closeSync(fd);
  throw new TypeError(`${path} is no named pipe: mkfifo makes one`);
}
