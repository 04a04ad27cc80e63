import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { testDirectory } from "../../test/support/fs.ts";
import { turn, until } from "../../test/support/net.ts";
import { testPrograms } from "../../test/support/programs.ts";
import { catchError } from "../combine/catch-error.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, TooLongError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { End } from "../core/stream-source.ts";
import { File } from "../fs/file.ts";
import { BufReader } from "../io/buf-reader.ts";
import { Runtime } from "../runtime/runtime.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { timeout } from "../time/timeout.ts";
import type { Child } from "./child.ts";
import { Command } from "./command.ts";

const at = testDirectory();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (buf: Uint8Array): string => new TextDecoder().decode(buf);
let runtime: Runtime;
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
const sh = (script: string, options = {}): Command => new Command("sh", ["-c", script], options);

/** Descriptors that are not those of files: the pipes to children among them. */
const pipes = (): number => readdirSync("/proc/self/fd").length;

/** The children of this process that the system knows, zombies among them. */
function children(): string[] {
  const own = `/proc/${process.pid}/task/${process.pid}/children`;
  return readFileSync(own, "utf8").split(" ").filter(Boolean);
}

const isAlive = (pid: number): boolean => {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
};

let before: { pipes: number; children: string[] };

beforeEach(async () => {
  runtime = new Runtime();
  before = { pipes: pipes(), children: children() };
});

afterEach(async () => {
  await until(() => pipes() <= before.pipes && children().length <= before.children.length);
  expect(runtime.handle.outstanding).toBe(0);
});

describe("Command.output", () => {
  test("gives what was written to both outputs, and how it has ended", async () => {
    const { status, stdout, stderr } = await go(sh("echo out; echo err >&2; exit 3").output());
    expect([text(stdout), text(stderr), status.code, status.signal, status.success, String(status)]).toEqual([
      "out\n",
      "err\n",
      3,
      null,
      false,
      "exit code 3",
    ]);
  });

  test("gives it an input, at the same time as it reads", async () => {
    const input = "x".repeat(1_000_000);
    const { stdout } = await go(new Command("cat").output({ input }));
    expect(text(stdout)).toBe(input);
  });

  test("a program that does not read its input is no failure", async () => {
    const { status } = await go(new Command("true").output({ input: new Uint8Array(1_000_000) }));
    expect(status.code).toBe(0);
  });

  test("loses nothing of what a program had written when it ended", async () => {
    const { stdout } = await go(sh("head -c 5000000 /dev/zero").output());
    expect(stdout.length).toBe(5_000_000);
  });

  test("of one that writes too much, fails, and the program is killed", async () => {
    await expect(go(new Command("yes").output({ maxLength: 1000 }))).rejects.toThrow(TooLongError);
    expect(children()).toEqual(before.children);
  });

  test("cancelled at any poll, has killed the program when the cancel ends", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      await go(cancelAt(sh("exit 0").output()));
      expect(children()).toEqual(before.children);
    });
    const running = go(timeout(50, new Command("sleep", ["60"]).output()));
    await expect(running).rejects.toMatchObject({ code: "POLLUX_TIMEOUT" });
    expect(children()).toEqual(before.children);
  });
});

