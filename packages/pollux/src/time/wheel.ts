import type { TimerEntry } from "../core/timer-entry.ts";
import { TimerList } from "./timer-list.ts";

/** A level has 64 slots, so that each of its ticks is 64 of the level below. */
const SLOT_BITS = 6;
const SLOTS = 1 << SLOT_BITS;
const SLOT_MASK = SLOTS - 1;

/** The levels 0 to 4 are told apart within the low 30 bits of a tick, which are a small integer; level 5 is above. */
const TOP_LEVEL = 5;
const LOW_SPAN = 2 ** (SLOT_BITS * TOP_LEVEL);

/** The whole wheel: 2^36 ms, a little more than two years. */
const SPAN = LOW_SPAN * SLOTS;

/** Stands for the list of what is due beyond the wheel, where a level is asked for. */
const BEYOND = TOP_LEVEL + 1;

/**
 * 64 slots. A bit is set in `low` or `high` when its slot may hold something: it is set by an insert, and cleared by who
 * looks and finds the slot empty, so that a cancel needs not know where its entry stood.
 */
class Level {
  low = 0;
  high = 0;
  readonly slots: readonly TimerList[] = Array.from({ length: SLOTS }, () => new TimerList());

  push(slot: number, entry: TimerEntry): void {
    if (slot < 32) this.low |= 1 << slot;
    else this.high |= 1 << slot;
    (this.slots[slot] as TimerList).pushBack(entry);
  }

  /** The first slot that holds something; -1 when all are empty. */
  first(): number {
    while (this.low !== 0) {
      const bit = this.low & -this.low;
      const slot = 31 - Math.clz32(bit);
      if ((this.slots[slot] as TimerList).first !== null) return slot;
      this.low ^= bit;
    }
    while (this.high !== 0) {
      const bit = this.high & -this.high;
      const slot = 63 - Math.clz32(bit);
      if ((this.slots[slot] as TimerList).first !== null) return slot;
      this.high ^= bit;
    }
    return -1;
  }
}

/**
 * Hierarchical timing wheel: 6 levels of 64 slots, ticks of 1 ms. Insert and remove are O(1); an entry is moved down at
 * most once a level before it fires. What is due beyond the wheel waits in one list beside it.
 *
 * An entry stands on the level of the highest digit, in base 64, in which its tick differs from the wheel's `position`.
 * Hence, at all times:
 * - a level's slots up to the one of `position` are empty, but for level 0, where the slot of `position` itself has what
 *   was inserted after its time;
 * - all of a level is due before anything of the level above it;
 * - entries of the same tick stand in the same slot, in the order of their inserts. They fire in that order.
 *
 * Source: Varghese & Lauck 1987, hashed and hierarchical timing wheels.
 */
export class Wheel {
  /** Entries in the wheel. */
  size = 0;
  /** `position`: what is due before it has fired. Split, because only the low 30 bits are a small integer. */
  private high = 0;
  private low = 0;
  /** Made at the first use: most programs never need the upper ones. */
  private readonly levels: (Level | null)[] = [null, null, null, null, null, null];
  private beyond = new TimerList();
  /** Not later than what is due first in `beyond`. */
  private beyondFrom = Number.POSITIVE_INFINITY;
  /** Where {@link next} found something: a level, or `BEYOND`, and the slot in it. */
  private foundLevel = 0;
  private foundSlot = 0;

  get position(): number {
    return this.high * LOW_SPAN + this.low;
  }

  /**
   * Adds an entry that stands in no wheel. One that is due before `position` fires at the next advance.
   *
   * @param due - a whole number of ticks; `Infinity` for never
   */
  insert(entry: TimerEntry, due: number): void {
    const position = this.position;
    entry.due = due > position ? due : position;
    this.size++;
    this.place(entry);
  }

  private place(entry: TimerEntry): void {
    const due = entry.due;
    const high = Math.floor(due / LOW_SPAN);
    if (high === this.high) {
      const low = due - high * LOW_SPAN;
      // The highest bit in which they differ; clz32 gives 32 for none, and the division rounds towards 0.
      const level = ((31 - Math.clz32(low ^ this.low)) / SLOT_BITS) | 0;
      this.level(level).push((low >> (level * SLOT_BITS)) & SLOT_MASK, entry);
    } else if (Math.floor(high / SLOTS) === Math.floor(this.high / SLOTS)) {
      this.level(TOP_LEVEL).push(high & SLOT_MASK, entry);
    } else {
      if (due < this.beyondFrom) this.beyondFrom = due;
      this.beyond.pushBack(entry);
    }
  }

