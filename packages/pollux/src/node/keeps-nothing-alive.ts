import type { KeepsAlive } from "../reactor/waiting.ts";

/** Something of others that is waited for: it keeps the process alive, or does not, by itself. */
class OfOthers implements KeepsAlive {
  /** What is waited for comes from outside of the runtime: a paused clock does not run ahead of it. */
  readonly isExternal = true;
  readonly needsNodeLoop = "streams and events of Node, files and processes";

  keepAlive(): void {
    // It does so by itself, or does not.
  }

  letGo(): void {
    // As above.
  }
}

/** @internal */
export const KEEPS_NOTHING_ALIVE: OfOthers = new OfOthers();
