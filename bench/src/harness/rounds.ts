import type { Peer, Round, TimedCase } from "./case.ts";
import { collectYoung } from "./garbage.ts";
import type { Plan } from "./plan.ts";
import type { Progress } from "./progress.ts";
import { Stopwatch } from "./stopwatch.ts";

/** One peer of one case, while it is measured. */
interface Runner {
  readonly case: TimedCase;
  readonly peer: Peer;
  readonly round: Round;
  iterations: number;
  /** Its rounds take longer than planned, so there are fewer of them. */
  long: boolean;
  /** ns an operation, a round each. */
  readonly samples: number[];
}

/** The samples of each peer of each case, in ns an operation. */
export type Samples = Map<TimedCase, Map<Peer, number[]>>;

/**
 * Measures cases with all their peers in one process, round by round in turn: whatever else the machine does meanwhile
 * befalls all alike, and ratios keep their meaning on a busy one.
 */
export async function measure(
  cases: readonly TimedCase[],
  peersOf: (timed: TimedCase) => ReadonlyMap<Peer, Round>,
  plan: Plan,
  progress: Progress,
): Promise<Samples> {
  const runners: Runner[] = cases.flatMap((timed) =>
    [...peersOf(timed)].map(([peer, round]) => ({
      case: timed,
      peer,
      round,
      iterations: timed.batch?.[plan.quick ? "quick" : "full"] ?? 1,
      long: timed.long === true || timed.batch !== undefined,
      samples: [],
    })),
  );
  const title = cases.map((timed) => timed.name).join(", ");

  for (const runner of runners) {
    progress.show(`${title}: calibrating ${runner.peer}`);
    if (!runner.long) await calibrate(runner, plan.roundMs);
  }
  for (let turn = 0; turn < plan.warmUps + plan.rounds; turn++) {
    for (const runner of inTurn(runners, turn)) {
      const { warmUps, rounds } = runner.long ? plan.long : plan;
      if (turn >= warmUps + rounds) continue;
      const counts = turn >= warmUps;
      const at = counts ? `round ${turn - warmUps + 1} of ${rounds}` : "warming up";
      progress.show(`${title}: ${runner.peer}, ${at}`);
      const ms = await time(runner);
      if (counts) runner.samples.push((ms * 1e6) / (runner.iterations * (runner.case.operations ?? 1)));
      else if (runner.case.long !== true && runner.case.batch === undefined) adjust(runner, ms, plan.roundMs);
    }
  }

  const samples: Samples = new Map(cases.map((timed) => [timed, new Map()]));
  for (const runner of runners) samples.get(runner.case)?.set(runner.peer, runner.samples);
  return samples;
}

/** Rotated by one each turn and reversed every other, so that nobody always follows the same neighbour. */
export function inTurn<T>(items: readonly T[], turn: number): T[] {
  const at = turn % Math.max(items.length, 1);
  const rotated = [...items.slice(at), ...items.slice(0, at)];
  return turn % 2 === 0 ? rotated : rotated.reverse();
}

/** Finds the number of iterations that takes about `roundMs`. The code gets faster meanwhile; warm-ups correct that. */
async function calibrate(runner: Runner, roundMs: number): Promise<void> {
  for (;;) {
    const began = performance.now();
    const ms = await time(runner);
    // With the set-up, which may take longer than what is timed.
    runner.long = performance.now() - began > LONG * roundMs;
    if (ms >= roundMs / 4 || (runner.long && runner.iterations > 1)) {
      adjust(runner, ms, roundMs);
      return;
    }
    runner.iterations *= Math.min(MAX_STEP, Math.max(2, Math.round(roundMs / 2 / Math.max(ms, 0.001))));
  }
}

/** How many times as long as planned a round may take before its rounds become fewer. */
const LONG = 4;

/** A short first run says little about a long one. */
const MAX_STEP = 64;

function adjust(runner: Runner, ms: number, roundMs: number): void {
  runner.iterations = Math.max(1, Math.round((runner.iterations * roundMs) / Math.max(ms, 0.001)));
}

async function time(runner: Runner): Promise<number> {
  // What the round before has left, in timers and garbage, is not this one's to pay for.
  await new Promise((resolve) => setImmediate(resolve));
  collectYoung();
  const watch = new Stopwatch(runner.case.clock);
  watch.start();
  try {
    await runner.round(runner.iterations, watch);
  } catch (error) {
    throw new Error(`the round of ${runner.peer} in ${runner.case.name} failed`, { cause: error });
  }
  watch.stop();
  return watch.elapsed;
}
