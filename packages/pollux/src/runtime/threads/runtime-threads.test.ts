import { lookup } from "node:dns/promises";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { MessagePort } from "node:worker_threads";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { until } from "../../../test/support/net.ts";
import type * as Built from "../../index.ts";
import type { RuntimeThreads, RuntimeThreadsOptions, ThreadFailure } from "../../index.ts";
import { loadNative } from "../../reactor/epoll/native.ts";
import { canReusePort } from "../../reactor/node/node-tcp-options.ts";

// Threads load their runtime from the built package: so does who starts them.
const built = (await import(
  fileURLToPath(new URL("../../../dist/index.js", import.meta.url))
)) as typeof Built;
const { co, run } = built;

const work = new URL("../../../test/support/thread-work.mjs", import.meta.url);

interface Answer {
  readonly number: number;
  readonly generation: number;
  readonly data: unknown;
}

/** Those that are no files: a thread that is ended while it loads a module leaves that open, which is Node's doing. */
const descriptors = (): number =>
  readdirSync("/proc/self/fd").filter((fd) => !isFile(`/proc/self/fd/${fd}`)).length;

function isFile(link: string): boolean {
  try {
    return readlinkSync(link).startsWith("/");
  } catch {
    // That of the folder itself, which is closed by now.
    return true;
  }
}

const threads = (): number => readdirSync("/proc/self/task").length;

/** Timers that keep the process. */
const timeouts = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;

/** Starts threads, and stops them however the test ends. */
function withThreads(
  options: RuntimeThreadsOptions<never> | RuntimeThreadsOptions,
  body: (threads: RuntimeThreads, failures: ThreadFailure[]) => Promise<void>,
): Promise<void> {
  const failures: ThreadFailure[] = [];
  const main = co(function* () {
    const started = yield* built.RuntimeThreads.start(work, {
      execArgv: [],
      threads: 2,
      onFailure: (failure) => failures.push(failure),
      ...options,
    });
    try {
      yield* built.fromPromise(body(started, failures));
    } finally {
      yield* started.stop();
    }
  });
  return run(main());
}

/** A connection of `node:net`. */
class Client {
  private readonly socket: Socket;
  failure: Error | null = null;

  constructor(port: number) {
    this.socket = connect({ host: "127.0.0.1", port });
    this.socket.on("error", (error) => {
      this.failure = error;
    });
  }

  async ask(request: string): Promise<Answer> {
    if (this.socket.connecting) await once(this.socket, "connect");
    this.socket.write(request);
    const [data] = (await once(this.socket, "data")) as [Buffer];
    return JSON.parse(data.toString());
  }

  say(request: string): void {
    this.socket.write(request);
  }

