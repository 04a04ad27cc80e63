/** Where a compiled coroutine waits, and what it holds there. */
export interface Place {
  /** The file that was compiled. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  /** The variables that are needed later, with their values. */
  readonly variables: ReadonlyMap<string, unknown>;
}

/** For each state that a coroutine can wait in: the line, the column, and the variable in each slot. */
export type States = Readonly<Record<number, readonly [line: number, column: number, ...slots: string[]]>>;

/** Where a suspended frame stands; `null` if the compiler has not said it. */
export function placeOf(file: string, states: States, frame: { readonly at: number }): Place | null {
  const state = states[Math.abs(frame.at)];
  if (state === undefined) return null;
  const [line, column, ...slots] = state;
  const variables = new Map<string, unknown>();
  for (const [slot, name] of slots.entries()) {
    // A frame has a field for each slot that the compiler has given it.
    if (name !== "") variables.set(name, (frame as unknown as Record<string, unknown>)[`s${slot}`]);
  }
  return { file, line, column, variables };
}
