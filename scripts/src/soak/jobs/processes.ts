import { Command, co, sleep } from "pollux";
import { check, type Job, sameBytes, type World } from "../job.ts";
import type { Random } from "../random.ts";

const runOne = co(function* (_world: World, random: Random) {
  if (random.chance(30)) {
    // One that does not end by itself.
    yield* new Command("sleep", ["1000"]).with(function* (child) {
      yield* sleep(random.below(10));
      const { signal } = yield* child.kill();
      check(signal === "SIGKILL", `a process that was killed has ended by ${signal}`);
    });
    return;
  }
  const input = random.bytes(random.below(20_000));
  const { status, stdout } = yield* new Command("cat").output({ input });
  check(status.success && sameBytes(stdout, input), "cat gives other bytes");
});

export const processes: Job = { name: "process", weight: 3, start: runOne };
