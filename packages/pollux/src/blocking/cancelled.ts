import { surroundings } from "./in-thread.ts";

/**
 * Whether the call that runs in this thread has been cancelled: long work asks now and then, and ends if it is. It costs
 * some ns. What it then returns is thrown away. `false` in a thread that is none of a pool.
 *
 * @example
 * ```ts
 * // In the module that `blocking` was given:
 * const countPrimes = (limit: number): number => {
 *   let count = 0;
 *   for (let n = 2; n < limit && !cancelled(); n++) {
 *     let divisor = 2;
 *     while (divisor * divisor <= n && n % divisor !== 0) divisor++;
 *     if (divisor * divisor > n) count++;
 *   }
 *   return count;
 * };
 * console.log(countPrimes(100)); // 25
 * ```
 */
export function cancelled(): boolean {
  return surroundings()?.isCancelled() ?? false;
}
