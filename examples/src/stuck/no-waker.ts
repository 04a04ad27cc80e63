// A future of one's own returns `Pending` and keeps no waker.
// Keep `cx.waker` whenever `poll` returns `Pending`, and say in `inspect` what it waits for.
import { type Context, co, Future, Pending, type Poll, run, spawn } from "pollux";

class Countdown extends Future<void> {
  #left = 3;
  override poll(_cx: Context): Poll<void> {
    return this.#left-- > 0 ? Pending : undefined;
  }
}

const launch = co(function* launch() {
  yield* new Countdown();
});

const main = co(function* main() {
  yield* spawn(launch());
});

await run(main());
