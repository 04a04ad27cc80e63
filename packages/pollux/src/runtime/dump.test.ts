import { expect, test } from "vitest";
// Not from index.ts: as in a bundle that has left the analysis out.
import { never } from "../combine/never.ts";
import { co } from "../core/coroutine.ts";
import { yieldNow } from "../task/yield-now.ts";
import { Runtime } from "./runtime.ts";

test("dump: without the analysis it is a list of the tasks", async () => {
  const runtime = new Runtime();
  const main = co(function* main() {
    runtime.spawn(never(), { name: "other" });
    yield* yieldNow();
    return runtime.dump().split("\n").slice(2);
  });
  expect(await runtime.run(main())).toEqual(["detached:", "  task 2 (other) in Never"]);
});

test("dump: the analysis takes its place once it is loaded", async () => {
  await import("./take-snapshot.ts");
  const runtime = new Runtime();
  const main = co(function* main() {
    runtime.spawn(never(), { name: "other" });
    yield* yieldNow();
    return runtime.dump().split("\n").slice(2);
  });
  expect(await runtime.run(main())).toEqual([
    "detached:",
    "  task 2 (other): waiting in never; 1 poll, 0 wakes",
  ]);
});
