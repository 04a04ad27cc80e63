import { TimerEntry } from "pollux";

/** What a deadline needs of the runtime's timers. */
export interface Timers {
  now(): number;
  arm(entry: TimerEntry, deadline: number): void;
  disarm(entry: TimerEntry): void;
}

/**
 * An instant that moves often and is seldom reached, such as the end of a connection's idleness: it is moved without
 * touching the timer, which looks for itself when it is due.
 *
 * @internal
 */
export class Deadline extends TimerEntry {
  private readonly expire: () => void;
  private timers: Timers | null;
  private at: number;

  constructor(expire: () => void) {
    super();
    this.expire = expire;
    this.timers = null;
    this.at = Number.POSITIVE_INFINITY;
  }

  get isSet(): boolean {
    return this.at !== Number.POSITIVE_INFINITY;
  }

  set(timers: Timers, at: number): void {
    this.timers = timers;
    this.at = at;
    if (at !== Number.POSITIVE_INFINITY && (this.list === null || at < this.due)) timers.arm(this, at);
  }

  clear(): void {
    this.at = Number.POSITIVE_INFINITY;
  }

  /** Takes the timer out as well. */
  end(): void {
    this.clear();
    if (this.list !== null) this.timers?.disarm(this);
  }

  override fire(): void {
    if (this.timers === null || !this.isSet) return;
    if (this.at > this.timers.now()) {
      this.timers.arm(this, this.at);
      return;
    }
    this.clear();
    this.expire();
  }
}
