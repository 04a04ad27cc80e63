/** The wait before the first restart, in ms. */
const FIRST = 100;

/** The longest wait, in ms; and how long a thread has to do well for its failures to be forgotten. */
const MOST = 30_000;

/** How long to wait before a thread that has failed is started again: twice as long each time, up to half a minute. */
export class BackOff {
  private failures = 0;
  private since = Number.NEGATIVE_INFINITY;

  /** It does its work, from now on. */
  began(now: number): void {
    this.since = now;
  }

  /** It has failed; gives how long to wait, in ms. */
  failed(now: number): number {
    if (now - this.since >= MOST) this.failures = 0;
    this.since = Number.POSITIVE_INFINITY;
    return Math.min(MOST, FIRST * 2 ** this.failures++);
  }
}
