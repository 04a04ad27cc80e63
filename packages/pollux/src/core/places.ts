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

/** What the compiler says of one coroutine: for each state the line, the column, and the variable in each slot. */
interface Places {
  readonly file: string;
  readonly states: Readonly<Record<number, readonly [line: number, column: number, ...slots: string[]]>>;
}

/** By the class of the frames. */
const known = new WeakMap<object, Places>();

/** Notes where the frames of a class can wait. Called by compiled code, once for each coroutine. */
export function places(frameClass: object, file: string, states: Places["states"]): void {
  known.set(frameClass, { file, states });
}

/** Where a suspended frame stands; `null` if the compiler has not said it. */
export function placeOf(frame: { readonly at: number }): Place | null {
  const found = known.get(frame.constructor);
  const state = found?.states[Math.abs(frame.at)];
  if (found === undefined || state === undefined) return null;
  const [line, column, ...slots] = state;
  const variables = new Map<string, unknown>();
  for (const [slot, name] of slots.entries()) {
    // A frame has a field for each slot that the compiler has given it.
    if (name !== "") variables.set(name, (frame as unknown as Record<string, unknown>)[`s${slot}`]);
  }
  return { file: found.file, line, column, variables };
}
