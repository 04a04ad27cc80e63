import { createHash } from "node:crypto";
import { cancelled, type Future, onMain } from "pollux";

/** What the calling runtime does for this thread. */
export type Services = {
  /** The block before it, once that is known. */
  previous(height: number): Future<string>;
};

/** Looks for a number with which the hash of the text begins with `zeros`; computes until it is found, or cancelled. */
export function mine(text: string, zeros: string): number {
  for (let nonce = 0; !cancelled(); nonce++) {
    if (createHash("sha256").update(`${text}/${nonce}`).digest("hex").startsWith(zeros)) return nonce;
  }
  return -1;
}

/** As {@link mine}, on top of another block: this thread sleeps until the tasks over there know it. */
export function mineNext(height: number, zeros: string): { previous: string; nonce: number } {
  const previous = onMain<Services>().previous(height);
  return { previous, nonce: mine(previous, zeros) };
}

export function verify(text: string, nonce: number, zeros: string): void {
  const hash = createHash("sha256").update(`${text}/${nonce}`).digest("hex");
  if (!hash.startsWith(zeros)) throw new RangeError(`${text}/${nonce} has the hash ${hash.slice(0, 8)}…`);
}
