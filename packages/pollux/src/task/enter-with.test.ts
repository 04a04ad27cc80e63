import { AsyncLocalStorage } from "node:async_hooks";
import { expect, test } from "vitest";
import { co } from "../core/coroutine.ts";
import { run } from "../runtime/runtime.ts";

// In a file of its own: it is about a process in which no store was ever set outside of the runtime.
test("AsyncLocalStorage: what enterWith sets in a task that carries none is forgotten at the end of the drain", async () => {
  const storage = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const reads = co(function* () {
    seen.push(storage.getStore());
  });
  await run(
    co(function* () {
      storage.enterWith("entered");
    })(),
  );
  await run(reads());
  await run(reads());
  expect(seen).toEqual([undefined, undefined]);
});
