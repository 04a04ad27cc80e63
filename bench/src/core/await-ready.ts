import { Effect } from "effect";
import { call, run as runEffection } from "effection";
import { co, ready, run } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check, sumBelow } from "./check.ts";

const pollux = co(function* (n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* ready(i);
  return sum;
});

async function promise(n: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await i;
  return sum;
}

const effect = Effect.fnUntraced(function* (n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += yield* Effect.succeed(i);
  return sum;
});

function* effection(n: number) {
  let sum = 0;
  // Effection has no operation that is a plain value; this is how a function's result becomes one.
  for (let i = 0; i < n; i++) sum += yield* call(() => i);
  return sum;
}

export const awaitReady: TimedCase = {
  name: "await-ready",
  about: "await something that is there already",
  unit: "ns/op",
  targets: [{ peer: "promise", atMost: 0.6 }],
  peers: {
    pollux: async (n) => check(await run(pollux(n)), sumBelow(n)),
    promise: async (n) => check(await promise(n), sumBelow(n)),
    effect: async (n) => check(await Effect.runPromise(effect(n)), sumBelow(n)),
    effection: async (n) => check(await runEffection(() => effection(n)), sumBelow(n)),
  },
};
