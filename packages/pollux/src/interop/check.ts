import { describe } from "../core/errors.ts";

/**
 * Of a stream of the Web, which one reader or writer has at a time.
 *
 * @internal
 */
export function checkUnlocked(who: string, kind: "ReadableStream" | "WritableStream", stream: unknown): void {
  const method = kind === "ReadableStream" ? "getReader" : "getWriter";
  // Any object may have the property; it is a function or not.
  if (typeof (stream as Record<string, unknown> | null | undefined)?.[method] !== "function")
    throw new TypeError(`${who} needs a ${kind}, not ${describe(stream)}`);
  if ((stream as { locked: boolean }).locked)
    throw new TypeError(
      `${who} was given a ${kind} that is locked: release its reader or writer first, or \`tee\` it`,
    );
}

/** @internal */
export function checkMark(name: string, mark: number | undefined): void {
  if (mark !== undefined && !(mark >= 0))
    throw new RangeError(`${name} must be a number of 0 or more; got ${mark}`);
}
