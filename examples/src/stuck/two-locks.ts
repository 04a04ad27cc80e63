// Two tasks take two locks, each in its own order.
// Take locks in one order everywhere.
import { co, Mutex, run, scope, yieldNow } from "pollux";

const accounts = new Mutex(0, { name: "accounts" });
const journal = new Mutex<string[]>([], { name: "journal" });

const transfer = co(function* transfer() {
  yield* accounts.with(function* () {
    yield* yieldNow();
    yield* journal.lock();
  });
});

const audit = co(function* audit() {
  yield* journal.with(function* () {
    yield* yieldNow();
    yield* accounts.lock();
  });
});

const main = co(function* main() {
  yield* scope(function* (s) {
    s.spawn(transfer());
    s.spawn(audit());
  });
});

await run(main());
