import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { joinAll } from "../../../src/combine/join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { Command } from "../../../src/process/command.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { testDirectory } from "../../support/fs.ts";
import { until } from "../../support/net.ts";

// Seven small suites. The group of a test is the suite that it is of.

const at = testDirectory();

const text = (buf: Uint8Array): string => new TextDecoder().decode(buf);

describe("process_arg0", () => {
  test("arg0: the program sees the name that it is given", async () => {
    const { stdout } = await run(new Command("sh", ["-c", "echo $0"], { argv0: "test_string" }).output());
    expect(text(stdout)).toBe("test_string\n");
  });
});

describe("process_change_of_runtime", () => {
  test("process_spawned_and_wait_in_different_runtime: one runtime starts it, another one waits", async () => {
    const child = await new Runtime().run(new Command("true", [], { stdin: "pipe", stdout: "null" }).spawn());
    expect((await new Runtime().run(child.wait())).code).toBe(0);
    child.close();
  });
});

describe("process_issue_2174", () => {
  test("issue_2174: a write that waits for a child that is killed fails", async () => {
    const main = co(function* () {
      const child = yield* new Command("sleep", ["60"], { stdin: "pipe", stdout: "null" }).spawn();
      const { stdin } = child;
      if (stdin === null) return expect.fail();
      let written = 0;
      const fill = co(function* () {
        for (;;) written += yield* stdin.write(new Uint8Array(8192));
      });
      const filling = spawn(fill());
      filling.observed();
      // As long as it takes to fill the pipe, and Node's buffer before it.
      for (let last = -1; last !== written; ) {
        last = written;
        yield* new Command("true").status();
      }
      yield* child.kill();
      child.close();
      yield* filling;
    });
    await expect(run(main())).rejects.toMatchObject({
      code: expect.stringMatching(/^(EPIPE|POLLUX_CLOSED)$/),
    });
  });
});

describe("process_issue_42", () => {
  test("issue_42: many that end at about the same time are all seen to end", async () => {
    const options = { stdin: "null", stdout: "null", stderr: "null", killOnDrop: true } as const;
    const batch = co(function* () {
      const statuses = [];
      for (let i = 0; i < 10; i++) {
        const child = yield* new Command("echo", [`I am spawned process #${i}`], options).spawn();
        statuses.push(child.wait());
      }
      return (yield* joinAll(statuses)).filter(({ success }) => success).length;
    });
    expect(await run(joinAll(Array.from({ length: 10 }, () => batch())))).toEqual(Array(10).fill(10));
  });
});

describe("process_kill_after_wait", () => {
  test("kill_after_wait: to kill one that has ended is fine", async () => {
    const main = co(function* () {
      const child = yield* new Command("sh", ["-c", "exit 2"]).spawn();
      child.startKill();
      yield* child.wait();
      child.startKill();
      yield* child.kill();
      child.close();
    });
    await run(main());
  });
});

describe("process_kill_on_drop", () => {
  test("kill_on_drop: the child is killed when it is dropped, and what it had started goes on", async () => {
    const script = `
      (while ! test -e go; do sleep 0.05; done; echo child ran > ran) > /dev/null &
      disown -a
      echo ready
      while :; do sleep 0.05; done
      echo hello from beyond the grave > ran
    `;
    const main = co(function* () {
      const options = { cwd: at(), stdout: "pipe", killOnDrop: true } as const;
      const child = yield* new Command("bash", ["-c", script], options).spawn();
      yield* child.stdout?.read(new Uint8Array(10)) ?? expect.fail();
      child.close();
      return yield* child.wait();
    });
    expect((await run(main())).signal).toBe("SIGKILL");
    writeFileSync(at("go"), "");
    await until(() => existsSync(at("ran")) && readFileSync(at("ran"), "utf8") !== "");
    expect(readFileSync(at("ran"), "utf8")).toBe("child ran\n");
  });
});

describe("process_smoke", () => {
  test("simple: it has a number and a code; to wait again gives the same; the number is gone", async () => {
    const main = co(function* () {
      const child = yield* new Command("sh", ["-c", "exit 2"]).spawn();
      expect(child.pid).toBeGreaterThan(0);
      expect((yield* child.wait()).code).toBe(2);
      expect((yield* child.wait()).code).toBe(2);
      expect(child.pid).toBe(null);
      yield* child.kill();
      child.close();
    });
    await run(main());
  });
});
