import type { Place } from "./places.ts";

/** How many lines the trace of an error may grow by: one that is thrown again and again must not grow for ever. */
const MOST_LINES = 32;

/** A coroutine that waits for another one, as a trace tells of it. */
interface Waiting {
  readonly name: string;
  readonly place: Place | null;
}

/** Lines added so far. */
const added = new WeakMap<Error, number>();

/** The driver's own frames as V8 prints them. A minifier renames them: then they stay in the trace, and nothing is cut. */
const DRIVER = /^ {4}at (?:GeneratorFrame|(?:Compiled)?Frame\d*|[^\s.]+\$Frame(?:\$\d+)?)\./;
/** The function that has a compiled coroutine's code, as V8 prints it: what keeps it may call it as a method. */
const COMPILED = /^( {4}at )(?:\S+\.)?(\S+?)\$run(?:\$\d+)?(?: \[as run\])? \(/;
const RESUME = /^ {4}at \S+\.(?:next|return|throw) \(<anonymous>\)$/;

/**
 * Adds the line where a coroutine waited for a failed callee to the error's stack, as V8 does for `async` functions: a
 * callee that was resumed has no caller on the machine stack, and between nested calls stand so many frames of the
 * driver that the limit would cut the chain short. At first the stack is cut below the coroutine that threw.
 *
 * Called as the error passes from callee to caller: without an error none of it runs. Errors that have no writable
 * `stack` stay as they are; nothing else of an error is touched.
 *
 * @param error - what the callee threw
 * @param below - the function whose caller is the waiting coroutine
 * @param waiting - that coroutine, if it was resumed: one that is compiled goes on from its start, and knows better where
 * it waited
 */
export function traceCaller(
  error: unknown,
  below: (...args: never[]) => unknown,
  waiting: Waiting | null = null,
): void {
  if (!(error instanceof Error) || typeof error.stack !== "string" || Error.captureStackTrace === undefined)
    return;
  const lines = added.get(error) ?? 0;
  if (lines >= MOST_LINES) return;
  const site: { stack?: string } = {};
  Error.captureStackTrace(site, below);
  const callers = ownLines((site.stack ?? "").split("\n").slice(1));
  const place = waiting?.place;
  if (waiting && place && callers.length > 0)
    callers[0] = `    at ${waiting.name} (${place.file}:${place.line}:${place.column})`;
  added.set(error, lines + callers.length);
  const stack = lines === 0 ? ownLines(error.stack.split("\n")) : [error.stack];
  const chain = callers.map((line) => line.replace("    at ", "    at async "));
  Reflect.set(error, "stack", [...stack, ...chain].join("\n"));
}

/** The lines above the first of the driver's. */
function ownLines(given: string[]): string[] {
  const lines = given.map((line) => line.replace(COMPILED, "$1$2 ("));
  const driver = lines.findIndex((line) => DRIVER.test(line));
  return (driver < 0 ? lines : lines.slice(0, driver)).filter((line) => !RESUME.test(line));
}