  close(): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own. */
async function askOnce(port: number, request = "who"): Promise<Answer> {
  const client = new Client(port);
  try {
    return await client.ask(request);
  } finally {
    client.close();
  }
}

const listen = { host: "127.0.0.1", port: 0 };
const portOf = (started: RuntimeThreads): number => started.localAddress?.port ?? 0;

// A thread takes a second to begin on a machine that is busy.
describe("RuntimeThreads", { timeout: 60_000 }, () => {
  let before: { descriptors: number; threads: number };

  // The threads of libuv's pool are there from its first use on, and stay.
  beforeAll(async () => void (await lookup("localhost")));

  beforeEach(() => {
    before = { descriptors: descriptors(), threads: threads() };
  });

  afterEach(async () => {
    // The system takes a moment to forget a thread that has ended.
    while (threads() > before.threads || descriptors() > before.descriptors)
      await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test("start gives them when all are ready; each has its number and a copy of the data", async () => {
    await withThreads({ export: "idle", threads: 3 }, async (started) => {
      expect(started.size).toBe(3);
      expect(started.localAddress).toBe(null);
      const { threads, silent } = await started.metrics();
      expect([threads.map(({ thread }) => thread), silent]).toEqual([[0, 1, 2], []]);
    });
  });

  test("metrics add up, and the dump lists the tasks of each thread", async () => {
    await withThreads({ export: "idle", threads: 2 }, async (started) => {
      const { total, threads } = await started.metrics();
      expect(threads.map(({ metrics }) => metrics.spawned)).toEqual([2, 2]);
      expect([total.spawned, total.alive, total.ended]).toEqual([4, 4, 0]);
      const dump = await started.dump();
      expect(dump).toMatch(
        /^thread 0:\n[\s\S]*task \d+ \(background 0\)[\s\S]*\nthread 1:\n[\s\S]*\(background 1\)/,
      );
      const [first, second] = await started.snapshot();
      expect(first).toMatchObject({ thread: 0, generation: 0 });
      expect(JSON.stringify(first?.snapshot)).toContain("background 0");
      expect(JSON.stringify(second?.snapshot)).toContain("background 1");
    });
  });

  test("a thread that computes is silent in metrics and dumps, and holds up nothing else", async () => {
    await withThreads({ export: "blocked", threads: 1, grace: 0 }, async (started) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const [metrics, snapshot, dump] = await Promise.all([
        started.metrics(),
        started.snapshot(),
        started.dump(),
      ]);
      expect([metrics.silent, metrics.total.spawned]).toEqual([[0], 0]);
      expect(snapshot).toEqual([{ thread: 0, generation: 0, snapshot: null }]);
      expect(dump).toBe("thread 0 does not answer: it computes");
      // And stop, which comes now, ends it by force.
    });
  });

  test("stop cancels the coroutine of a thread that has not ended after the grace", async () => {
    const notes = new Int32Array(new SharedArrayBuffer(4));
    await withThreads({ export: "stubborn", grace: 10, data: { notes } }, async () => {});
    expect(notes[0]).toBe(2);
  });

  test("ended is ready when each coroutine has ended by itself, none of which is started again", async () => {
    await withThreads({ export: "brief", threads: 2 }, async (started, failures) => {
      await started.ended();
      expect(failures).toEqual([]);
    });
  });

  test("start fails with what a coroutine fails with, its stack of the thread included, and leaves no thread", async () => {
    const failing = withThreads({ export: "failing", threads: 1 }, async () => {});
    const error: Error & { code?: string } = await failing.then(
      () => new Error("it did not fail"),
      (error) => error,
    );
    expect(error).toBeInstanceOf(RangeError);
    expect([error.message, error.code]).toEqual(["no luck in thread 0", "E_LUCK"]);
    expect(error.stack).toMatch(/thread-work\.mjs:\d+/);
  });

  test("start fails for a thread that is not ready in time, or ends before it is, or does not begin", async () => {
    const start = (name: string, startLimit = 10_000): Promise<void> =>
      withThreads({ export: name, startLimit }, async () => {});
    await expect(start("neverReady", 1)).rejects.toMatchObject({ code: "POLLUX_TIMEOUT" });
    await expect(start("endsBeforeReady")).rejects.toMatchObject({ code: "POLLUX_THREAD_EXITED" });
    await expect(start("notThere")).rejects.toThrow(/exports no function notThere/);
    await expect(start("notACoroutine")).rejects.toThrow(/must be a coroutine: it gave 5/);
  });

  test("a start that is cancelled ends the threads that were started", async () => {
    const main = co(function* () {
      const starting = built.RuntimeThreads.start(work, { export: "neverReady", execArgv: [], threads: 2 });
      yield* built.select({ starting, cancel: built.sleep(100) });
    });
    await run(main());
  });

  test("bad arguments are refused at the call", () => {
    const { RuntimeThreads: Threads } = built;
    expect(() => Threads.start("./relative.js")).toThrow(TypeError);
    expect(() => Threads.start(work, { threads: 0 })).toThrow(RangeError);
    expect(() => Threads.start(work, { grace: -1 })).toThrow(RangeError);
    expect(() => Threads.start(work, { startLimit: Number.NaN })).toThrow(RangeError);
    expect(() => Threads.start(work, { listen: { host: "", port: 0 } })).toThrow(RangeError);
  });

  test("a replacement that does not get ready leaves the thread before it at work", async () => {
    const notes = new Int32Array(new SharedArrayBuffer(4));
    await withThreads({ export: "flaky", data: { notes } }, async (started, failures) => {
      notes[0] = 1;
      await expect(started.restart().then()).rejects.toThrow("not this time");
      expect((await started.snapshot()).map(({ generation }) => generation)).toEqual([0, 0]);
      notes[0] = 0;
      await started.restart();
      expect((await started.snapshot()).map(({ generation }) => generation)).toEqual([2, 1]);
      expect(failures).toEqual([]);
    });
  });

  test("restart after stop is refused", async () => {
    await withThreads({ export: "idle" }, async (started) => {
      await started.stop();
      await expect(started.restart().then()).rejects.toMatchObject({ code: "POLLUX_CLOSED" });
      expect((await started.metrics()).silent).toEqual([0, 1]);
      expect(await started.dump()).toBe("thread 0 has ended\nthread 1 has ended");
    });
  });

  test("a thread that is ready and has ended within one turn of this loop has done its work", async () => {
    await withThreads({ export: "brief", threads: 1 }, async () => {}); // Loads what is to be loaded.
    const before = threads();
    const starting = built.RuntimeThreads.start(work, {
      export: "readyAndGone",
      execArgv: [],
      threads: 1,
    }).then();
    while (threads() === before) await new Promise((resolve) => setImmediate(resolve));
    while (threads() > before); // On purpose: all that it says is there before this loop turns.
    const started = await starting;
    await started.ended();
    expect(await started.dump()).toBe("thread 0 has ended");
  });

  test("a start that fails does not start again what had failed before", async () => {
    const notes = new Int32Array(new SharedArrayBuffer(4));
    const failures: ThreadFailure[] = [];
    const onFailure = (failure: ThreadFailure): void => {
      failures.push(failure);
      notes[0] = 1;
    };
    const start = built.RuntimeThreads.start(work, {
      export: "failTogether",
      execArgv: [],
      threads: 2,
      data: { notes },
      onFailure,
    });
    await expect(start.then()).rejects.toThrow("thread 1 fails");
    expect(failures).toMatchObject([{ thread: 0, generation: 0, restartIn: 100 }]);
    // Timers of one duration end in their order. If one was started then, the hook above waits for its end in vain.
    await new Promise((resolve) => setTimeout(resolve, failures[0]?.restartIn ?? 0));
  });

  test("a start that is cancelled before it knows where to listen starts no thread", async () => {
    const main = co(function* () {
      const starting = built.RuntimeThreads.start(work, {
        export: "neverReady",
        execArgv: [],
        startLimit: Number.POSITIVE_INFINITY,
        listen: { host: "localhost", port: 0 },
      });
      yield* built.select({ starting, cancel: built.yieldNow() });
    });
    await run(main());
  });

  test("data that cannot be copied fails the start, and leaves no port", async () => {
    const close = vi.spyOn(MessagePort.prototype, "close");
    try {
      const start = withThreads({ threads: 1, data: { notToBeCopied: () => {} } }, async () => {});
      await expect(start).rejects.toMatchObject({ name: "DataCloneError" });
      expect(close).toHaveBeenCalledTimes(1);
    } finally {
      close.mockRestore();
    }
  });

  /** What `guided` goes by. */
  const [HOLD, FAIL, END, BEGUN, AT_WORK] = [0, 1, 2, 3, 4] as const;

  /** A thread that is guided by notes; and the restart that is asked for by `restart`. */
  const guided = (
    body: (started: RuntimeThreads, failures: ThreadFailure[], notes: Int32Array) => Promise<void>,
  ): Promise<void> => {
    const notes = new Int32Array(new SharedArrayBuffer(20));
    notes[HOLD] = 1;
    return withThreads({ export: "guided", threads: 1, data: { notes } }, (started, failures) =>
      body(started, failures, notes),
    );
  };

  test("restart while a thread that had failed is being started: one is at work afterwards", async () => {
    await guided(async (started, failures, notes) => {
      notes[FAIL] = 1;
      await until(() => notes[BEGUN] === 2);
      const restarted = started.restart().then();
      await new Promise((resolve) => setImmediate(resolve));
      notes[HOLD] = 0;
      await restarted;
      await started.metrics();
      expect([notes[BEGUN], notes[AT_WORK]]).toEqual([3, 1]);
      expect(await started.snapshot()).toMatchObject([{ generation: 2 }]);
      expect(failures.length).toBe(1);
    });
  });

  test("a thread that fails while its replacement is being started is replaced by that one alone", async () => {
    await guided(async (started, failures, notes) => {
      const before = timeouts();
      const restarted = started.restart().then();
      await until(() => notes[BEGUN] === 2);
      notes[FAIL] = 1;
      await until(() => failures.length === 1);
      notes[HOLD] = 0;
      await restarted;
      expect(await started.snapshot()).toMatchObject([{ generation: 1 }]);
      expect([notes[BEGUN], notes[AT_WORK]]).toEqual([2, 1]);
      // Neither to start a third one, nor to end the one that has failed.
      expect(timeouts()).toBe(before);
    });
  });

  test("a thread that ends while its replacement is being started leaves the work to that", async () => {
    await guided(async (started, failures, notes) => {
      let hasEnded = false;
      void started.ended().then(() => {
        hasEnded = true;
      });
      const restarted = started.restart().then();
      await until(() => notes[BEGUN] === 2);
      notes[END] = 1;
      while ((await started.dump()) !== "thread 0 has ended");
      notes[HOLD] = 0;
      await restarted;
      expect(await started.dump()).toMatch(/^thread 0:\n/);
      expect([hasEnded, failures, notes[AT_WORK]]).toEqual([false, [], 1]);
    });
  });

  test("restart is refused with ClosedError if they are stopped meanwhile", async () => {
    await guided(async (started, failures, notes) => {
      const restarted = expect(started.restart().then()).rejects.toMatchObject({ code: "POLLUX_CLOSED" });
      await until(() => notes[BEGUN] === 2);
      const stopped = started.stop().then();
      notes[HOLD] = 0;
      await Promise.all([restarted, stopped]);
      expect([failures, notes[AT_WORK]]).toEqual([[], 0]);
    });
  });

  test("a thread that something keeps after its coroutine has ended is ended by force, however long the grace", async () => {
    const notes = new Int32Array(new SharedArrayBuffer(4));
    const grace = Number.POSITIVE_INFINITY;
    await withThreads({ export: "lingering", threads: 1, grace, data: { notes } }, async (started) => {
      await until(() => notes[0] === 1);
      // The message that it has ended comes with one of the next turns; `stop`, which comes then, must not wait for the grace.
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setTimeout(resolve, 1));
      await started.stop();
    });
  });

  test("what a thread fails with in ending is told", async () => {
    const failures: ThreadFailure[] = [];
    await withThreads(
      { export: "failsInEnding", threads: 1, onFailure: (failure) => failures.push(failure) },
      async (started) => {
        await started.restart();
        expect(failures).toMatchObject([
          { generation: 0, restartIn: null, error: { message: "no good end" } },
        ]);
      },
    );
    expect(failures.map(({ generation, restartIn }) => [generation, restartIn])).toEqual([
      [0, null],
      [1, null],
    ]);
  });

  describe.runIf("native" in loadNative())("on one port", () => {
    test("more than one thread answers", async () => {
      await withThreads({ export: "serve", listen, data: "hello" }, async (started) => {
        const answered = new Set<number>();
        while (answered.size < 2) {
          const { number, data } = await askOnce(portOf(started));
          expect(data).toBe("hello");
          answered.add(number);
        }
      });
    });

    test("restart under load: no request fails, no connection is refused, and all threads are new", async () => {
      await withThreads({ export: "serve", listen }, async (started, failures) => {
        const port = portOf(started);
        let isOver = false;
        let requests = 0;
        const generations = new Set<number>();
        const load = async (): Promise<void> => {
          while (!isOver) {
            generations.add((await askOnce(port, requests % 8 === 0 ? "slow" : "who")).generation);
            requests++;
          }
        };
        const loads = Array.from({ length: 8 }, load);
        await until(() => requests > 20);
        await started.restart();
        await started.restart();
        const seen = requests;
        await until(() => requests > seen + 20);
        isOver = true;
        await Promise.all(loads);
        expect([...generations].sort()).toEqual([0, 1, 2]);
        expect((await askOnce(port)).generation).toBe(2);
        expect(failures).toEqual([]);
      });
    });

    test("a connection that is open when its thread is replaced is served to its end", async () => {
      await withThreads({ export: "serve", listen, threads: 1 }, async (started) => {
        const client = new Client(portOf(started));
        expect(await client.ask("who")).toMatchObject({ generation: 0 });
        const restarted = started.restart().then();
        while ((await askOnce(portOf(started))).generation === 0);
        expect(await client.ask("slow")).toMatchObject({ generation: 0 });
        client.close();
        await restarted;
      });
    });

    test("a thread that dies is told of and comes back; who connects meanwhile is answered", async () => {
      await withThreads({ export: "serve", listen, threads: 1 }, async (started, failures) => {
        const port = portOf(started);
        const first = new Client(port);
        await first.ask("who");
        first.say("crash");
        await until(() => failures.length === 1);
        expect(failures[0]).toMatchObject({
          thread: 0,
          generation: 0,
          restartIn: 100,
          error: { code: "POLLUX_THREAD_EXITED" },
        });
        expect(await started.dump()).toBe("thread 0 is being started again");
        // It stands in the queue of the socket until the next thread accepts.
        expect(await askOnce(port)).toMatchObject({ number: 0, generation: 1 });
        const second = new Client(port);
        await second.ask("who");
        second.say("throw");
        await until(() => failures.length === 2);
        expect(failures[1]?.error).toMatchObject({ message: "thrown in a thread" });
        expect(failures[1]?.restartIn).toBe(200);
        expect(await askOnce(port)).toMatchObject({ number: 0, generation: 2 });
        first.close();
        second.close();
      });
    });

    test("start fails where nobody can listen, and no thread is started", async () => {
      const taken = createServer().listen(0, "127.0.0.1");
      await once(taken, "listening");
      const { port } = taken.address() as AddressInfo;
      const start = withThreads({ export: "serve", listen: { host: "127.0.0.1", port } }, async () => {});
      await expect(start).rejects.toMatchObject({ code: "EADDRINUSE", port });
      taken.close();
      await once(taken, "close");
    });
  });

  test("on the node reactor, a port that cannot be shared is refused with the reason", async () => {
    const start = withThreads({ export: "serve", listen, runtime: { reactor: "node" } }, async () => {});
    // Older Nodes cannot share any; and port 0 would be another one for each.
    await expect(start).rejects.toMatchObject({ code: "POLLUX_UNSUPPORTED" });
    await expect(start).rejects.toThrow(/Node 22\.12|choose it/);
  });

  test.runIf(canReusePort(process.versions.node))("the node reactor shares a port too", async () => {
    const free = createServer().listen(0, "127.0.0.1");
    await once(free, "listening");
    const { port } = free.address() as AddressInfo;
    free.close();
    await once(free, "close");
    await withThreads(
      { export: "serve", listen: { host: "127.0.0.1", port }, runtime: { reactor: "node" } },
      async () => {
        const answered = new Set<number>();
        while (answered.size < 2) answered.add((await askOnce(port)).number);
      },
    );
  });
});
