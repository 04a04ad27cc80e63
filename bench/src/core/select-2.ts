import { Effect } from "effect";
import { type Operation, race, run as runEffection, suspend, until } from "effection";
import { co, never, run, select, yieldNow } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check } from "./check.ts";

// What wins suspends once, what loses waits for good and has to be given up.

const pollux = co(function* (n: number) {
  let wins = 0;
  for (let i = 0; i < n; i++) {
    const first = yield* select({ tick: yieldNow(), never: never() });
    if (first.key === "tick") wins++;
  }
  return wins;
});

async function tick(): Promise<string> {
  await undefined;
  return "tick";
}

// A new promise for what never comes: each race leaves a reaction on a promise that many races share, for ever.
async function promise(n: number): Promise<number> {
  let wins = 0;
  for (let i = 0; i < n; i++) {
    const first = await Promise.race([tick(), new Promise<string>(() => {})]);
    if (first === "tick") wins++;
  }
  return wins;
}

// `raceFirst`, because a failure that comes first ends a select too; `race` waits for a success.
const effect = Effect.fnUntraced(function* (n: number) {
  let wins = 0;
  for (let i = 0; i < n; i++) {
    const first = yield* Effect.raceFirst(Effect.as(Effect.yieldNow, "tick"), Effect.never);
    if (first === "tick") wins++;
  }
  return wins;
});

// Effection has no yield; a promise that is settled already makes an operation suspend once.
function* tickOperation(): Operation<string> {
  yield* until(Promise.resolve());
  return "tick";
}

function* effection(n: number): Operation<number> {
  let wins = 0;
  for (let i = 0; i < n; i++) {
    const first = yield* race([tickOperation(), suspend()]);
    if (first === "tick") wins++;
  }
  return wins;
}

export const select2: TimedCase = {
  name: "select-2",
  about: "the first of two: one that yields once, one that never comes",
  unit: "ns/op",
  peers: {
    pollux: async (n) => check(await run(pollux(n)), n),
    promise: async (n) => check(await promise(n), n),
    effect: async (n) => check(await Effect.runPromise(effect(n)), n),
    effection: async (n) => check(await runEffection(() => effection(n)), n),
  },
};
