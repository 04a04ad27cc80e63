import { Effect, Semaphore } from "effect";
import { co, Mutex, run } from "pollux";
import type { TimedCase } from "../harness/case.ts";
import { check } from "./check.ts";
import { PromiseMutex } from "./promise-mutex.ts";

// A free lock, the common case; that a lock passes from hand to hand is what the semaphore cases measure.

const pollux = co(function* (n: number) {
  const counter = new Mutex(0);
  for (let i = 0; i < n; i++) {
    const guard = yield* counter.lock();
    try {
      guard.value++;
    } finally {
      guard.release();
    }
  }
  return counter.intoInner();
});

async function promise(n: number): Promise<number> {
  const mutex = new PromiseMutex();
  let counter = 0;
  for (let i = 0; i < n; i++) {
    const unlock = await mutex.lock();
    try {
      counter++;
    } finally {
      unlock();
    }
  }
  return counter;
}

// Effect's mutex is a semaphore of one permit.
const effect = Effect.fnUntraced(function* (n: number) {
  const mutex = yield* Semaphore.make(1);
  let counter = 0;
  const increment = Effect.sync(() => {
    counter++;
  });
  for (let i = 0; i < n; i++) yield* Semaphore.withPermit(mutex, increment);
  return counter;
});

export const mutex: TimedCase = {
  name: "mutex",
  about: "lock a mutex that is free, change its value, unlock it",
  unit: "ns/op",
  targets: [{ peer: "tokio", atMost: 0.8 }],
  peers: {
    pollux: async (n) => check(await run(pollux(n)), n),
    promise: async (n) => check(await promise(n), n),
    effect: async (n) => check(await Effect.runPromise(effect(n)), n),
  },
};
