import { inspect, stripVTControlCharacters } from "node:util";

/** A line of a stack. */
const SITE = /^\s*at /;
/** Lines that are about how code is loaded and run, not about the program. */
const MACHINERY =
  /node:|\/(?:packages|node_modules)\/pollux\/|\/(?:packages|@pollux)\/cli\/(?:dist|src|node_modules)\//;
/** The function that has a compiled coroutine's code. */
const COMPILED = /^(\s*at (?:async )?)(\S+?)\$run(?:\$\d+)? \(/;

/**
 * An error as a person reads it: with its trace, its cause and what else it has. Below the first line of the program the
 * trace has only lines of the program. Of a file that cannot be compiled only what is wrong.
 */
export function errorText(error: unknown, colors: boolean): string {
  // The class does not survive the way from the thread of the loader.
  if (error instanceof Error && /^POLLUX_COMPILE_/.test(String(Reflect.get(error, "code"))))
    return error.message;
  let isBelow = false;
  return inspect(error, { colors })
    .split("\n")
    .filter((line) => {
      const text = stripVTControlCharacters(line);
      if (!SITE.test(text)) {
        isBelow = false;
        return true;
      }
      const isMachinery = MACHINERY.test(text);
      isBelow ||= !isMachinery;
      return !(isBelow && isMachinery);
    })
    .map((line) => line.replace(COMPILED, "$1$2 ("))
    .join("\n");
}
