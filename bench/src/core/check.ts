/** Ends the run if a peer has not done its work: what is skipped is soon fast. */
export function check(actual: unknown, expected: unknown): void {
  if (!Object.is(actual, expected)) throw new Error(`expected ${String(expected)}, got ${String(actual)}`);
}

/** 0 + 1 + … + (n - 1) */
export function sumBelow(n: number): number {
  return (n * (n - 1)) / 2;
}
