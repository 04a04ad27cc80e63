import { Effect, Fiber } from "effect";
import { call, type Operation, run as runEffection, spawn as spawnEffection } from "effection";
import { co, ready, run, spawn } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check, sumBelow } from "./check.ts";

const child = co(function* (i: number) {
  return yield* ready(i);
});

const pollux = co(function* (n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const handle = spawn(child(i));
    sum += yield* handle;
  }
  return sum;
});

async function childAsync(i: number): Promise<number> {
  return await i;
}

// A promise is a task that has been started already.
async function promise(n: number): Promise<number> {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const handle = childAsync(i);
    sum += await handle;
  }
  return sum;
}

const childEffect = Effect.fnUntraced(function* (i: number) {
  return yield* Effect.succeed(i);
});

const effect = Effect.fnUntraced(function* (n: number) {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const fiber = yield* Effect.forkChild(childEffect(i));
    sum += yield* Fiber.join(fiber);
  }
  return sum;
});

function* childOperation(i: number): Operation<number> {
  return yield* call(() => i);
}

function* effection(n: number): Operation<number> {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const task = yield* spawnEffection(() => childOperation(i));
    sum += yield* task;
  }
  return sum;
}

export const spawnJoin: TimedCase = {
  name: "spawn-join",
  about: "start a task that awaits something ready, and await the task",
  unit: "ns/op",
  targets: [
    { peer: "promise", atMost: 1 },
    { peer: "effect", atMost: 0.2 },
    { peer: "tokio", atMost: 0.25 },
  ],
  peers: {
    pollux: async (n) => check(await run(pollux(n)), sumBelow(n)),
    promise: async (n) => check(await promise(n), sumBelow(n)),
    effect: async (n) => check(await Effect.runPromise(effect(n)), sumBelow(n)),
    effection: async (n) => check(await runEffection(() => effection(n)), sumBelow(n)),
  },
};
