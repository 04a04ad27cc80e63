/** The generator's state: 32 bits, never 0. */
let state = seedFrom(Math.random() * 2 ** 32);

function seedFrom(seed: number): number {
  // Neighbouring seeds are spread apart, since the first numbers of the generator follow its seed. 0 would stay 0.
  return Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b) || 1;
}

/**
 * Seeds the choices that `select` and `race` leave to chance: the same seed and the same program give the same run.
 *
 * @param seed - an integer; its lowest 32 bits count
 *
 * @example
 * ```ts
 * const toss = () => run(race([ready("heads"), ready("tails")]));
 * seedRandom(7);
 * const first = [await toss(), await toss(), await toss()];
 * seedRandom(7);
 * const second = [await toss(), await toss(), await toss()];
 * console.log(first.join() === second.join()); // true
 * ```
 *
 * @internal
 */
export function seedRandom(seed: number): void {
  state = seedFrom(seed);
}

/**
 * An integer from 0 to `bound` - 1, for scheduling decisions: fast, and not for secrets.
 *
 * (Marsaglia 2003, Xorshift RNGs: the 32-bit generator with shifts 13, 17, 5.)
 *
 * @internal
 */
export function randomBelow(bound: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return Math.floor(((state >>> 0) / 2 ** 32) * bound);
}
