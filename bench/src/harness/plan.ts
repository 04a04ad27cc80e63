/** How long to measure. */
export interface Plan {
  readonly quick: boolean;
  /** Rounds that count, for each peer of a case. */
  readonly rounds: number;
  /** Rounds before them, in which V8 compiles and the number of iterations settles. */
  readonly warmUps: number;
  /** The same for cases whose rounds are long. */
  readonly long: { readonly rounds: number; readonly warmUps: number };
  /** How long a round is to take, in ms: long beside the clock's resolution, short beside other load on the machine. */
  readonly roundMs: number;
  /** Measurements of memory, for each peer. They scatter little. */
  readonly weighings: number;
}

export const FULL: Plan = {
  quick: false,
  rounds: 15,
  warmUps: 8,
  long: { rounds: 7, warmUps: 2 },
  roundMs: 40,
  weighings: 5,
};

export const QUICK: Plan = {
  quick: true,
  rounds: 5,
  warmUps: 6,
  long: { rounds: 3, warmUps: 1 },
  roundMs: 20,
  weighings: 2,
};
