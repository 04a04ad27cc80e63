// A notification comes before the task waits, by `notifyWaiters`, which stores none.
// Use `notifyOne`, or call `notified()` before looking whether there is need to wait.
import { co, Notify, run, spawn } from "pollux";

const ready = new Notify({ name: "ready" });

const worker = co(function* worker() {
  yield* ready.notified();
});

const main = co(function* main() {
  const handle = spawn(worker());
  ready.notifyWaiters(); // The worker has not begun.
  yield* handle;
});

await run(main());
