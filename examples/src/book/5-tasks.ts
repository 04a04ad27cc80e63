import { CancelledError, co, pause, run, sleep, spawn } from "pollux";

// A task is a future that the executor owns. Its owner need not wait for it: it is polled whenever it was woken, beside all
// others, until it ends. Its handle is how one waits for it, or ends it.

const log = (text: string): void => console.log(text);

const work = co(function* (name: string, ms: number) {
  log(`${name} begins`);
  try {
    for (let step = 1; step <= 2; step++) {
      yield* sleep(ms);
      log(`${name}, step ${step}`);
    }
    return `what ${name} has found`;
  } finally {
    // On every way out: the end, a failure, a cancel.
    log(`${name} is over`);
  }
});

const main = co(function* () {
  pause(); // Exact times: see 4-sequential-and-joined.ts.
  const quick = spawn(work("quick", 10));
  const slow = spawn(work("slow", 15));
  const endless = spawn(work("endless", 1_000_000));
  // A task begins when its turn comes. This one still has it.
  log("three tasks are spawned");
  log(yield* quick);
  log(yield* slow);
  endless.abort();
  try {
    yield* endless;
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    log("endless was aborted, and has cleaned up before we hear of it");
  }
});
await run(main());
