import { constants } from "node:fs";
import { describe } from "../core/errors.ts";
import { checkSize } from "../io/check.ts";
import { checkMode } from "./path.ts";

/**
 * What a file is opened for, as in C and in Node: `"r"` to read; `"w"` to write, emptied or made anew; `"a"` to append. A
 * `+` adds the other direction, an `x` fails with `EEXIST` if there is something; `"r+"` neither makes nor empties it.
 */
export type OpenFlags = "r" | "r+" | "w" | "wx" | "w+" | "wx+" | "a" | "ax" | "a+" | "ax+";

/** How a file is opened. */
export interface OpenOptions {
  /** Default: `"r"`. Or a number, made of the constants `O_…` of `node:fs`. */
  flags?: OpenFlags | number;
  /** The permissions of a file that is made, less the process's `umask`. Default: `0o666`. */
  mode?: number;
  /** How many bytes one `read` or `write` takes at most, and a buffer for each direction may have. Default: 256 KiB. */
  maxBufferSize?: number;
}

/** A thread's turn costs some 20 µs: with this much in each, it is no longer what counts. */
const PIECE = 262_144;

const FLAGS: ReadonlySet<unknown> = new Set(["r", "r+", "w", "wx", "w+", "wx+", "a", "ax", "a+", "ax+"]);

/** Options that have been checked. */
export interface Opening {
  readonly flags: OpenFlags | number;
  readonly mode: number;
  readonly piece: number;
  readonly isAppending: boolean;
  /** Whether to open it may make a file, or empty one. */
  readonly isChanging: boolean;
}

/**
 * @throws TypeError, RangeError for options that make no sense
 * @internal
 */
export function openingOf(who: string, options: OpenOptions): Opening {
  const { flags = "r", mode = 0o666, maxBufferSize = PIECE } = options;
  if (typeof flags === "number" ? !Number.isInteger(flags) || flags < 0 : !FLAGS.has(flags))
    throw new TypeError(
      `${who}: flags must be one of ${[...FLAGS].join(", ")}, or a number, not ${describe(flags)}`,
    );
  checkMode(who, mode);
  const isAppending = typeof flags === "number" ? (flags & constants.O_APPEND) !== 0 : flags.startsWith("a");
  const isChanging =
    typeof flags === "number"
      ? (flags & (constants.O_CREAT | constants.O_TRUNC)) !== 0
      : !flags.startsWith("r");
  return { flags, mode, piece: checkSize("maxBufferSize", maxBufferSize, 1), isAppending, isChanging };
}
