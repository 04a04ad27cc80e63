// A promise never settles: its callback is never called.
// Bound what others promise by a `timeout`.
import { co, fromPromise, run } from "pollux";

const answer = co(function* answer() {
  return yield* fromPromise(new Promise<string>(() => {}));
});

const main = co(function* main() {
  return yield* answer();
});

await run(main());
