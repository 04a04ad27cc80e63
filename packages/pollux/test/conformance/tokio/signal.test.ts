import process from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import { co } from "../../../src/core/coroutine.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { ctrlC } from "../../../src/signal/ctrl-c.ts";
import { type SignalName, signals } from "../../../src/signal/signals.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { turn } from "../../support/net.ts";

// Nine small suites. The group of a test is the suite that it is of.

const NAMES: readonly SignalName[] = ["SIGHUP", "SIGINT", "SIGUSR2"];
const listeners = (): number => NAMES.reduce((sum, name) => sum + process.listenerCount(name), 0);
const send = (name: SignalName): boolean => process.kill(process.pid, name);
let before: number;

beforeEach(() => {
  before = listeners();
});

afterEach(() => {
  expect(listeners()).toBe(before);
});

describe("signal_ctrl_c", () => {
  test("ctrl_c: SIGINT ends the wait", async () => {
    const main = co(function* () {
      const waiting = spawn(ctrlC());
      spawn(
        co(function* () {
          send("SIGINT");
        })(),
      );
      yield* waiting;
    });
    await run(main());
  });
});

describe("signal_drop_recv", () => {
  test("drop_then_get_a_signal: one that is made after another was closed gets the signal", async () => {
    signals("SIGUSR2").close();
    const second = signals("SIGUSR2");
    send("SIGUSR2");
    expect(await run(second.recv())).toBe("SIGUSR2");
    second.close();
  });
});

describe("signal_drop_rt", () => {
  test("dropping_loops_does_not_cause_starvation: a runtime that is closed takes no signal from another", async () => {
    const [one, two] = [new Runtime(), new Runtime()];
    const [first, second] = [signals("SIGUSR2"), signals("SIGUSR2")];
    send("SIGUSR2");
    expect(await one.run(first.recv())).toBe("SIGUSR2");
    first.close();
    await one[Symbol.asyncDispose]();
    expect(await two.run(second.recv())).toBe("SIGUSR2");
    send("SIGUSR2");
    expect(await two.run(second.recv())).toBe("SIGUSR2");
    second.close();
    await two[Symbol.asyncDispose]();
  });
});

describe("signal_drop_signal", () => {
  test("dropping_signal_does_not_deregister_any_other_instances: those before and after may close", async () => {
    const first = signals("SIGUSR2");
    const middle = signals("SIGUSR2");
    const last = signals("SIGUSR2");
    first.close();
    last.close();
    send("SIGUSR2");
    expect(await run(middle.recv())).toBe("SIGUSR2");
    middle.close();
  });
});

describe("signal_multi_rt", () => {
  test("multi_loop: each of several runtimes is told, again and again", async () => {
    for (let round = 0; round < 10; round++) {
      const runtimes = Array.from({ length: 4 }, () => new Runtime());
      const waiting = runtimes.map((runtime) => {
        const hangups = signals("SIGHUP");
        return runtime.run(hangups.recv()).finally(() => hangups.close());
      });
      await turn();
      send("SIGHUP");
      expect(await Promise.all(waiting)).toEqual(Array(4).fill("SIGHUP"));
      for (const runtime of runtimes) await runtime[Symbol.asyncDispose]();
    }
  });
});

describe("signal_notify_both", () => {
  test("notify_both: two receivers are both told", async () => {
    const [first, second] = [signals("SIGUSR2"), signals("SIGUSR2")];
    send("SIGUSR2");
    expect(await run(join(first.recv(), second.recv()))).toEqual(["SIGUSR2", "SIGUSR2"]);
    first.close();
    second.close();
  });
});

describe("signal_panic", () => {
  test("signal_panic_caller: what is no signal is refused where the caller has written it", () => {
    // @ts-expect-error no signal
    const call = (): unknown => signals("-1");
    try {
      call();
      expect.fail();
    } catch (error) {
      expect(error).toBeInstanceOf(TypeError);
      expect((error as Error).stack).toContain("signal.test.ts");
    }
  });
});

describe("signal_twice", () => {
  test("twice: a receiver is told of a signal, and of the next one", async () => {
    const received = signals("SIGUSR2");
    for (let i = 0; i < 2; i++) {
      send("SIGUSR2");
      expect(await run(received.recv())).toBe("SIGUSR2");
    }
    received.close();
  });
});

describe("signal_usr1", () => {
  test("signal_usr1: a user's signal is received", async () => {
    const received = signals("SIGUSR2");
    send("SIGUSR2");
    expect(await run(received.recv())).toBe("SIGUSR2");
    received.close();
  });
});
