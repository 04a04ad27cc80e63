import { describe } from "../core/errors.ts";

/** Where something is in the file system: a path, or a URL with the scheme `file:`. */
export type FilePath = string | URL;

/**
 * @throws TypeError for what is no path
 * @internal
 */
export function checkPath(who: string, path: FilePath, what = "path"): void {
  if (typeof path === "string") {
    if (path === "") throw new TypeError(`${who}: ${what} is empty; "." is the working directory`);
    if (path.includes("\0")) throw new TypeError(`${who}: ${what} has a null byte in it`);
    return;
  }
  if (!(path instanceof URL))
    throw new TypeError(`${who}: ${what} must be a string or a URL, not ${describe(path)}`);
  if (path.protocol !== "file:")
    throw new TypeError(`${who}: ${what} must be a file: URL, not ${path.protocol}`);
}

/**
 * @throws TypeError, RangeError for what are no permissions
 * @internal
 */
export function checkMode(who: string, mode: number | undefined): void {
  if (mode === undefined) return;
  if (typeof mode !== "number")
    throw new TypeError(`${who}: mode must be a number such as 0o644, not ${describe(mode)}`);
  if (!(Number.isInteger(mode) && mode >= 0 && mode <= 0o7777))
    throw new RangeError(`${who}: mode must be from 0 to 0o7777, not ${mode}`);
}

/**
 * @throws TypeError for what is no flag
 * @internal
 */
export function checkBoolean(who: string, name: string, flag: boolean | undefined): void {
  if (flag !== undefined && typeof flag !== "boolean")
    throw new TypeError(`${who}: ${name} must be true or false, not ${describe(flag)}`);
}
