import { describe, expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { NoContextError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { Runtime } from "../runtime/runtime.ts";
import { currentTask } from "./current-task.ts";
import { spawn } from "./spawn.ts";
import { yieldNow } from "./yield-now.ts";

class ReadsTask extends Future<number> {
  override poll(): number {
    return currentTask().id;
  }
}

describe("currentTask", () => {
  test("is that of the task that is polled: before and after a suspend, in coroutines and in leaf futures", async () => {
    const ids = co(function* () {
      const before = currentTask().id;
      yield* yieldNow();
      return [before, currentTask().id, yield* new ReadsTask()];
    });
    await new Runtime().run(
      co(function* () {
        const handles = [spawn(ids()), spawn(ids())];
        for (const handle of handles) expect(yield* handle).toEqual([handle.id, handle.id, handle.id]);
        const leaf = spawn(new ReadsTask());
        expect(yield* leaf).toBe(leaf.id);
        expect(currentTask()).toEqual({ id: 1, name: "main" });
      })(),
    );
  });

  test("has the name that the task was spawned with", () =>
    new Runtime().run(
      co(function* () {
        const named = spawn(
          co(function* () {
            return currentTask().name;
          })(),
          { name: "reader" },
        );
        expect(yield* named).toBe("reader");
        expect(named.name).toBe("reader");
        expect(
          yield* spawn(
            co(function* () {
              return currentTask().name;
            })(),
          ),
        ).toBe(undefined);
      })(),
    ));

  test("is there in a cancel", async () => {
    const seen: number[] = [];
    class Leaf extends Future<void> {
      override poll(): Pending {
        return Pending;
      }
      override cancel(): undefined {
        seen.push(currentTask().id);
      }
    }
    await new Runtime().run(
      co(function* () {
        const handle = spawn(new Leaf()).observed();
        yield* yieldNow();
        handle.abort();
        yield* yieldNow();
        yield* yieldNow();
        expect(seen).toEqual([handle.id]);
      })(),
    );
  });

  test("outside of a task it throws, also in a poll by hand", () => {
    expect(() => currentTask()).toThrow(NoContextError);
    expect(() =>
      co(function* () {
        return currentTask();
      })().poll(new TestContext()),
    ).toThrow(NoContextError);
  });
});
