/**
 * One timer, linked into the runtime's timing wheel. Whoever waits extends it, so that a timer is one object.
 *
 * Invariant: `list !== null` exactly while the timer is armed. Only the {@link TimerDriver} writes the fields.
 *
 * @example
 * ```ts
 * class Alarm extends TimerEntry {
 *   override fire(): void {
 *     console.log("it is time"); // it is time
 *   }
 * }
 * const { timers } = new Runtime();
 * timers.arm(new Alarm(), timers.now() + 5);
 * await sleep(10);
 * ```
 */
export abstract class TimerEntry {
  before: TimerEntry | null = null;
  after: TimerEntry | null = null;
  /** What the driver keeps it in. */
  list: object | null = null;
  /** When it is due, on the driver's clock, in ticks of 1 ms. */
  due = 0;

  /** Called once by the driver, after it has unlinked the entry. May arm and disarm timers; must not throw. */
  abstract fire(): void;
}
