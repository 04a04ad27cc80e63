// A lock was granted to a future that was lent to a `select`, and that nobody polls any more.
// Await or cancel what was lent, or do not lend it: the `select` then gives it up.
import { co, Mutex, Notify, run, select, sleep, spawn } from "pollux";

const printer = new Mutex("", { name: "printer" });

const impatient = co(function* impatient() {
  const lock = printer.lock();
  yield* select({ lock: lock.ref(), late: sleep(1) });
  yield* new Notify({ name: "other work" }).notified();
});

const main = co(function* main() {
  const guard = yield* printer.lock();
  spawn(impatient());
  yield* sleep(10);
  guard.release();
  yield* printer.lock();
});

await run(main(), { clock: "paused" });