describe("Command.spawn", () => {
  test("a program that is not there, or may not be run, fails at the await", async () => {
    await expect(go(new Command("no-such-program").spawn())).rejects.toMatchObject({
      code: "ENOENT",
      path: "no-such-program",
    });
    writeFileSync(at("plain"), "");
    await expect(go(new Command(at("plain"), [], { stdin: "pipe" }).spawn())).rejects.toMatchObject({
      code: "EACCES",
    });
    await expect(go(new Command("true", [], { cwd: at("none") }).spawn())).rejects.toMatchObject({
      code: "ENOENT",
    });
    await expect(go(new Command("no-such-program").output({ input: "x" }))).rejects.toMatchObject({
      code: "ENOENT",
    });
  });

  test("cancelled at any poll, a failing one leaves nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const failing = new Command("no-such-program", [], { stdout: "pipe" }).spawn();
      const outcome = await go(cancelAt(catchError(failing, (error) => error)));
      if (!outcome.cancelled) expect(outcome.value).toMatchObject({ code: "ENOENT" });
      expect([runtime.handle.outstanding, children()]).toEqual([0, before.children]);
    });
    expect(polls).toBe(2);
  });

  test("has the directory, the environment and the name that it is told", async () => {
    const of = async (command: Command): Promise<string> => text((await go(command.output())).stdout).trim();
    expect(await of(new Command("pwd", [], { cwd: tmpdir() }))).toBe(realpathSync(tmpdir()));
    process.env["POLLUX_A"] = "a";
    try {
      expect(await of(sh("echo $POLLUX_A $POLLUX_B", { env: { POLLUX_B: "b" } }))).toBe("a b");
      expect(await of(sh("echo $POLLUX_A", { env: { POLLUX_A: undefined } }))).toBe("");
      expect(await of(new Command("/usr/bin/env", [], { env: { A: "1" }, clearEnv: true }))).toBe("A=1");
    } finally {
      delete process.env["POLLUX_A"];
    }
    expect(await of(sh("echo $0", { argv0: "another" }))).toBe("another");
  });

  test("reads from a file and writes to one", async () => {
    writeFileSync(at("in"), "b\na\n");
    const [input, output] = [await go(File.open(at("in"))), await go(File.create(at("out")))];
    const status = await go(new Command("sort", [], { stdin: input, stdout: output }).status());
    expect(status.code).toBe(0);
    input.close();
    output.close();
    expect(readFileSync(at("out"), "utf8")).toBe("a\nb\n");
    await expect(go(new Command("sort", [], { stdin: input }).spawn())).rejects.toThrow(ClosedError);
  });

  test("arguments that make no sense are refused at the call", () => {
    expect(() => new Command("")).toThrow(TypeError);
    expect(() => new Command("a\0b")).toThrow(TypeError);
    // @ts-expect-error no array
    expect(() => new Command("ls", "-l")).toThrow(TypeError);
    // @ts-expect-error no string
    expect(() => new Command("ls", [1])).toThrow(TypeError);
    // @ts-expect-error no such place
    expect(() => new Command("ls", [], { stdin: "nowhere" })).toThrow(TypeError);
    expect(() => new Command("ls", [], { uid: -1 })).toThrow(RangeError);
    expect(() => new Command("ls", [], { env: { A: "\0" } })).toThrow(TypeError);
    // @ts-expect-error no bytes
    expect(() => new Command("ls").output({ input: 1 })).toThrow(TypeError);
    // @ts-expect-error no function
    expect(() => new Command("ls").with(1)).toThrow(TypeError);
  });
});

