/** The generator's state: 32 bits, never 0. In an array, since V8 would box a number of that size in a variable. */
const state = new Int32Array(1);

/**
 * Seeds the choices that `select` and `race` leave to chance, for all runtimes of the program: the same seed and the
 * same program make the same choices.
 *
 * @param seed - an integer; its lowest 32 bits count
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const keys: string[] = [];
 *   for (let n = 0; n < 10; n++) keys.push((yield* select({ a: ready(), b: ready() })).key);
 *   return keys.join("");
 * });
 * seedRandom(42);
 * const first = await run(main());
 * seedRandom(42);
 * console.log((await run(main())) === first); // true
 * ```
 */
export function seedRandom(seed: number): void {
  // Neighbouring seeds are spread apart, since the first numbers of the generator follow its state. 0 would stay 0.
  state[0] = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b) || 1;
}

seedRandom(Math.random() * 2 ** 32);

/**
 * An integer from 0 to `bound` - 1, for scheduling decisions: fast, and not for secrets.
 *
 * (Marsaglia 2003, Xorshift RNGs: the 32-bit generator with shifts 13, 17, 5.)
 *
 * @internal
 */
export function randomBelow(bound: number): number {
  // The array has this one element.
  let x = state[0] as number;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  state[0] = x;
  return Math.floor(((x >>> 0) / 2 ** 32) * bound);
}