  private level(index: number): Level {
    const made = this.levels[index] ?? new Level();
    this.levels[index] = made;
    return made;
  }

  /** Takes an entry out, and says whether it stood in the wheel. */
  remove(entry: TimerEntry): boolean {
    if (entry.list === null) return false;
    // Only wheels arm entries, and they keep them in such lists.
    (entry.list as TimerList).remove(entry);
    this.size--;
    return true;
  }

  /** Takes all entries out, without firing them. */
  clear(): void {
    while (this.beyond.shift() !== null);
    for (const level of this.levels) {
      if (level === null) continue;
      for (let slot = level.first(); slot >= 0; slot = level.first()) {
        while ((level.slots[slot] as TimerList).shift() !== null);
      }
    }
    this.size = 0;
  }

  /**
   * The tick up to which there is nothing to do: not later than the first entry is due. `Infinity` when there is none.
   */
  next(): number {
    if (this.size === 0) return Number.POSITIVE_INFINITY;
    for (let index = 0; index < TOP_LEVEL; index++) {
      const slot = this.levels[index]?.first() ?? -1;
      if (slot < 0) continue;
      this.foundLevel = index;
      this.foundSlot = slot;
      const shift = index * SLOT_BITS;
      const block = this.low & -(1 << (shift + SLOT_BITS));
      return this.high * LOW_SPAN + (block | (slot << shift));
    }
    const slot = this.levels[TOP_LEVEL]?.first() ?? -1;
    if (slot >= 0) {
      this.foundLevel = TOP_LEVEL;
      this.foundSlot = slot;
      return (Math.floor(this.high / SLOTS) * SLOTS + slot) * LOW_SPAN;
    }
    this.foundLevel = BEYOND;
    // Where the bound is older than the entries, it lies in a part that has been passed or is empty: see `pullIn`.
    return Math.max(Math.floor(this.beyondFrom / SPAN) * SPAN, this.position);
  }

  /** The entry that fires next; `null` when there is none. Looks at all entries of one slot. */
  peek(): TimerEntry | null {
    if (this.size === 0) return null;
    this.next();
    let first: TimerEntry | null = null;
    for (let entry = this.found().first; entry !== null; entry = entry.after) {
      if (first === null || entry.due < first.due) first = entry;
      // On level 0 all are due in the same tick.
      if (this.foundLevel === 0) break;
    }
    return first;
  }

  private found(): TimerList {
    if (this.foundLevel === BEYOND) return this.beyond;
    return (this.levels[this.foundLevel] as Level).slots[this.foundSlot] as TimerList;
  }

  /**
   * Fires what is due up to and with `tick`, in the order of deadlines and, within a tick, of inserts.
   *
   * `fire` may insert and remove. What it inserts for the tick that is being fired, or for an earlier one, waits for the
   * next call, and so does all that is due later: an entry that always inserts itself anew cannot hold up the caller.
   */
  advance(tick: number): void {
    let fired = -1;
    for (;;) {
      const next = this.next();
      if (next > tick) break;
      if (this.foundLevel === 0) {
        if (next === fired) return;
        fired = next;
        this.moveTo(next);
        this.fireAll(this.found());
      } else {
        this.moveTo(next);
        if (this.foundLevel === BEYOND) this.pullIn();
        else this.cascade(this.found());
      }
    }
    if (tick > this.position) this.moveTo(tick);
  }

  private moveTo(tick: number): void {
    this.high = Math.floor(tick / LOW_SPAN);
    this.low = tick - this.high * LOW_SPAN;
  }

  /** Fires what stands in the slot now, not what comes meanwhile. */
  private fireAll(slot: TimerList): void {
    for (let count = slot.size; count > 0; count--) {
      const entry = slot.shift();
      if (entry === null) return;
      this.size--;
      entry.fire();
    }
  }

  /** The position has reached the slot: its entries go to lower levels. */
  private cascade(slot: TimerList): void {
    for (let entry = slot.shift(); entry !== null; entry = slot.shift()) this.place(entry);
  }

  /** The position has entered a new span of the wheel, or the bound was too low: takes in what belongs here. */
  private pullIn(): void {
    const entries = this.beyond;
    this.beyond = new TimerList();
    this.beyondFrom = Number.POSITIVE_INFINITY;
    this.cascade(entries);
  }
}
