/**
 * Collects young garbage, so that a round does not pay for what came before it; twice, so that what is alive is old
 * afterwards and is not moved within the round.
 *
 * Young garbage alone: a full collection also throws away code that V8 has compiled, and rounds get ten times slower.
 */
export function collectYoung(): void {
  globalThis.gc?.({ type: "minor" });
  globalThis.gc?.({ type: "minor" });
}
