import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { watchdog } from "../index.ts";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** Runs a program on the built package, in a process of its own. */
function program(source: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const text = `import { co, run, sleep, spawn, watchdog } from ${JSON.stringify(built)};\n${source}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], { timeout: 20_000 });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (data: string) => (output.stdout += data));
  child.stderr.setEncoding("utf8").on("data", (data: string) => (output.stderr += data));
  return new Promise((resolve) => child.on("close", (status) => resolve({ status, ...output })));
}

test("watchdog: reports the task and the stack of a loop once, and the program goes on when it ends", async () => {
  const { status, stdout, stderr } = await program(`
    const busy = co(function* busy() {
      // Until the watchdog has asked for the task.
      for (const end = Date.now() + 10_000; Date.now() < end && !globalThis.stopped; );
    });
    watchdog({ limit: 100 });
    const main = co(function* main() {
      Object.defineProperty(globalThis[Symbol.for("pollux.ambient.v1")].cx.task, "describe", {
        value: () => { globalThis.stopped = true; return "the task under way"; },
      });
      yield* busy();
      yield* sleep(1);
      console.log("ended");
    });
    await run(main());
  `);
  expect(stderr).toMatch(
    /^pollux: the event loop has not turned for 100 ms; under way is the task under way\n/,
  );
  expect(stderr).toMatch(/^ {4}at busy \(.*\)\n {4}at main \(.*\)$/m);
  expect(stderr.match(/pollux:/g)).toHaveLength(1);
  expect({ status, stdout }).toEqual({ status: 0, stdout: "ended\n" });
});

test("watchdog: says nothing of a loop that turns, and keeps no process alive", async () => {
  const { status, stdout, stderr } = await program(`
    watchdog({ limit: 5_000 });
    const main = co(function* () { yield* sleep(20); console.log("ended"); });
    await run(main());
  `);
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "ended\n", stderr: "" });
});

test("watchdog: the stuck report comes all the same", async () => {
  const { status, stderr } = await program(`
    watchdog();
    run(co(function* main() { yield* sleep(Infinity); })());
  `);
  expect(status).toBe(13);
  expect(stderr).toContain("the event loop ran empty");
});

test("watchdog: ended before anything has happened, and twice", () => {
  const watch = watchdog();
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
});

test("watchdog: refuses a limit that is none", () => {
  for (const limit of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => watchdog({ limit })).toThrow(RangeError);
  }
});
