/** Numbers that look random and follow from a seed (xorshift32: Marsaglia 2003). */
export class Random {
  private state: number;

  /** @param seed - any integer */
  constructor(seed: number) {
    // Nothing follows from 0 but 0.
    this.state = (seed ^ 0x9e3779b9) | 0 || 1;
    // The first numbers of neighbouring seeds are alike.
    for (let i = 0; i < 8; i++) this.next();
  }

  private next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }

  /** An integer from 0 to `n - 1`. */
  below(n: number): number {
    return this.next() % n;
  }

  /** True `percent` times in a hundred. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = this.next();
    return bytes;
  }

  pick<T>(items: readonly T[]): T {
    // In range, and there is at least one.
    return items[this.below(items.length)] as T;
  }

  /** One whose numbers are others. */
  fork(): Random {
    return new Random(this.next());
  }
}
