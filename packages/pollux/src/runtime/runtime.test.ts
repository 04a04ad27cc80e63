import { spawnSync } from "node:child_process";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, test } from "vitest";
import { raise } from "../../test/support/raise.ts";
import {
  CancelledError,
  CleanupTimeoutError,
  ClosedError,
  co,
  defaultRuntime,
  Future,
  fromPromise,
  JoinSet,
  mpsc,
  never,
  Pending,
  type Poll,
  pollFn,
  Runtime,
  run,
  sleep,
  spawn,
  TcpListener,
  yieldNow,
} from "../index.ts";
import type { Host } from "../task/host.ts";
import { dumper } from "./dump.ts";
import { host as nodeHost } from "./host/node.ts";
import { host as webHost } from "./host/web.ts";

const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** Runs a program on the built package, in a process of its own. */
function program(source: string): { status: number | null; stdout: string; stderr: string } {
  const text = `import * as pollux from ${JSON.stringify(built)};\n${source}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", text], {
    encoding: "utf8",
    timeout: 20_000,
  });
  return { status, stdout, stderr };
}

describe("run", () => {
  test("gives what the main future gives, and throws what it throws", async () => {
    const error = new Error("main");
    expect(
      await run(
        co(function* () {
          yield* sleep(0);
          return 7;
        })(),
      ),
    ).toBe(7);
    await expect(
      run(
        co(function* (): Generator<never, void> {
          throw error;
        })(),
      ),
    ).rejects.toBe(error);
  });

  test("refuses what is not a future, at once", async () => {
    await expect(run(co as never)).rejects.toThrow(TypeError);
  });

  test("a signal aborts main with its reason, and no listener is left", async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    const main = co(function* () {
      try {
        yield* never();
      } finally {
        seen.push("cleaned up");
      }
    });
    const done = run(main(), { signal: controller.signal });
    controller.abort("enough");
    await expect(done).rejects.toMatchObject({ code: "POLLUX_CANCELLED", cause: "enough" });
    expect(seen).toEqual(["cleaned up"]);
    await expect(run(main(), { signal: AbortSignal.abort("before") })).rejects.toMatchObject({
      cause: "before",
    });
  });

  test("cancels what is still detached, and waits for its cleanup", async () => {
    const log: string[] = [];
    const background = co(function* (name: string) {
      try {
        yield* never();
      } finally {
        yield* sleep(10);
        log.push(name);
      }
    });
    const main = co(function* () {
      spawn(background("a"));
      new JoinSet<void>().spawn(background("b"));
      yield* yieldNow();
      log.push("main");
    });
    await run(main(), { clock: "paused" });
    expect(log[0]).toBe("main");
    expect(log.slice(1).sort()).toEqual(["a", "b"]);
  });

  test("a task that cleanup spawns is cancelled too", async () => {
    const log: string[] = [];
    const late = co(function* () {
      try {
        yield* never();
      } finally {
        log.push("late");
      }
    });
    const background = co(function* () {
      try {
        yield* never();
      } finally {
        spawn(late());
      }
    });
    await run(
      co(function* () {
        spawn(background());
        yield* yieldNow();
      })(),
    );
    expect(log).toEqual(["late"]);
  });

  test("disposing of a runtime shuts it down: what is detached has been cleaned up", async () => {
    const log: string[] = [];
    const runtime = new Runtime();
    const background = co(function* () {
      try {
        yield* never();
      } finally {
        yield* yieldNow();
        log.push("cleaned up");
      }
    });
    runtime.spawn(background()).observed();
    await runtime[Symbol.asyncDispose]();
    expect(log).toEqual(["cleaned up"]);
    expect(() => runtime.spawn(never())).toThrow(ClosedError);
  });

  test("cleanup that does not end within the shutdown's grace is reported with the dump and abandoned", async () => {
    const warnings: string[] = [];
    const host = { ...nodeHost, warn: (text: string) => void warnings.push(text) };
    const hopeless = co(function* hopeless() {
      try {
        yield* never();
      } finally {
        yield* never();
      }
    });
    let handle: Future<void> | undefined;
    const runtime = new Runtime({ host, shutdownGrace: 5, cleanupLimit: 60_000 });
    await runtime.run(
      co(function* () {
        handle = spawn(hopeless(), { name: "hopeless" });
        yield* yieldNow();
      })(),
    );
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain("hopeless");
    expect(warnings[0]).toContain("cleaning up");
    await expect(runtime.run(handle as Future<void>)).rejects.toBeInstanceOf(CleanupTimeoutError);
    expect(runtime.metrics().alive).toBe(0);
  });

  test("sockets that the program has left open are closed", async () => {
    let port = 0;
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
        port = listener.localAddress.port;
      })(),
    );
    const refused = await new Promise<unknown>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve("connected"));
      socket.on("error", resolve);
    });
    expect(refused).toMatchObject({ code: "ECONNREFUSED" });
  });

  test("two mains on one runtime: what is detached lives until the last has ended", async () => {
    const log: string[] = [];
    const runtime = new Runtime({ clock: "paused" });
    const background = co(function* () {
      try {
        yield* never();
      } finally {
        log.push("background");
      }
    });
    const short = runtime.run(
      co(function* () {
        spawn(background());
        yield* sleep(1);
      })(),
    );
    const long = runtime.run(
      co(function* () {
        yield* sleep(20);
        log.push("long");
      })(),
    );
    await Promise.all([short, long]);
    expect(log).toEqual(["long", "background"]);
  });

  test("a main that comes while the last one's tasks clean up begins when that is done", async () => {
    const log: string[] = [];
    const runtime = new Runtime({ clock: "paused" });
    const background = co(function* () {
      try {
        yield* never();
      } finally {
        yield* sleep(50);
        log.push("cleaned up");
      }
    });
    const later = co(function* () {
      yield* spawn(sleep(100));
      log.push("later");
    });
    const first = runtime.run(
      co(function* () {
        spawn(background());
        yield* yieldNow();
      })(),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
    await Promise.all([first, runtime.run(later())]);
    expect(log).toEqual(["cleaned up", "later"]);
  });
});

describe("Runtime", () => {
  test("shutdown cancels with the reason, and spawn is refused from then on", async () => {
    const runtime = new Runtime();
    const handle = runtime.spawn(never());
    await runtime.shutdown("over");
    await expect(Promise.resolve(handle)).rejects.toMatchObject({ cause: "over" });
    expect(() => runtime.spawn(never())).toThrow(ClosedError);
  });

  test("metrics count tasks, polls and wakes", async () => {
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const [tx, rx] = mpsc<number>(1);
        const producer = spawn(
          co(function* () {
            yield* tx.send(1);
          })(),
        );
        yield* rx.recv();
        yield* producer;
      })(),
    );
    const { spawned, ended, alive, polls, wakes } = runtime.metrics();
    expect({ spawned, ended, alive }).toEqual({ spawned: 2, ended: 2, alive: 0 });
    expect(polls).toBeGreaterThanOrEqual(3);
    expect(wakes).toBeGreaterThanOrEqual(1);
  });

  test("metrics tell how things stand: what is runnable, timers, sources, what is outstanding", async () => {
    const runtime = new Runtime();
    const stands = (): number[] => {
      const { runnable, timers, sources, outstanding } = runtime.metrics();
      return [runnable, timers, sources, outstanding];
    };
    await runtime.run(
      co(function* () {
        const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
        spawn(sleep(60_000));
        spawn(fromPromise(new Promise(() => {})));
        expect(stands()).toEqual([2, 0, 1, 0]);
        yield* yieldNow();
        expect(stands()).toEqual([0, 1, 1, 1]);
        listener.close();
      })(),
    );
    expect(stands()).toEqual([0, 0, 0, 0]);
  });

  test("dump names each task, its state and the coroutines it is in", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const inner = co(function* inner() {
      yield* sleep(1000);
    });
    const outer = co(function* outer() {
      yield* inner();
    });
    let text = "";
    await runtime.run(
      co(function* main() {
        spawn(outer(), { name: "the outer one" });
        yield* sleep(1);
        text = runtime.dump();
      })(),
    );
    expect(text).toContain("task 2 (the outer one): waiting in outer > inner > sleep (due in 999 ms)");
    expect(text).toContain("task 1 (main): running");
  });

  test("limits that are no durations are refused at once", () => {
    expect(() => new Runtime({ cleanupLimit: -1 })).toThrow(RangeError);
    expect(() => new Runtime({ shutdownGrace: Number.NaN })).toThrow(RangeError);
  });

  test("the reactor is none until something asks for I/O", async () => {
    const runtime = new Runtime({ reactor: "node" });
    expect(runtime.reactor).toBe("none");
    await runtime.run(
      co(function* () {
        (yield* TcpListener.bind({ host: "127.0.0.1", port: 0 })).close();
      })(),
    );
    expect(runtime.reactor).toBe("node");
  });

  test("runs on the Web's globals alone", async () => {
    const runtime = new Runtime({ host: webHost });
    const answer = await runtime.run(
      co(function* () {
        const tasks = [3, 1, 2].map((ms) =>
          spawn(
            co(function* () {
              yield* sleep(ms);
              return ms;
            })(),
          ),
        );
        let sum = 0;
        for (const task of tasks) sum += yield* task;
        for (let i = 0; i < 100_000; i++) yield* yieldNow();
        return sum;
      })(),
    );
    expect(answer).toBe(6);
  });
});

describe("the default runtime", () => {
  test("serves spawn and await outside of any other", async () => {
    expect(
      await spawn(
        co(function* () {
          yield* sleep(1);
          return "spawned";
        })(),
      ),
    ).toBe("spawned");
    expect(
      await co(function* () {
        yield* sleep(1);
        return "awaited";
      })(),
    ).toBe("awaited");
    expect(defaultRuntime().metrics().spawned).toBeGreaterThanOrEqual(2);
  });

  test("inside of a task spawn stays on the task's runtime, in a leaf's poll too", async () => {
    const before = defaultRuntime().metrics().spawned;
    class Spawns extends Future<Promise<string>> {
      override poll(): Poll<Promise<string>> {
        return spawn(
          co(function* () {
            return "here";
          })(),
        ).then();
      }
    }
    const runtime = new Runtime();
    await runtime.run(new Spawns());
    expect(defaultRuntime().metrics().spawned).toBe(before);
    expect(runtime.metrics().spawned).toBe(2);
  });
});

describe("the process", () => {
  test("that runs empty under an unfinished main lists the tasks on stderr and ends with 13", () => {
    const { status, stderr } = program(`
      const stuck = pollux.co(function* stuck() { yield* pollux.never(); });
      pollux.run(pollux.co(function* main() { yield* pollux.spawn(stuck(), { name: "the culprit" }); })());
    `);
    expect(status).toBe(13);
    expect(stderr).toContain("the main future has not ended");
    expect(stderr).toContain("(the culprit): waiting in stuck");
  });

  test("that runs empty under a main that another one has outlived ends with 13 too", () => {
    const { status, stderr } = program(`
      const runtime = new pollux.Runtime();
      runtime.run(pollux.sleep(1));
      runtime.run(pollux.never());
    `);
    expect(status).toBe(13);
    expect(stderr).toContain("the main future has not ended");
  });

  test("does not wait for the timers of cleanup that was abandoned", () => {
    const { status, stdout } = program(`
      const hopeless = pollux.co(function* () {
        try { yield* pollux.never(); } finally { yield* pollux.sleep(3_600_000); }
      });
      const main = pollux.co(function* () {
        pollux.spawn(hopeless()).observed();
        yield* pollux.yieldNow();
      });
      await pollux.run(main(), { cleanupLimit: 10 });
      console.log("ended");
    `);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "ended\n" });
  });

  test("does not wait for the timer of a stream that was dropped half-way", () => {
    const { status, stdout } = program(`
      const main = pollux.co(function* () {
        const stream = pollux.Stream.make(function* (emit) { yield* pollux.sleep(3_600_000); yield* emit(1); });
        yield* pollux.pollFn((cx) => void stream.pollNext(cx)); // It waits, and nobody cancels it.
      });
      const runtime = new pollux.Runtime();
      await runtime.run(main());
      console.log(runtime.metrics().timers);
    `);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "1\n" });
  });

  test("ends with 0 when main has ended, timers of cancelled tasks or not", () => {
    const { status, stdout, stderr } = program(`
      const main = pollux.co(function* () {
        pollux.spawn(pollux.sleep(3_600_000));
        yield* pollux.select({ long: pollux.sleep(3_600_000), short: pollux.sleep(1) });
        console.log("done");
      });
      await pollux.run(main());
    `);
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "done\n", stderr: "" });
  });

  test("a failure that nobody looks at ends it, as an uncaught error does", () => {
    const { status, stderr } = program(`
      pollux.spawn(pollux.co(function* () { throw new Error("nobody looks"); })());
      setTimeout(() => console.log("not reached"), 1000);
    `);
    expect(status).toBe(1);
    expect(stderr).toContain("nobody looks");
  });

  test("stays alive while a timer is awaited", () => {
    const { status, stdout } = program(`
      pollux.spawn(pollux.co(function* () { yield* pollux.sleep(30); console.log("woken"); })());
    `);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "woken\n" });
  });
});

describe("a dump that fails", () => {
  const { dump } = dumper;
  const warnings: string[] = [];

  beforeEach(() => {
    warnings.length = 0;
    dumper.dump = () => raise(new Error("no dump"));
    return () => {
      dumper.dump = dump;
    };
  });

  test("does not hide that the program is stuck", async () => {
    let loopIsEmpty = (): void => {};
    const host: Host = {
      ...nodeHost,
      warn: (text) => void warnings.push(text),
      onLoopEmpty: (report) => {
        loopIsEmpty = report;
        return () => {};
      },
    };
    const abort = new AbortController();
    const ended = new Runtime({ host }).run(never(), { signal: abort.signal });
    loopIsEmpty();
    expect(warnings).toEqual([
      expect.stringMatching(/the main future has not ended.*\nthe tasks cannot be listed: Error: no dump$/s),
    ]);
    abort.abort();
    await expect(ended).rejects.toThrow(CancelledError);
  });

  test("does not keep cleanup that has no end from being abandoned", async () => {
    const host: Host = { ...nodeHost, warn: (text) => void warnings.push(text) };
    const hopeless = co(function* () {
      try {
        yield* never();
      } finally {
        yield* never();
      }
    });
    const main = co(function* () {
      spawn(hopeless()).observed();
      yield* yieldNow();
    });
    const runtime = new Runtime({ host, shutdownGrace: 1 });
    await runtime.run(main());
    expect(runtime.metrics().alive).toBe(0);
    expect(warnings).toEqual([expect.stringContaining("the tasks cannot be listed: Error: no dump")]);
  });
});

test("run: a future that a main has left half-way goes on in a later one, at its time", async () => {
  const runtime = new Runtime();
  const timer = sleep(20);
  const begin = runtime.timers.now();
  await runtime.run(pollFn((cx) => void timer.poll(cx)));
  await runtime.run(pollFn((cx) => timer.poll(cx)));
  expect(runtime.timers.now() - begin).toBeGreaterThanOrEqual(20);
});

test("run: what is detached gets CancelledError as its reason", async () => {
  let reason: unknown;
  class Observes extends Future<void> {
    override poll(): Poll<void> {
      return Pending;
    }
    override cancel(cx: { cancelReason: unknown }): Poll<void> {
      reason = cx.cancelReason;
    }
  }
  await run(
    co(function* () {
      spawn(new Observes());
      yield* yieldNow();
    })(),
  );
  expect(reason).toBeInstanceOf(CancelledError);
});

test("Hooks: one that throws is reported as uncaught, and the tasks go on", async () => {
  const uncaught: unknown[] = [];
  const host = { ...nodeHost, uncaught: (error: unknown) => void uncaught.push(error) };
  const fail = (): never => {
    throw new Error("hook");
  };
  const hooks = { onSpawn: fail, onPollStart: fail, onPollEnd: fail, onWake: fail, onEnd: fail };
  const child = co(function* () {
    yield* yieldNow();
    return 1;
  });
  const sum = co(function* () {
    return (yield* spawn(child())) + (yield* spawn(child()));
  });
  expect(await new Runtime({ host, hooks }).run(sum())).toBe(2);
  expect(uncaught.length).toBeGreaterThanOrEqual(12);
});

test("JoinSet: used on two runtimes, each ends and lists its own tasks only", async () => {
  const set = new JoinSet<void>();
  const first = new Runtime();
  const second = new Runtime();
  const ended: string[] = [];
  const task = co(function* (name: string) {
    try {
      yield* never();
    } finally {
      ended.push(name);
    }
  });
  const gate = deferred();
  const other = second.run(
    co(function* () {
      set.spawn(task("second"), { name: "second" });
      yield* fromPromise(gate.promise);
      ended.push("second's main");
    })(),
  );
  await first.run(
    co(function* () {
      set.spawn(task("first"), { name: "first" });
      yield* yieldNow();
    })(),
  );
  expect(ended).toEqual(["first"]);
  expect(second.dump()).toContain("(second)");
  expect(first.dump()).toBe("");
  gate.resolve();
  await other;
  expect(ended).toEqual(["first", "second's main", "second"]);
});

/** `Promise.withResolvers`, which Node 20 does not have. */
function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
