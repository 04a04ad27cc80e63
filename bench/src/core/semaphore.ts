import { Effect, Semaphore as EffectSemaphore, Fiber } from "effect";
import { co, run, Semaphore, spawn, yieldNow } from "pollux";
import type { Round, TimedCase } from "../harness/case.ts";
import { collectYoung } from "../harness/garbage.ts";
import type { Stopwatch } from "../harness/stopwatch.ts";
import { PromiseSemaphore } from "./promise-semaphore.ts";

/**
 * One permit goes round among tasks that take it, give it back and queue again. The watch runs from when all of them
 * wait until the permit has been handed over so many times; then there is a permit for everybody, and they go home.
 */
class Ring {
  readonly members: number;
  readonly #watch: Stopwatch;
  #left: number;
  queued = 0;

  constructor(members: number, handovers: number, watch: Stopwatch) {
    this.members = members;
    this.#left = handovers;
    this.#watch = watch;
  }

  start(): void {
    collectYoung();
    this.#watch.start();
  }

  /** Counts a hand-over. `0`: go on; otherwise leave, with so many permits released. */
  count(): number {
    if (--this.#left > 0) return 0;
    if (this.#left < 0) return 1;
    this.#watch.stop();
    return this.members;
  }
}

const member = co(function* (semaphore: Semaphore, ring: Ring) {
  ring.queued++;
  for (;;) {
    const permit = yield* semaphore.acquire();
    const leave = ring.count();
    if (leave > 0) {
      semaphore.addPermits(leave);
      return;
    }
    permit.release();
  }
});

const pollux = co(function* (ring: Ring) {
  const semaphore = new Semaphore(1);
  const permit = yield* semaphore.acquire();
  const members = Array.from({ length: ring.members }, () => spawn(member(semaphore, ring)));
  while (ring.queued < ring.members) yield* yieldNow();
  ring.start();
  permit.release();
  for (const handle of members) yield* handle;
});

async function memberAsync(semaphore: PromiseSemaphore, ring: Ring): Promise<void> {
  ring.queued++;
  for (;;) {
    await semaphore.acquire();
    const leave = ring.count();
    if (leave > 0) {
      semaphore.release(leave);
      return;
    }
    semaphore.release();
  }
}

async function promise(ring: Ring): Promise<void> {
  const semaphore = new PromiseSemaphore(1);
  await semaphore.acquire();
  const members = Array.from({ length: ring.members }, () => memberAsync(semaphore, ring));
  ring.start();
  semaphore.release();
  await Promise.all(members);
}

const memberEffect = Effect.fnUntraced(function* (semaphore: EffectSemaphore.Semaphore, ring: Ring) {
  ring.queued++;
  for (;;) {
    yield* EffectSemaphore.take(semaphore, 1);
    const leave = ring.count();
    if (leave > 0) {
      yield* EffectSemaphore.release(semaphore, leave);
      return;
    }
    yield* EffectSemaphore.release(semaphore, 1);
  }
});

// `withPermit`, the form for users, cannot keep the permit of the last round from going on, so it is `take` and `release`.
const effect = Effect.fnUntraced(function* (ring: Ring) {
  const semaphore = yield* EffectSemaphore.make(1);
  yield* EffectSemaphore.take(semaphore, 1);
  const members: Fiber.Fiber<void>[] = [];
  for (let i = 0; i < ring.members; i++) members.push(yield* Effect.forkChild(memberEffect(semaphore, ring)));
  while (ring.queued < ring.members) yield* Effect.yieldNow;
  ring.start();
  yield* EffectSemaphore.release(semaphore, 1);
  yield* Fiber.joinAll(members);
});

function peers(members: number): TimedCase["peers"] {
  const round =
    (work: (ring: Ring) => Promise<unknown>): Round =>
    async (n, watch) => {
      await work(new Ring(members, n, watch));
    };
  return {
    pollux: round((ring) => run(pollux(ring))),
    promise: round(promise),
    effect: round((ring) => Effect.runPromise(effect(ring))),
  };
}

export const semaphore16: TimedCase = {
  name: "semaphore-16",
  about: "hand the one permit of a semaphore to the next of 16 tasks that wait for it",
  unit: "ns/op",
  peers: peers(16),
};

export const semaphore16k: TimedCase = {
  name: "semaphore-16k",
  about: "the same with 16,384 tasks that wait",
  unit: "ns/op",
  targets: [{ of: "semaphore-16", atMost: 1.5 }],
  peers: peers(16_384),
};
