import type { State } from "./liveness.ts";

/** What a state does with the frame. */
export interface Layout {
  /** The slot of each variable that is live here. */
  readonly slotOf: ReadonlyMap<string, number>;
  /** Variables that have to be stored; the others are in their slots already. */
  readonly stores: readonly string[];
  /** Slots that may hold something that is needed no more. */
  readonly clears: readonly number[];
}

/**
 * Gives the live variables of each state slots of the frame: as many as the largest set has. Variables are in JavaScript's
 * own variables between states, so two are in each other's way only where both are live at the same state, and a variable
 * may have another slot in another state; where it can, it keeps its own.
 */
export function assignSlots(
  states: readonly State[],
  assigned: ReadonlySet<string>,
): {
  readonly size: number;
  readonly layouts: Map<State, Layout>;
} {
  const size = Math.max(0, ...states.map((each) => each.live.length));
  const homes = new Map<string, number>();
  const slots = new Map<State, Map<string, number>>();
  for (const state of states) slots.set(state, place(state, size, homes));
  const layouts = new Map<State, Layout>();
  for (const state of states) {
    const slotOf = slots.get(state) ?? new Map<string, number>();
    const before = [...state.before].map((each) => slots.get(each) ?? new Map<string, number>());
    const stores = state.live.filter(
      (name) => assigned.has(name) || before.some((each) => each.get(name) !== slotOf.get(name)),
    );
    const used = new Set(slotOf.values());
    const held = new Set(before.flatMap((each) => [...each.values()]));
    const clears = [...held].filter((slot) => !used.has(slot)).sort((a, b) => a - b);
    layouts.set(state, { slotOf, stores, clears });
  }
  return { size, layouts };
}

function place(state: State, size: number, homes: Map<string, number>): Map<string, number> {
  const slotOf = new Map<string, number>();
  const taken = new Set<number>();
  for (const name of state.live) {
    const home = homes.get(name);
    if (home === undefined || taken.has(home)) continue;
    slotOf.set(name, home);
    taken.add(home);
  }
  // Rather a slot that is nobody's: one whose owner is not live here may be wanted by it in a later state.
  const owned = new Set(homes.values());
  const free = (allowOwned: boolean): number | undefined => {
    for (let slot = 0; slot < size; slot++)
      if (!taken.has(slot) && (allowOwned || !owned.has(slot))) return slot;
    return undefined;
  };
  for (const name of state.live) {
    if (slotOf.has(name)) continue;
    const slot = free(false) ?? free(true) ?? 0; // There are as many slots as the largest set has.
    slotOf.set(name, slot);
    taken.add(slot);
    if (!homes.has(name)) homes.set(name, slot);
    owned.add(slot);
  }
  return slotOf;
}
