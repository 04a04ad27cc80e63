import type { KeepsAlive } from "../reactor/waiting.ts";

/**
 * For who waits on something of others: that keeps the process alive, or does not, by itself.
 *
 * @internal
 */
export const KEEPS_NOTHING_ALIVE: KeepsAlive = {
  keepAlive() {
    // It does so by itself, or does not.
  },
  letGo() {
    // As above.
  },
};
