import {
  catchError,
  co,
  interval,
  Mutex,
  mpsc,
  race,
  scope,
  sleep,
  TimeoutError,
  timeout,
  yieldNow,
} from "pollux";
import { check, type Job, type World } from "../job.ts";
import type { Random } from "../random.ts";

const nap = co(function* (_world: World, random: Random) {
  const late = timeout(
    random.below(5),
    co(function* () {
      yield* sleep(random.below(10));
    })(),
  );
  yield* catchError(late, (error) => {
    if (!(error instanceof TimeoutError)) throw error;
  });
  yield* race([sleep(random.below(10)), sleep(10_000)]);
  const ticks = interval(1 + random.below(2));
  for (let i = random.below(4); i >= 0; i--) yield* ticks.tick();
});

export const timers: Job = { name: "timer", weight: 15, start: nap };

/** Senders, and a lock that they share, and a receiver. */
const passOn = co(function* (_world: World, random: Random) {
  const [tx, rx] = mpsc<number>(1 + random.below(8));
  const sent = new Mutex({ sum: 0 });
  const each = random.below(50);
  const send = co(function* (own: typeof tx) {
    try {
      for (let n = 1; n <= each; n++) {
        const guard = yield* sent.lock();
        try {
          yield* own.send(n);
          guard.value.sum += n;
        } finally {
          guard.release();
        }
        if (n % 8 === 0) yield* yieldNow();
      }
    } finally {
      own.close();
    }
  });
  let received = 0;
  yield* scope(function* (s) {
    for (let i = random.below(8); i >= 0; i--) s.spawn(send(tx.clone()), { name: "sender" });
    tx.close();
    yield* rx.forEach((n) => {
      received += n;
    });
  });
  check(sent.intoInner().sum === received, "a value was lost");
});

export const channels: Job = { name: "channel", weight: 15, start: passOn };
