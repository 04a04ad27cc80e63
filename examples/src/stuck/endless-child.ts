// A scope waits for a child that nobody stops: the join that was forgotten.
// Abort what runs until it is told to stop, before the block ends.
import { co, Notify, run, scope, sleep } from "pollux";

const reload = new Notify({ name: "reload" });

const reloader = co(function* reloader() {
  for (;;) yield* reload.notified();
});

const main = co(function* main() {
  yield* scope(function* serve(s) {
    s.spawn(reloader());
    yield* sleep(1); // stands for the work
  });
});

await run(main());
