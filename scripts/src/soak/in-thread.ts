import { createHash } from "node:crypto";
import { type CrossEnd, cancelled, co, crossSender, run } from "pollux";

// What the jobs have done in other threads.

export function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Computes until it is cancelled, and looks whether it is. */
export function spinPolitely(): void {
  while (!cancelled());
}

/** Computes for ever: its thread has to be ended. */
export function spin(): never {
  for (;;);
}

/** Ends its thread. */
export function exit(): never {
  process.exit(0);
}

/** Sends the numbers below `count` from a runtime of its own. */
export function produce(end: CrossEnd<number>, count: number): Promise<void> {
  const tx = crossSender(end);
  const main = co(function* () {
    for (let n = 0; n < count; n++) yield* tx.send(n);
    tx.close();
  });
  return run(main());
}