describe("Child", () => {
  test("its pipes are our streams: a conversation, line by line", async () => {
    const main = co(function* () {
      const child = yield* new Command("cat", [], { stdin: "pipe", stdout: "pipe" }).spawn();
      const lines = new BufReader(child.stdout ?? expect.fail());
      for (const line of ["one", "two"]) {
        yield* (child.stdin ?? expect.fail()).writeAll(bytes(`${line}\n`));
        expect(yield* lines.readLine()).toBe(line);
      }
      yield* (child.stdin ?? expect.fail()).shutdown();
      expect(yield* lines.readLine()).toBe(End);
      expect((yield* child.wait()).code).toBe(0);
      child.close();
    });
    await runtime.run(main());
  });

  test("what is inherited, or nowhere, is null", async () => {
    const child = await go(new Command("true", [], { stdin: "null" }).spawn());
    expect([child.stdin, child.stdout, child.stderr]).toEqual([null, null, null]);
    await go(child.wait());
    child.close();
  });

  test("a write to one that has ended, or does not read any more, fails with EPIPE; later ones with ClosedError", async () => {
    for (const script of ["exit 0", "exec sleep 60 <&-"]) {
      const child = await go(sh(script, { stdin: "pipe" }).spawn());
      const stdin = child.stdin ?? expect.fail();
      const main = co(function* () {
        for (;;) yield* stdin.writeAll(new Uint8Array(65_536));
      });
      await expect(go(main())).rejects.toMatchObject({ code: "EPIPE", syscall: "write" });
      await expect(go(stdin.write(bytes("x")))).rejects.toThrow(ClosedError);
      await go(child.kill());
      child.close();
    }
  });

  test("a write waits while the pipe is full", async () => {
    const child = await go(new Command("sleep", ["60"], { stdin: "pipe" }).spawn());
    const stdin = child.stdin ?? expect.fail();
    let written = 0;
    const main = co(function* () {
      for (;;) written += yield* stdin.write(new Uint8Array(65_536));
    });
    const writing = go(main());
    for (let last = -1; last !== written; ) {
      last = written;
      for (let i = 0; i < 20; i++) await turn();
    }
    expect(written).toBeLessThan(2_000_000);
    expect(writing.isFinished).toBe(false);
    writing.abort();
    await writing.then(
      () => {},
      () => {},
    );
    await go(child.kill());
    child.close();
  });

  test("wait gives the same to all who ask, also after the end; the pid is gone then", async () => {
    const child = await go(sh("read x; exit 7", { stdin: "pipe" }).spawn());
    expect(isAlive(child.pid ?? 0)).toBe(true);
    expect(child.tryWait()).toBe(null);
    const waits = [go(child.wait()), go(child.wait())];
    await turn();
    child.stdin?.close();
    const [first, second] = await Promise.all(waits);
    expect([first?.code, second, await go(child.wait()), child.tryWait(), child.pid]).toEqual([
      7,
      first,
      first,
      first,
      null,
    ]);
    child.close();
  });

  test("wait, cancelled at any poll, leaves the process, and others who wait", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      const child = await go(sh("read x", { stdin: "pipe" }).spawn());
      const other = go(child.wait());
      const outcome = go(cancelAt(child.wait()));
      await turn();
      expect(isAlive(child.pid ?? 0)).toBe(true);
      child.stdin?.close();
      await outcome;
      expect((await other).code).toBe(1);
      child.close();
    });
  });

  test("kill ends it by a signal; a second time it does nothing", async () => {
    const child = await go(new Command("sleep", ["60"]).spawn());
    const status = await go(child.kill("SIGTERM"));
    expect([status.code, status.signal, String(status)]).toEqual([null, "SIGTERM", "ended by SIGTERM"]);
    expect(await go(child.kill())).toBe(status);
    child.startKill();
    // @ts-expect-error no such signal
    expect(() => child.kill("SIGNOT")).toThrow(TypeError);
    child.close();
  });

  test("with a process group, the signal reaches what the child has started", async () => {
    const child = await go(sh("sleep 60 & echo $!; wait", { stdout: "pipe", processGroup: true }).spawn());
    const line = await go(new BufReader(child.stdout ?? expect.fail()).readLine());
    expect(isAlive(Number(line))).toBe(true);
    await go(child.kill());
    await until(() => !isAlive(Number(line)));
    child.close();
  });

  test("killOnDrop: close kills it, and the disposal waits for its end; else it goes on", async () => {
    const dropped = await go(new Command("sleep", ["60"], { killOnDrop: true }).spawn());
    await dropped[Symbol.asyncDispose]();
    expect(dropped.tryWait()?.signal).toBe("SIGKILL");
    const kept = await go(new Command("sleep", ["60"]).spawn());
    await kept[Symbol.asyncDispose]();
    expect([kept.tryWait(), isAlive(kept.pid ?? 0)]).toEqual([null, true]);
    await go(kept.kill());
  });

  test("output of one that was spawned reads both pipes and waits", async () => {
    const child = await go(
      sh("cat; echo err >&2", { stdin: "pipe", stdout: "pipe", stderr: "pipe" }).spawn(),
    );
    await go((child.stdin ?? expect.fail()).writeAll(bytes("in")));
    const { status, stdout, stderr } = await go(child.output());
    expect([status.code, text(stdout), text(stderr)]).toEqual([0, "in", "err\n"]);
    child.close();
  });

  test("what it had written can be read after its end", async () => {
    const child = await go(sh("echo late", { stdout: "pipe" }).spawn());
    await go(child.wait());
    for (let i = 0; i < 10; i++) await turn();
    expect(await go((child.stdout ?? expect.fail()).readToString())).toBe("late\n");
    child.close();
  });
});

describe("Command.with", () => {
  test("gives what the body gives, and the process has ended", async () => {
    let child: Child | undefined;
    const main = new Command("sleep", ["60"]).with(function* (started) {
      child = started;
      return 5;
    });
    expect(await go(main)).toBe(5);
    expect(child?.tryWait()?.signal).toBe("SIGKILL");
  });

  test("a body that throws, or is cancelled at any poll, leaves no process", async () => {
    await expect(
      go(
        new Command("sleep", ["60"]).with(function* () {
          throw new Error("body");
        }),
      ),
    ).rejects.toThrow("body");
    await cancelAtEveryPoll(async (cancelAt) => {
      const reading = sh("echo a; read x", { stdin: "pipe", stdout: "pipe" }).with(function* (child) {
        return yield* new BufReader(child.stdout ?? expect.fail()).readLine();
      });
      await go(cancelAt(reading));
      expect(children()).toEqual(before.children);
    });
  });
});

describe("Command, and what keeps this process alive", () => {
  const programs = testPrograms();

  test("a child that nobody waits for does not; neither do its pipes", async () => {
    const { stdout, status } = await programs.run(`
      const child = await run(new Command("sleep", ["60"], { stdin: "pipe", stdout: "pipe", killOnDrop: true }).spawn());
      process.on("exit", () => { child.close(); console.log("end"); });
    `);
    expect([status, stdout]).toEqual([0, "end\n"]);
  });

  test("who waits for it does", async () => {
    const { stdout } = await programs.run(`
      const child = await run(new Command("sh", ["-c", "sleep 0.05; echo x"], { stdout: "pipe" }).spawn());
      console.log(await run(child.stdout.readToString()), (await run(child.wait())).code);
    `);
    expect(stdout).toBe("x\n 0\n");
  });
});
