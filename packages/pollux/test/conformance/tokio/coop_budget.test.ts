import { expect, test } from "vitest";
import { POLL_BUDGET } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import { consumeBudget } from "../../../src/task/consume-budget.ts";
import { currentExecutor, spawn } from "../../../src/task/spawn.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";

test("coop_budget_udp_send_recv: an operation that is always ready yields every 128 units, and another task runs in between", () =>
  run(
    co(function* () {
      const rounds = 1024;
      const [tx, rx] = unboundedMpsc<number>();
      let counted = 0;
      yield* yieldNow();
      const counting = spawn(
        co(function* () {
          for (;;) {
            counted++;
            yield* yieldNow();
          }
        })(),
      ).observed();
      for (let i = 0; i < rounds; i++) {
        yield* consumeBudget(); // A unit for the send, as a socket's takes one.
        tx.send(i);
        expect(yield* rx.recv()).toBe(i);
      }
      expect(counted).toBe(rounds / (POLL_BUDGET / 2) - 1);
      counting.abort();
    })(),
  ));

test("test_has_budget_remaining: there is budget at first, and none after 128 units", () =>
  run(
    co(function* () {
      const executor = currentExecutor("test");
      yield* yieldNow();
      expect(executor.budget).toBeGreaterThan(0);
      for (let i = 0; i < POLL_BUDGET; i++) yield* consumeBudget();
      expect(executor.budget).toBe(0);
    })(),
  ));
