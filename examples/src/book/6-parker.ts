import { once } from "node:events";
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { Parker } from "./parker.ts";

// An executor that has nothing to do stops its thread, and whoever wakes a task wakes the thread too. But it looks for work
// first and stops then, and the wake may come just in between. If it were lost, the thread would sleep with work to do.

interface Shared {
  readonly bare: Int32Array<SharedArrayBuffer>;
  readonly memory: SharedArrayBuffer;
}

if (isMainThread) {
  const bare = new Int32Array(new SharedArrayBuffer(4));
  const parker = new Parker();
  const shared: Shared = { bare, memory: parker.memory };
  const worker = new Worker(new URL(import.meta.url), { workerData: shared });
  // The other thread wakes us twice while we do something else: here, we wait for its end. Both wakes are early.
  await once(worker, "exit");

  // A bare notify wakes who waits now. Nobody did. This would last for ever, if there were no limit.
  console.log("without a token:", Atomics.wait(bare, 0, 1, 50));

  parker.park();
  console.log("with a token: woken at once");

  // The token is gone: the next park waits for the next unpark, before which the other thread leaves a sign.
  Atomics.store(bare, 0, 0);
  const later = new Worker(new URL(import.meta.url), { workerData: shared });
  parker.park();
  const isEarly = Atomics.load(bare, 0) === 0;
  console.log("with none left:", isEarly ? "not asleep" : "woken by the next unpark");
  await once(later, "exit");
} else {
  // Given above.
  const { bare, memory } = workerData as Shared;
  Atomics.store(bare, 0, 1);
  Atomics.notify(bare, 0);
  new Parker(memory).unpark();
}
