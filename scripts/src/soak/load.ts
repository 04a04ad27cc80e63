import { CancelledError, co, scope, sleep, spawn } from "pollux";
import type { Job, World } from "./job.ts";
import type { Random } from "./random.ts";

/** How many jobs in a hundred are killed, at a random moment. */
const KILLED = 20;

/** How long a job that is going to be killed may go on at the most, in ms. */
const LIFE = 15;

/** What has become of the jobs. */
export class Tally {
  /** To their end, with everything as it should be. */
  done = 0;
  /** Aborted in the middle. */
  killed = 0;
  /** Ended with a failure that the load had brought about: a reset, a thread that was ended. */
  broken = 0;
  /** Of each kind, in all. */
  readonly of = new Map<string, number>();

  get all(): number {
    return this.done + this.killed + this.broken;
  }

  count(job: Job, as: "done" | "killed" | "broken"): void {
    this[as]++;
    this.of.set(job.name, (this.of.get(job.name) ?? 0) + 1);
  }
}

/** A job as often as it weighs. */
export function byWeight(jobs: readonly Job[]): Job[] {
  return jobs.flatMap((job) => Array.from({ length: job.weight }, () => job));
}

/**
 * Runs jobs one after the other, as chance has it, until `goesOn` says no.
 *
 * @throws what a job has failed with, if that is not what it expects
 */
const runJobs = co(function* (
  world: World,
  jobs: readonly Job[],
  random: Random,
  tally: Tally,
  goesOn: () => boolean,
) {
  while (goesOn()) {
    const job = random.pick(jobs);
    // It may fail before anybody waits for it.
    const handle = spawn(job.start(world, random.fork()), { name: job.name }).observed();
    const isKilled = random.chance(KILLED);
    if (isKilled) {
      yield* sleep(random.below(LIFE));
      handle.abort("killed by the soak");
    }
    try {
      yield* handle;
      tally.count(job, "done");
    } catch (error) {
      if (isKilled && error instanceof CancelledError) tally.count(job, "killed");
      else if (job.expects?.(error) === true) tally.count(job, "broken");
      else throw new Error(`a job failed: ${job.name}`, { cause: error });
    }
  }
});

/** Keeps so many jobs going until `goesOn` says no, and ends when they have. */
export const mixedLoad = co(function* (
  world: World,
  jobs: readonly Job[],
  width: number,
  random: Random,
  tally: Tally,
  goesOn: () => boolean,
) {
  const weighted = byWeight(jobs);
  yield* scope(function* (s) {
    for (let i = 0; i < width; i++)
      s.spawn(runJobs(world, weighted, random.fork(), tally, goesOn), { name: `worker ${i}` });
  });
});
