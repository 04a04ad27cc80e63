import { inspect } from "node:util";

/** What a block prints, by the number of the call of `console.log` in it. */
const printed = new Map<string, Map<number, string[]>>();

/** The console that a block sees: quiet, and it remembers what each call printed. */
export interface RecordingConsole extends Console {
  /** The console for the call with this number. */
  at(call: number): Pick<Console, "log">;
}

/** Made by a generated program for itself; forgets what an earlier run has printed. */
export function recorder(id: string): RecordingConsole {
  const calls = new Map<number, string[]>();
  printed.set(id, calls);
  const quiet = (): void => {};
  const at = (call: number): Pick<Console, "log"> => ({
    log: (...values: unknown[]) => {
      const texts = calls.get(call) ?? [];
      calls.set(call, texts);
      texts.push(values.map(show).join(" "));
    },
  });
  const overrides = { at, log: quiet, info: quiet, debug: quiet, warn: quiet, error: quiet, table: quiet };
  return Object.assign(Object.create(console) as Console, overrides);
}

/** What a call printed in the latest run of a program. */
export function printedBy(id: string, call: number): readonly string[] {
  return printed.get(id)?.get(call) ?? [];
}

/** A value on one line, as a comment would write it: an error by its name and message. */
function show(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY });
}

/**
 * Whether a comment tells what was printed. Quotes do not count, and what a line printed again and again is told with
 * commas between: `// 1, 2, then 3`.
 */
export function tells(comment: string, texts: readonly string[]): boolean {
  const plain = (text: string): string =>
    text
      .replace(/^\s*=>/, "")
      .replace(/["'`]/g, "")
      .replace(/, then /g, ", ")
      .replace(/\s+/g, " ")
      .trim();
  return plain(comment) === plain(texts.join(", "));
}
