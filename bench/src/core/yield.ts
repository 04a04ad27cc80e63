import { Effect } from "effect";
import { co, run, type Suspend, yieldNow } from "pollux";
import type { TimedCase } from "../harness/case.ts";

// Effection has nothing that lets others go first and then goes on.

const pollux = co(function* (n: number) {
  for (let i = 0; i < n; i++) yield* yieldNow();
});

const polluxAtDepth = co(function* (depth: number, n: number): Generator<Suspend, void, unknown> {
  if (depth > 1) yield* polluxAtDepth(depth - 1, n);
  else for (let i = 0; i < n; i++) yield* yieldNow();
});

async function promise(n: number): Promise<void> {
  for (let i = 0; i < n; i++) await undefined;
}

async function promiseAtDepth(depth: number, n: number): Promise<void> {
  if (depth > 1) await promiseAtDepth(depth - 1, n);
  else for (let i = 0; i < n; i++) await undefined;
}

const effect = Effect.fnUntraced(function* (n: number) {
  for (let i = 0; i < n; i++) yield* Effect.yieldNow;
});

const effectAtDepth = Effect.fnUntraced(function* (depth: number, n: number): Effect.fn.Return<void> {
  if (depth > 1) yield* effectAtDepth(depth - 1, n);
  else for (let i = 0; i < n; i++) yield* Effect.yieldNow;
});

const DEPTH = 20;

export const yieldOnce: TimedCase = {
  name: "yield",
  about: "suspend and resume a task that is alone",
  unit: "ns/op",
  targets: [
    { peer: "promise", atMost: 1.2 },
    { peer: "effect", atMost: 0.08 },
    { peer: "tokio", atMost: 0.2 },
  ],
  peers: {
    pollux: (n) => run(pollux(n)),
    promise,
    effect: (n) => Effect.runPromise(effect(n)),
  },
};

export const yieldDepth20: TimedCase = {
  name: "yield-depth-20",
  about: "the same in the innermost of twenty calls",
  unit: "ns/op",
  targets: [
    { peer: "promise", atMost: 1.2 },
    { of: "yield", atMost: 1.2, atLeast: 1 / 1.2 },
  ],
  peers: {
    pollux: (n) => run(polluxAtDepth(DEPTH, n)),
    promise: (n) => promiseAtDepth(DEPTH, n),
    effect: (n) => Effect.runPromise(effectAtDepth(DEPTH, n)),
  },
};
