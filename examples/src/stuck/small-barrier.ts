// A barrier is for more tasks than there are.
// Make it for as many as wait, and let those that fail leave the others a way out.
import { Barrier, co, run, scope } from "pollux";

const start = new Barrier(4, { name: "start" });

const racer = co(function* racer() {
  yield* start.wait();
});

const main = co(function* main() {
  yield* scope(function* race(s) {
    for (let n = 1; n <= 3; n++) s.spawn(racer(), { name: `racer ${n}` });
  });
});

await run(main());
