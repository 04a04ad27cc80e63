import { blocking, co, interval, oneshot, run, select, sleep, spawn } from "pollux";
import type { Services } from "./work.ts";

/*
 * Work that computes, in threads, beside tasks that go on meanwhile: the clock ticks, one thread waits for the result of
 * another one, the loser of a race is cancelled in its thread, and an error comes back with the stacks of both.
 */

const [known, genesis] = oneshot<string>();
const services: Services = { previous: () => genesis };
const work = blocking<typeof import("./work.js")>(new URL("./work.js", import.meta.url), { services });

const main = co(function* main() {
  let ticks = 0;
  const tick = co(function* () {
    for (const every = interval(1); ; ticks++) yield* every.tick();
  });
  const ticking = spawn(tick());

  const second = spawn(work.mineNext(1, "000"));
  const nonce = yield* work.mine("genesis", "000");
  known.send(`genesis/${nonce}`);
  const block = yield* second;
  console.log(`${block.previous} then ${block.nonce}`);
  console.log(ticks > 0 ? "the loop turned meanwhile" : "the loop stood still");
  ticking.abort();

  // No hash begins like this within a lifetime.
  const first = yield* select({ found: work.mine("for ever", "0".repeat(64)), late: sleep(20) });
  console.log(`${first.key}: the thread has ended its search`);

  try {
    yield* work.verify("genesis", nonce + 1, "000");
  } catch (error) {
    const stack = error instanceof Error ? (error.stack ?? "") : "";
    console.log(error instanceof RangeError, /at verify .*work\.js/.test(stack), /main\.js/.test(stack));
  }
});

await run(main());
