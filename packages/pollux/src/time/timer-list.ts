import type { TimerEntry } from "../core/timer-entry.ts";

/**
 * The timers of one slot, first in first out: what `LinkedList` is for all that waits, once more for timers alone.
 *
 * V8 optimises a function for the shapes that come by it. Those of the shared list are of every class that ever waits,
 * too many to optimise for; here there are few, and firing a timer takes a third of the time.
 *
 * Invariant: `entry.list === this` exactly while the entry is linked here; an entry stands in one list at a time.
 */
export class TimerList {
  first: TimerEntry | null = null;
  last: TimerEntry | null = null;
  size = 0;

  pushBack(entry: TimerEntry): void {
    const last = this.last;
    entry.list = this;
    entry.before = last;
    if (last === null) this.first = entry;
    else last.after = entry;
    this.last = entry;
    this.size++;
  }

  shift(): TimerEntry | null {
    const first = this.first;
    if (first !== null) this.remove(first);
    return first;
  }

  /** Unlinks the entry and says whether it stood here: leaving twice is harmless. */
  remove(entry: TimerEntry): boolean {
    if (entry.list !== this) return false;
    const { before, after } = entry;
    if (before === null) this.first = after;
    else before.after = after;
    if (after === null) this.last = before;
    else after.before = before;
    entry.before = null;
    entry.after = null;
    entry.list = null;
    this.size--;
    return true;
  }
}
