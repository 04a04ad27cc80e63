import { createHash } from "node:crypto";
import type { Compiled } from "./coroutines.ts";
import type { Locate } from "./diagnostics.ts";

/** A place where a coroutine waits. */
export interface StateManifest {
  /** What a suspended frame has in `at`. */
  readonly state: number;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The variables that outlast the wait. */
  readonly live: readonly string[];
}

/** What is known of a compiled coroutine: enough to say where a suspended one stands, and what it holds. */
export interface CoroutineManifest {
  /** Tells it from every other coroutine of the program. */
  readonly id: string;
  readonly name: string;
  /** The file. */
  readonly source: string;
  /** Of the coroutine's source: a frame that was written down fits only the same. */
  readonly hash: string;
  /** Values that a suspended frame has room for: the most that are live at one state. */
  readonly slots: number;
  readonly states: readonly StateManifest[];
}

export function manifestOf(
  compiled: Compiled,
  filename: string,
  lines: readonly string[],
  place: Locate,
): CoroutineManifest {
  const { line, column } = place(compiled.fn.start);
  const last = place(compiled.fn.end).line;
  const text = lines.slice(line - 1, last).join("\n");
  return {
    id: `${filename}:${line}:${column + 1}`,
    name: compiled.name,
    source: filename,
    hash: createHash("sha256").update(text).digest("hex").slice(0, 16),
    slots: compiled.slots,
    states: compiled.states.map((each) => {
      const at = place(each.at.start);
      return { state: each.label, line: at.line, column: at.column + 1, live: each.live };
    }),
  };
}
