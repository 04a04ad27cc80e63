import type { TimerDriver } from "../core/context.ts";
import { ClockRunningError } from "../core/errors.ts";
import type { TimerEntry } from "../core/timer-entry.ts";
import type { Host } from "../task/host.ts";
import { checkDuration } from "./duration.ts";
import { Wheel } from "./wheel.ts";

/** What a clock is built from. */
export interface TimersOptions {
  host: Pick<Host, "now" | "timer" | "turn">;
  /** Starts with the clock standing still, at 0. */
  paused?: boolean;
  /** Whether only timers can make progress: no task is runnable, and nothing is awaited from outside. */
  isIdle: () => boolean;
}

/** The longest a host's timer may take; with more, Node's fires at once. */
const LONGEST_HOST_TIMER = 2 ** 31 - 1;

/** Busy turns after which a paused clock looks for an idle one only every millisecond, to leave the processor alone. */
const BUSY_TURNS = 64;

/**
 * The runtime's clock and its timers: one {@link Wheel}, and at most one timer of the host, set for when there is next
 * something to do.
 *
 * **The host's timer** is left as it is when what it was set for is disarmed: it then fires for nothing. Only when the
 * wheel is empty it is taken back, at the host's next turn, so that a program that arms and disarms a timer for each
 * operation asks the host once a turn, and that one with nothing to wait for can exit.
 *
 * **Paused**, the clock stands on a whole millisecond. It moves by `advance`, and by itself to the next deadline when
 * the host's loop has made a turn that began and ended idle, with no timer armed in it.
 *
 * **At rest**, with nobody left to wake, it leaves the host alone: timers stay armed, and fire once the rest has ended and
 * they are due.
 *
 * Invariants, except at rest:
 * - running: a timer is armed implies that the host's timer is set, not later than the first deadline (`hostDue`);
 * - paused: a timer is armed implies that a turn was asked for (`turnAsked`), or that the host's timer is set because a
 *   deadline has passed already.
 */
export class Timers implements TimerDriver {
  private readonly host: Pick<Host, "now" | "timer" | "turn">;
  private readonly isIdle: () => boolean;
  private readonly wheel: Wheel = new Wheel();
  private stopped: boolean;
  /** What the clock shows while it is paused. */
  private shown = 0;
  /** What this clock is ahead of the host's while it runs. */
  private offset = 0;
  /** The tick that the host's timer is set for; `Infinity` when none is, `-Infinity` while timers are being fired. */
  private hostDue = Number.POSITIVE_INFINITY;
  private cancelHostTimer: (() => void) | null = null;
  private turnAsked = false;
  /** The turn that was asked for began idle. */
  private beganIdle = false;
  private busyTurns = 0;
  private resting = false;

  constructor(options: TimersOptions) {
    this.host = options.host;
    this.isIdle = options.isIdle;
    this.stopped = options.paused === true;
  }

  now(): number {
    return this.stopped ? this.shown : this.host.now() + this.offset;
  }

  /** Armed timers. */
  get size(): number {
    return this.wheel.size;
  }

  get isPaused(): boolean {
    return this.stopped;
  }

  arm(entry: TimerEntry, deadline: number): void {
    if (this.resting) this.endRest();
    const wheel = this.wheel;
    wheel.remove(entry);
    // Without entries nothing moves the wheel, and what is due soon would begin far up and be moved down.
    if (wheel.size === 0) wheel.advance(Math.floor(this.now()));
    wheel.insert(entry, Math.ceil(deadline));
    if (this.stopped) {
      this.beganIdle = false;
      if (entry.due > this.shown) {
        this.askTurn();
        return;
      }
    }
    if (entry.due < this.hostDue) this.setHostTimer(entry.due);
  }

  disarm(entry: TimerEntry): void {
    if (this.wheel.remove(entry) && this.wheel.size === 0 && this.cancelHostTimer !== null) this.askTurn();
  }

  /** Keeps the host alive no longer, until {@link endRest} or until a timer is armed. */
  rest(): void {
    this.resting = true;
    this.dropHostTimer();
  }

  /** Somebody may wait for what is armed. */
  endRest(): void {
    this.resting = false;
    this.reschedule();
  }

  /** Stops the clock, at the next whole millisecond; does nothing if it stands already. */
  pause(): void {
    if (this.stopped) return;
    this.shown = Math.ceil(this.now());
    this.stopped = true;
    this.beganIdle = false;
    this.reschedule();
  }

  /** Lets the clock go on from what it shows; does nothing if it runs already. */
  resume(): void {
    if (!this.stopped) return;
    this.offset = this.shown - this.host.now();
    this.stopped = false;
    this.reschedule();
  }

  /**
   * Moves a paused clock at once, and fires what has become due.
   *
   * @throws ClockRunningError if the clock is not paused
   * @throws RangeError if `ms` is negative or not finite
   */
  advance(ms: number): void {
    checkDuration("advance", ms);
    if (ms === Number.POSITIVE_INFINITY)
      throw new RangeError("advance needs a finite number of milliseconds");
    if (!this.stopped) throw new ClockRunningError("advance");
    this.shown += ms;
    this.fireDue();
  }

  private readonly fireDue = (): void => {
    this.dropHostTimer();
    this.hostDue = Number.NEGATIVE_INFINITY;
    try {
      this.wheel.advance(Math.floor(this.now()));
    } finally {
      this.hostDue = Number.POSITIVE_INFINITY;
      this.reschedule();
    }
  };

  /** Sees to it that the next thing that there is to do will be done. */
  private reschedule(): void {
    if (this.resting) return;
    const next = this.wheel.next();
    if (next === Number.POSITIVE_INFINITY) this.dropHostTimer();
    else if (!this.stopped || next <= this.shown) this.setHostTimer(next);
    else {
      this.dropHostTimer();
      this.askTurn();
    }
  }

  private setHostTimer(due: number): void {
    this.dropHostTimer();
    if (due === Number.POSITIVE_INFINITY) return;
    const ms = Math.max(0, Math.ceil(due - this.now()));
    this.hostDue = due;
    this.cancelHostTimer = this.host.timer(this.fireDue, Math.min(ms, LONGEST_HOST_TIMER));
  }

  private dropHostTimer(): void {
    this.hostDue = Number.POSITIVE_INFINITY;
    if (this.cancelHostTimer === null) return;
    this.cancelHostTimer();
    this.cancelHostTimer = null;
  }

  private askTurn(): void {
    if (this.turnAsked) return;
    this.turnAsked = true;
    this.host.turn(this.onTurn);
  }

  private readonly onTurn = (): void => {
    this.turnAsked = false;
    if (this.wheel.size === 0) this.dropHostTimer();
    else if (this.stopped && !this.resting) this.onPausedTurn();
  };

  private onPausedTurn(): void {
    if (!this.isIdle()) {
      this.beganIdle = false;
      if (++this.busyTurns <= BUSY_TURNS) this.askTurn();
      else {
        this.turnAsked = true;
        this.host.timer(this.onTurn, 1);
      }
      return;
    }
    this.busyTurns = 0;
    if (!this.beganIdle) {
      this.beganIdle = true;
      this.askTurn();
      return;
    }
    this.beganIdle = false;
    const due = this.wheel.peek()?.due ?? Number.POSITIVE_INFINITY;
    if (due === Number.POSITIVE_INFINITY) return;
    this.shown = Math.max(this.shown, due);
    this.fireDue();
  }
}
