// A task computes without end: no other one runs, no timer fires, no signal is heard. The watchdog, a thread, says so.
// Give way now and then: `yield* yieldNow()`, or `yield* consumeBudget()` in a loop that awaits nothing else.
import { co, run, spawn, watchdog } from "pollux";

const spin = co(function* spin() {
  for (let n = 0; n >= 0; n = (n + 1) % 1_000) {
    // Neither an end nor a `yield*`.
  }
});

const main = co(function* main() {
  yield* spawn(spin(), { name: "spinner" });
});

watchdog({ limit: 200, exit: true });
await run(main());
