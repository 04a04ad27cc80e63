import { createHash } from "node:crypto";
import { co, crossMpsc, scope, ThreadExitedError, TimeoutError, timeout } from "pollux";
import { check, type Job, type World } from "../job.ts";
import type { Random } from "../random.ts";

const call = co(function* ({ work }: World, random: Random) {
  const way = random.below(100);
  if (way < 4) yield* timeout(random.below(5), work.spin());
  else if (way < 20) yield* timeout(random.below(5), work.spinPolitely());
  else if (way < 24) yield* work.exit();
  else {
    const bytes = random.bytes(random.below(50_000));
    const expected = createHash("sha256").update(bytes).digest("hex");
    check((yield* work.digest(bytes)) === expected, "a digest is another");
  }
});

export const threads: Job = {
  name: "thread",
  weight: 10,
  start: call,
  expects: (error) => error instanceof TimeoutError || error instanceof ThreadExitedError,
};

/** Another runtime, in a thread, sends; it is killed with the job. */
const receive = co(function* ({ work }: World, random: Random) {
  const count = random.below(200);
  const [tx, rx] = crossMpsc<number>(1 + random.below(16));
  try {
    yield* scope(function* (s) {
      const producer = s.spawn(work.produce(tx.detach(), count), { name: "producer" });
      let next = 0;
      yield* rx.forEach((n) => {
        check(n === next++, "a value is another");
      });
      // If it has failed, that is what has happened here.
      yield* producer;
      check(next === count, `${next} of ${count} values have come`);
    });
  } finally {
    // For good: if the producer was killed before it began, nobody will ever close the other end.
    rx[Symbol.dispose]();
  }
});

export const betweenThreads: Job = { name: "cross", weight: 5, start: receive };
