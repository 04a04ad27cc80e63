/** Errors whose stack has been cut below the coroutine in which they were thrown. */
const traced = new WeakSet<Error>();

/** Frames of the driver, as V8 prints them. In a minified bundle they have other names and just stay in the trace. */
const DRIVER = /^ {4}at (?:\w+\.next \(<anonymous>\)|(?:Frame|GeneratorFrame)\.)/;
const ROOT = /^ {4}at (?:Frame|GeneratorFrame)\.(?:poll|cancel)\b/;

/**
 * Adds a line for the coroutine that waited for a failed callee to the error's stack, as V8 does for `async` functions:
 * a resumed callee has no caller on the machine stack, so the chain would end with it.
 *
 * Called as the error passes from callee to caller: without an error nothing of it runs. Errors that have no writable
 * stack stay as they are.
 *
 * @param error - what the callee threw
 * @param below - the function whose caller is the waiting coroutine
 */
export function traceCaller(error: unknown, below: (...args: never[]) => unknown): void {
  if (!(error instanceof Error) || typeof error.stack !== "string" || Error.captureStackTrace === undefined)
    return;
  const limit = Error.stackTraceLimit;
  const site: { stack?: string } = {};
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(site, below);
  Error.stackTraceLimit = limit;
  const line = site.stack?.split("\n").find((text) => text.startsWith("    at "));
  if (line === undefined) return;
  let stack = error.stack;
  if (!traced.has(error)) {
    traced.add(error);
    stack = withoutDriver(stack);
  }
  Reflect.set(error, "stack", `${stack}\n${line.replace("    at ", "    at async ")}`);
}

function withoutDriver(stack: string): string {
  const lines = stack.split("\n");
  const root = lines.findIndex((line) => ROOT.test(line));
  return (root < 0 ? lines : lines.slice(0, root)).filter((line) => !DRIVER.test(line)).join("\n");
}
