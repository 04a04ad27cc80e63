// A task has ended and has not given its permit back.
// Hold permits by `with`, `using`, or release them in a `finally`.
import { co, run, Semaphore, spawn } from "pollux";

const slots = new Semaphore(1, { name: "slots" });

const leaky = co(function* leaky() {
  yield* slots.acquire();
  // No release.
});

const main = co(function* main() {
  yield* spawn(leaky(), { name: "leaky" });
  yield* slots.acquire();
});

await run(main());
