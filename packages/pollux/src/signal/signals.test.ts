import process from "node:process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { turn, until } from "../../test/support/net.ts";
import { CancelledError, ClosedError, FutureInUseError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Runtime } from "../runtime/runtime.ts";
import { Stream } from "../stream/stream.ts";
import type { JoinHandle } from "../task/join-handle.ts";
import { ctrlC } from "./ctrl-c.ts";
import { signals } from "./signals.ts";

let runtime: Runtime;
const go = <T>(future: Future<T>): JoinHandle<T> => runtime.spawn(future);
const listeners = (): number => process.listenerCount("SIGUSR2") + process.listenerCount("SIGINT");
/** What keeps the process alive beside what the test runner has of its own. */
const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
const raise = (name: NodeJS.Signals): boolean => process.emit(name, name);
let before: number;

beforeEach(() => {
  runtime = new Runtime();
  before = listeners();
});

afterEach(() => {
  expect(runtime.handle.outstanding).toBe(0);
  expect(listeners()).toBe(before);
});

describe("signals", () => {
  test("recv gives the name of the signal that came", async () => {
    const asked = signals("SIGUSR2", "SIGINT");
    const recv = go(asked.recv());
    await turn();
    process.kill(process.pid, "SIGUSR2");
    expect(await recv).toBe("SIGUSR2");
    asked.close();
  });

  test("those that come while nobody waits are kept, each once, in order", async () => {
    const asked = signals("SIGUSR2", "SIGINT");
    raise("SIGINT");
    raise("SIGUSR2");
    raise("SIGINT");
    expect([await go(asked.recv()), await go(asked.recv())]).toEqual(["SIGINT", "SIGUSR2"]);
    const third = go(asked.recv());
    await turn();
    expect(third.isFinished).toBe(false);
    raise("SIGINT");
    expect(await third).toBe("SIGINT");
    asked.close();
  });

  test("a stream whose next is given up waits no longer: recv can, and nothing is kept alive", async () => {
    const idle = timers();
    const asked = signals("SIGUSR2");
    const next = go(Stream.from(asked).next());
    await turn();
    expect([timers(), runtime.handle.outstanding]).toEqual([idle + 1, 1]);
    next.abort();
    await expect(next).rejects.toThrow(CancelledError);
    expect([timers(), runtime.handle.outstanding]).toEqual([idle, 0]);
    const recv = go(asked.recv());
    await turn();
    raise("SIGUSR2");
    expect(await recv).toBe("SIGUSR2");
    asked.close();
  });

  test("a recv that waits keeps the process alive, and nothing else does", async () => {
    const idle = timers();
    const asked = signals("SIGUSR2");
    expect(timers()).toBe(idle);
    const recv = go(asked.recv());
    await turn();
    expect([timers(), runtime.handle.outstanding]).toEqual([idle + 1, 1]);
    raise("SIGUSR2");
    await recv;
    expect(timers()).toBe(idle);
    asked.close();
  });

  test("close gives the signals back, and a recv that waits fails", async () => {
    const asked = signals("SIGUSR2");
    expect(listeners()).toBe(before + 1);
    const recv = go(asked.recv());
    await turn();
    asked.close();
    asked[Symbol.dispose]();
    expect(listeners()).toBe(before);
    await expect(recv).rejects.toThrow(ClosedError);
    await expect(go(asked.recv())).rejects.toThrow(ClosedError);
  });

  test("two recv at once are a mistake", async () => {
    const asked = signals("SIGUSR2");
    const first = go(asked.recv());
    await turn();
    await expect(go(asked.recv())).rejects.toThrow(FutureInUseError);
    raise("SIGUSR2");
    expect(await first).toBe("SIGUSR2");
    asked.close();
  });

  test("recv, cancelled at any poll, leaves the signal for the next", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const asked = signals("SIGUSR2");
      const recv = go(cancelAt(asked.recv()));
      await turn();
      raise("SIGUSR2");
      const outcome = await recv;
      expect(outcome.cancelled ? await go(asked.recv()) : outcome.value).toBe("SIGUSR2");
      asked.close();
    });
    expect(polls).toBe(2);
  });

  test("names that are no signals, or that nobody can handle, are refused at the call", () => {
    expect(() => signals()).toThrow(TypeError);
    // @ts-expect-error nobody can handle it
    expect(() => signals("SIGKILL")).toThrow(TypeError);
    // @ts-expect-error no such signal
    expect(() => signals("SIGNOT")).toThrow(TypeError);
  });
});

describe("ctrlC", () => {
  test("listens from its first poll until it is ready", async () => {
    const future = ctrlC();
    expect(listeners()).toBe(before);
    const handle = go(future);
    await until(() => listeners() === before + 1);
    process.kill(process.pid, "SIGINT");
    await handle;
    expect(listeners()).toBe(before);
  });

  test("cancelled at any poll, leaves no listener", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const handle = go(cancelAt(ctrlC()));
      await turn();
      if (listeners() > before) raise("SIGINT");
      await handle;
      expect(listeners()).toBe(before);
    });
    expect(polls).toBe(2);
  });
});
