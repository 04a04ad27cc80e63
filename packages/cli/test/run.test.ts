import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixtures, pollux, start } from "./support/pollux.ts";

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "pollux-cli-"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const native = existsSync(
  new URL(`../../pollux/native/bin/${process.platform}-${process.arch}.node`, import.meta.url),
);

describe("run: a program", () => {
  test("has its main run, with the arguments", async () => {
    const { code, stdout, stderr } = await pollux("run", "args.ts", "a", "--", "--port", "1");
    expect(JSON.parse(stdout)).toEqual({ args: ["a", "--port", "1"], argv: ["a", "--port", "1"] });
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("without main is just loaded", async () => {
    expect(await pollux("run", "loaded.ts", "a", "b")).toMatchObject({
      code: 0,
      stdout: "loaded a b\n",
      stderr: "",
    });
  });

  test("without main may make a runtime of its own", async () => {
    expect(await pollux("run", "statement.ts")).toMatchObject({ code: 0, stdout: "loading\nran\n" });
  });

  test("without main is told that options for main have no effect", async () => {
    const { code, stderr } = await pollux("run", "--reactor", "node", "loaded.ts");
    expect([code, stderr]).toEqual([0, expect.stringContaining("loaded.ts exports no main")]);
  });

  test("that fails ends with 1, and its error has the lines of the coroutines, and none of the machinery", async () => {
    const { code, stdout, stderr } = await pollux("run", "fails.ts");
    expect([code, stdout]).toEqual([1, ""]);
    const lines = stderr.replaceAll(fixtures, "").replace(/(async .*):\d+:\d+\)/g, "$1)");
    expect(lines).toMatchInlineSnapshot(`
      "RangeError: no luck
          at inner (fails.ts:5:9)
          at async outer (fails.ts)
          at async main (fails.ts) {
        [cause]: Error: the cause
            at inner (fails.ts:5:47)
      }
      "
    `);
  });

  test("that is stuck ends with 13 and a list of its tasks", async () => {
    const { code, stderr } = await pollux("run", "stuck.ts");
    expect(code).toBe(13);
    expect(stderr).toContain('deadlock: task 1 (main) waits for mutex #1 "door", which it holds itself');
  });

  test("whose loading never ends is stuck as well", async () => {
    const { code, stderr } = await pollux("run", "unsettled.ts");
    expect([code, stderr]).toEqual([
      13,
      "pollux: an `await` at the top level of unsettled.ts never settles\n",
    ]);
  });

  test("that cannot be compiled ends with 1 and what is wrong, without a stack", async () => {
    const { code, stderr } = await pollux("run", "eval.ts");
    expect(code).toBe(1);
    expect(stderr).toContain("error POLLUX_COMPILE_EVAL");
    expect(stderr).toContain("> 6 |   return eval(code);");
    expect(stderr).not.toContain("    at ");
  });

  test("whose main gives a promise is told to make it a coroutine", async () => {
    const { code, stderr } = await pollux("run", "promise.ts");
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: main gave a promise.*make it a coroutine/),
    ]);
  });
});

describe("run: signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s cancels main, waits for its cleanup and ends with %i", async (signal, expected) => {
    const running = start(["run", "cleanup.ts"]);
    await running.has("waiting");
    running.child.kill(signal);
    expect(await running.outcome).toEqual({
      code: expected,
      signal: null,
      stdout: "waiting\ncleaning up\nclean\n",
      stderr: "",
    });
  });

  test("a second one ends the program at once", async () => {
    const running = start(["run", "stubborn.ts"]);
    await running.has("waiting");
    running.child.kill("SIGINT");
    await running.has("once more ends the program at once");
    running.child.kill("SIGTERM");
    expect(await running.outcome).toMatchObject({ code: 143, stdout: "waiting\ncleaning up\n" });
  });

  test("a cleanup that outlasts the grace is reported, and the program ends with 1", async () => {
    const running = start(["run", "--grace", "10", "stubborn.ts"]);
    await running.has("waiting");
    running.child.kill("SIGINT");
    const { code, stderr } = await running.outcome;
    expect([code, stderr]).toEqual([1, expect.stringContaining("CleanupTimeoutError")]);
  });

  test("a program that handles one by itself is left alone", async () => {
    const running = start(["run", "handles.ts"]);
    await running.has("waiting");
    running.child.kill("SIGINT");
    expect(await running.outcome).toMatchObject({ code: 0, stdout: "waiting\nhandled\n" });
  });

  test("--dump-on lists the tasks whenever its signal comes, and the program goes on", async () => {
    const running = start(["run", "--dump-on", "usr2", "cleanup.ts"]);
    await running.has("waiting");
    running.child.kill("SIGUSR2");
    await running.has("task 1 (main): waiting in main > sleep");
    running.child.kill("SIGINT");
    expect(await running.outcome).toMatchObject({ code: 130, stdout: expect.stringContaining("clean\n") });
  });
});

describe("run: --reactor", () => {
  test("node does the I/O with Node's sockets", async () => {
    expect(await pollux("run", "--reactor", "node", "server.ts")).toMatchObject({
      code: 0,
      stdout: "hi node\n",
    });
  });

  test("auto takes the best that there is", async () => {
    const best = native ? "epoll" : "node";
    expect(await pollux("run", "server.ts")).toMatchObject({ code: 0, stdout: `hi ${best}\n` });
  });
});

describe("run: --trace", () => {
  /** The names of the spans of a trace. */
  function spans(file: string): string[] {
    const { traceEvents } = JSON.parse(readFileSync(file, "utf8")) as {
      traceEvents: { ph: string; name: string }[];
    };
    return traceEvents.filter(({ ph }) => ph === "X").map(({ name }) => name);
  }

  test("writes what the tasks did when the program has ended", async () => {
    const file = join(folder, "ended.json");
    expect(await pollux("run", "--trace", file, "args.ts")).toMatchObject({ code: 0 });
    expect(spans(file)).toEqual(["task 1 (main)", "task 1 (main)"]);
  });

  test("writes it also of a program that fails, or is stuck", async () => {
    for (const [name, expected] of [
      ["fails", 1],
      ["stuck", 13],
    ] as const) {
      const file = join(folder, `${name}.json`);
      expect(await pollux("run", `${name}.ts`, "--trace", file)).toMatchObject({ code: expected });
      expect(spans(file)).toContain("task 1 (main)");
    }
  });

  test("a file that cannot be written is said, and the program ends with 1", async () => {
    const { code, stderr } = await pollux("run", "--trace", join(folder, "no", "where.json"), "args.ts");
    expect([code, stderr]).toEqual([1, expect.stringContaining("the trace was not written: Error: ENOENT")]);
  });
});
