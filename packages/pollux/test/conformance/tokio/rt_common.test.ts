import { connect as netConnect, type Socket } from "node:net";
import { expect, test } from "vitest";
import { join } from "../../../src/combine/join.ts";
import { never } from "../../../src/combine/never.ts";
import { pollFn } from "../../../src/combine/poll-fn.ts";
import type { Waker } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { ClosedError, FutureInUseError } from "../../../src/core/errors.ts";
import { Future, type Suspend } from "../../../src/core/future.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { TcpListener } from "../../../src/net/tcp-listener.ts";
import { TcpStream } from "../../../src/net/tcp-stream.ts";
import "../../../src/runtime/default.ts";
import { blocking } from "../../../src/blocking/blocking.ts";
import { Runtime, run } from "../../../src/runtime/runtime.ts";
import { Barrier } from "../../../src/sync/barrier.ts";
import { unboundedMpsc } from "../../../src/sync/mpsc.ts";
import type { MpscReceiver } from "../../../src/sync/mpsc-receiver.ts";
import { type OneshotSender, oneshot } from "../../../src/sync/oneshot.ts";
import { consumeBudget } from "../../../src/task/consume-budget.ts";
import { spawn } from "../../../src/task/spawn.ts";
import { unconstrained } from "../../../src/task/unconstrained.ts";
import { yieldNow } from "../../../src/task/yield-now.ts";
import { now } from "../../../src/time/clock.ts";
import { sleep } from "../../../src/time/sleep.ts";
import { type Work, workUrl } from "../../support/blocking-work.ts";
import { raise } from "../../support/raise.ts";

const main = <T>(body: () => Generator<Suspend, T, unknown>): Promise<T> => run(co(body)());

/** Sends from outside of the runtime, as another thread does upstream. */
const sendLater = <T>(tx: OneshotSender<T>, value: T): void => void setTimeout(() => tx.send(value), 1);

test("block_on_sync: a main that waits for nothing runs", async () => {
  let win = false;
  await main(function* () {
    win = true;
  });
  expect(win).toBe(true);
});

test("block_on_async: main waits for what comes from outside", async () => {
  const out = await main(function* () {
    const [tx, rx] = oneshot<string>();
    sendLater(tx, "ZOMG");
    return yield* rx;
  });
  expect(out).toBe("ZOMG");
});

test("spawn_one_bg: a task in the background answers", async () => {
  const out = await main(function* () {
    const [tx, rx] = oneshot<string>();
    spawn(
      co(function* () {
        tx.send("ZOMG");
      })(),
    );
    return yield* rx;
  });
  expect(out).toBe("ZOMG");
});

test("spawn_one_join: it can be awaited too", async () => {
  const out = await main(function* () {
    const [tx, rx] = oneshot<string>();
    const handle = spawn(
      co(function* () {
        tx.send("ZOMG");
        return "DONE";
      })(),
    );
    const message = yield* rx;
    expect(yield* handle).toBe("DONE");
    return message;
  });
  expect(out).toBe("ZOMG");
});

test("spawn_two: one task passes on what another sends", async () => {
  const out = await main(function* () {
    const [tx1, rx1] = oneshot<string>();
    const [tx2, rx2] = oneshot<string>();
    spawn(
      co(function* () {
        tx1.send("ZOMG");
      })(),
    );
    spawn(
      co(function* () {
        tx2.send(yield* rx1);
      })(),
    );
    return yield* rx2;
  });
  expect(out).toBe("ZOMG");
});

/** The next message, or `undefined` when all senders are gone. */
const next = co(function* <T>(rx: MpscReceiver<T>) {
  try {
    return yield* rx.recv();
  } catch (error) {
    if (error instanceof ClosedError) return undefined;
    throw error;
  }
});

const spawnMany = co(function* (n: number) {
  const [done, received] = unboundedMpsc<number>();
  const senders = Array.from({ length: n }, (_, i) => {
    const [tx, rx] = oneshot<number>();
    const own = done.clone();
    spawn(
      co(function* () {
        const message = yield* rx;
        expect(message).toBe(i);
        own.send(message);
        own.close();
      })(),
    );
    return tx;
  });
  done.close();
  setTimeout(() => {
    for (const [i, tx] of senders.entries()) tx.send(i);
  });
  const out: number[] = [];
  for (;;) {
    const message = yield* next(received);
    if (message === undefined) return out.sort((a, b) => a - b);
    out.push(message);
  }
});

test("spawn_many_from_block_on: 200 tasks are woken from outside, and all answer", async () => {
  expect(await run(spawnMany(200))).toEqual(Array.from({ length: 200 }, (_, i) => i));
});

test("spawn_many_from_task: 500, from a task", async () => {
  const out = await main(function* () {
    return yield* spawn(spawnMany(500));
  });
  expect(out).toEqual(Array.from({ length: 500 }, (_, i) => i));
});

test("spawn_one_from_block_on_called_on_handle: a handle outlives the main that made it, and its task runs as long as the runtime does", async () => {
  const runtime = new Runtime();
  const [tx, rx] = oneshot<string>();
  const stays = runtime.run(never()).catch(() => {});
  const handle = await runtime.spawn(
    co(function* () {
      return spawn(
        co(function* () {
          tx.send("ZOMG");
          return "DONE";
        })(),
      ).abortHandle();
    })(),
  );
  const out = await runtime.spawn(
    co(function* () {
      return yield* rx;
    })(),
  );
  expect([out, handle.isFinished]).toEqual(["ZOMG", true]);
  void stays;
});

test("spawn_await_chain: a task awaits a task that awaits a task", async () => {
  const hello = co(function* () {
    return "hello";
  });
  const out = await main(function* () {
    return yield* spawn(
      co(function* () {
        return yield* spawn(hello());
      })(),
    );
  });
  expect(out).toBe("hello");
});

test("outstanding_tasks_dropped: what a task holds is released with its runtime", async () => {
  let held = 0;
  const runtime = new Runtime();
  const holds = co(function* () {
    held++;
    try {
      yield* never();
    } finally {
      held--;
    }
  });
  const task = runtime.spawn(holds()).observed();
  await new Promise((resolve) => setTimeout(resolve));
  expect(held).toBe(1);
  await runtime.shutdown();
  expect([held, task.isFinished]).toEqual([0, true]);
});

test("nested_rt: a future that one runtime runs cannot be run by another at the same time", () =>
  main(function* () {
    const shared = co(function* () {
      yield* sleep(1);
      return "hello";
    })();
    const first = spawn(shared);
    let error: unknown;
    void new Runtime().run(shared).catch((e) => {
      error = e;
    });
    expect(yield* first).toBe("hello");
    yield* sleep(1);
    expect(error).toBeInstanceOf(FutureInUseError);
  }));

test("create_rt_in_block_on: a runtime made in another one's main works", async () => {
  const runtime = await main(function* () {
    return new Runtime();
  });
  expect(
    await runtime.run(
      co(function* () {
        return "ZOMG";
      })(),
    ),
  ).toBe("ZOMG");
});

/** Pending once, waking itself without `yieldNow`. */
const yieldOnce = (): Future<void> => {
  let yielded = false;
  return pollFn((cx) => {
    if (yielded) return undefined;
    yielded = true;
    cx.waker.wake();
    return Pending;
  });
};

const spins = co(function* () {
  for (;;) yield* yieldOnce();
});

test("complete_block_on_under_load: main is woken from outside while a task spins", () =>
  main(function* () {
    const [tx, rx] = oneshot<void>();
    spawn(spins()).observed();
    sendLater(tx, undefined);
    yield* rx;
  }));

test("complete_task_under_load: so is a task", () =>
  main(function* () {
    const [tx1, rx1] = oneshot<void>();
    const [tx2, rx2] = oneshot<void>();
    spawn(spins()).observed();
    sendLater(tx1, undefined);
    spawn(
      co(function* () {
        yield* rx1;
        tx2.send();
      })(),
    );
    yield* rx2;
  }));

test("spawn_from_other_thread_idle, spawn_from_other_thread_under_load: code outside of the runtime spawns into it", async () => {
  for (const busy of [false, true]) {
    const runtime = new Runtime();
    const [tx, rx] = oneshot<void>();
    setTimeout(
      () =>
        void runtime.spawn(
          co(function* () {
            tx.send();
          })(),
        ),
      1,
    );
    await runtime.run(
      co(function* () {
        if (busy) spawn(spins()).observed();
        yield* rx;
      })(),
    );
  }
});

test("sleep_at_root, sleep_in_spawn: a sleep takes its time, in main and in a task", async () => {
  const runtime = new Runtime({ clock: "paused" });
  await runtime.run(
    co(function* () {
      const { timers } = runtime;
      const before = timers.now();
      yield* sleep(50);
      expect(timers.now() - before).toBe(50);
      const [tx, rx] = oneshot<void>();
      spawn(
        co(function* () {
          yield* sleep(50);
          tx.send();
        })(),
      );
      yield* rx;
      expect(timers.now() - before).toBe(100);
    })(),
  );
});

test("block_on_socket: main connects to a listener of a task", () =>
  main(function* () {
    const [tx, rx] = oneshot<void>();
    const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
    const { port } = listener.localAddress;
    spawn(
      co(function* () {
        const accepted = yield* listener.accept();
        accepted.close();
        tx.send();
      })(),
    );
    const stream = yield* TcpStream.connect({ host: "127.0.0.1", port });
    yield* rx;
    stream.close();
    listener.close();
  }));

const clientServer = co(function* () {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
  const { port } = listener.localAddress;
  const server = spawn(
    co(function* () {
      const socket = yield* listener.accept();
      yield* socket.writeAll(new TextEncoder().encode("hello"));
      socket.close();
    })(),
  );
  const client = yield* TcpStream.connect({ host: "127.0.0.1", port });
  const buffer = new Uint8Array(64);
  let length = 0;
  for (let n = 0; (n = yield* client.read(buffer.subarray(length))) > 0; ) length += n;
  client.close();
  yield* server;
  listener.close();
  return new TextDecoder().decode(buffer.subarray(0, length));
});

test("client_server_block_on: a server and a client in one runtime", async () => {
  expect(await run(clientServer())).toBe("hello");
});

test("io_driver_called_when_under_load: sockets are served while a hundred tasks spin", async () => {
  const text = await main(function* () {
    for (let i = 0; i < 100; i++) spawn(spins()).observed();
    return yield* clientServer();
  });
  expect(text).toBe("hello");
});

test("yield_defers_until_park, coop_yield_defers_until_park: a task that yields for ever lets the sockets of others in", async () => {
  for (const step of [yieldNow, consumeBudget]) {
    await main(function* () {
      let accepted = false;
      const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
      let socket: Socket | undefined;
      const yields = co(function* () {
        socket = netConnect(listener.localAddress.port, "127.0.0.1");
        while (!accepted) yield* step();
      });
      const accepts = co(function* () {
        const stream = yield* listener.accept();
        accepted = true;
        stream.close();
      });
      yield* join(yields(), accepts());
      socket?.destroy();
      listener.close();
    });
  }
});

test("panic_in_task: what a task that fails held is released, and its failure is reported", async () => {
  const reported: unknown[] = [];
  const error = new Error("x");
  const runtime = new Runtime({ onUnhandledError: (e) => reported.push(e) });
  const [tx, rx] = oneshot<string>();
  void runtime.spawn(
    co(function* () {
      try {
        raise(error);
      } finally {
        tx.send("released");
      }
    })(),
  );
  expect(await runtime.run(rx)).toBe("released");
  await new Promise((resolve) => setImmediate(resolve));
  expect(reported).toEqual([error]);
});

test("panic_in_block_on: what main throws is thrown by run", async () => {
  await expect(
    main(function* () {
      raise(new Error("x"));
    }),
  ).rejects.toThrow("x");
});

test("enter_and_spawn: a task spawned on the default runtime is joined in another's main", async () => {
  const handle = spawn(
    co(function* () {
      return 7;
    })(),
  );
  expect(
    await run(
      co(function* () {
        return yield* handle;
      })(),
    ),
  ).toBe(7);
});

test("eagerly_drops_futures_on_shutdown: a pending leaf of a detached task is cancelled when main ends", async () => {
  let dropped = false;
  class Never extends Future<never> {
    override poll(): Poll<never> {
      return Pending;
    }
    override cancel(): void {
      dropped = true;
    }
  }
  await main(function* () {
    const [tx, rx] = oneshot<void>();
    spawn(
      co(function* () {
        tx.send();
        yield* new Never();
      })(),
    );
    yield* rx;
  });
  expect(dropped).toBe(true);
});

test("wake_while_rt_is_dropping: tasks whose cleanup wakes each other end with the runtime", async () => {
  const log: string[] = [];
  await main(function* () {
    const [tx1, rx1] = oneshot<void>();
    const [tx2, rx2] = oneshot<void>();
    const barrier = new Barrier(3);
    const waits = co(function* (name: string, rx: Future<void>, tx: OneshotSender<void>) {
      try {
        yield* join(rx, barrier.wait());
      } finally {
        tx.send();
        log.push(name);
      }
    });
    spawn(waits("a", rx1, tx2)).observed();
    spawn(waits("b", rx2, tx1)).observed();
    yield* barrier.wait();
  });
  expect(log.sort()).toEqual(["a", "b"]);
});

test("io_notify_while_shutting_down: sockets that are busy when main ends are closed", async () => {
  for (let i = 0; i < 3; i++) {
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
        const server = co(function* () {
          const stream = yield* listener.accept();
          try {
            const buffer = new Uint8Array(16);
            while ((yield* stream.read(buffer)) > 0);
          } finally {
            stream.close();
            listener.close();
          }
        });
        spawn(server()).observed();
        const stream = yield* TcpStream.connect({ host: "127.0.0.1", port: listener.localAddress.port });
        const sends = co(function* () {
          try {
            for (;;) {
              yield* stream.writeAll(new Uint8Array(16));
              yield* yieldNow();
            }
          } finally {
            stream.close();
          }
        });
        spawn(sends()).observed();
        yield* sleep(5);
      })(),
    );
    expect(runtime.metrics().alive).toBe(0);
  }
});

test("shutdown_timeout, shutdown_timeout_0: what does not end within the grace is abandoned, and reported", async () => {
  const { host } = await import("../../../src/runtime/host/node.ts");
  for (const shutdownGrace of [5, 0]) {
    const warnings: string[] = [];
    const runtime = new Runtime({
      shutdownGrace,
      onUnhandledError: () => {},
      host: { ...host, warn: (text) => warnings.push(text) },
    });
    await runtime.run(
      co(function* () {
        spawn(
          co(function* () {
            try {
              yield* never();
            } finally {
              yield* never();
            }
          })(),
          { name: "stuck" },
        );
        yield* yieldNow();
      })(),
    );
    expect(runtime.metrics().alive).toBe(0);
    expect(warnings.join()).toMatch(/\(stuck\) did not end within/);
  }
});

test("shutdown_wakeup_time: a shutdown with nothing to wait for is over at once, whatever the grace", async () => {
  const runtime = new Runtime({ clock: "paused", shutdownGrace: 10_000_000 });
  await runtime.run(sleep(100));
  await runtime.shutdown();
});

test("coop: a thousand messages that are there do not come in one poll", () =>
  main(function* () {
    const [tx, rx] = unboundedMpsc<number>();
    for (let i = 0; i < 1000; i++) tx.send(i);
    let received = 0;
    yield* pollFn((cx) => {
      for (let i = 0; i < 1000; i++) {
        if (rx.recv().poll(cx) === Pending) return undefined;
        received++;
      }
      return raise(new Error("did not yield"));
    });
    expect(received).toBeLessThanOrEqual(128);
  }));

test("coop_unconstrained: unconstrained they do", () =>
  main(function* () {
    const [tx, rx] = unboundedMpsc<number>();
    for (let i = 0; i < 1000; i++) tx.send(i);
    yield* unconstrained(
      pollFn((cx) => {
        for (let i = 0; i < 1000; i++) expect(rx.recv().poll(cx)).toBe(i);
        return undefined;
      }),
    );
  }));

test("coop_consume_budget: a loop that consumes budget is suspended before its end", () =>
  main(function* () {
    let counter = 0;
    const worker = co(function* () {
      for (let i = 0; i < 1000; i++) {
        counter++;
        yield* consumeBudget();
      }
    })();
    yield* pollFn((cx) => {
      expect(worker.poll(cx)).toBe(Pending);
      expect(counter).toBeLessThan(1000);
      worker.cancel(cx);
      return undefined;
    });
  }));

test("ping_pong_saturation: a task gets its turn beside a hundred pairs that keep each other awake", () =>
  main(function* () {
    let running = true;
    const tasks: Future<void>[] = [];
    for (let i = 0; i < 100; i++) {
      const [tx1, rx1] = unboundedMpsc<number>();
      const [tx2, rx2] = unboundedMpsc<number>();
      tasks.push(
        spawn(
          co(function* () {
            while (running) {
              tx1.send(1);
              yield* rx2.recv();
            }
            tx1.close();
            expect(yield* next(rx2)).toBe(undefined);
          })(),
        ),
        spawn(
          co(function* () {
            while ((yield* next(rx1)) !== undefined) tx2.send(1);
            tx2.close();
          })(),
        ),
      );
    }
    yield* spawn(
      co(function* () {
        for (let i = 0; i < 5; i++) yield* yieldNow();
      })(),
    );
    running = false;
    for (const task of tasks) yield* task;
  }));

test("shutdown_concurrent_spawn: ten thousand tasks that are woken while the runtime ends all end", async () => {
  const runtime = new Runtime();
  const senders: OneshotSender<void>[] = [];
  await runtime.run(
    co(function* () {
      for (let i = 0; i < 10_000; i++) {
        const [tx, rx] = oneshot<void>();
        senders.push(tx);
        spawn(
          co(function* () {
            yield* rx;
          })(),
        ).observed();
      }
      yield* yieldNow();
      setImmediate(() => {
        for (const tx of senders) tx.send();
      });
    })(),
  );
  expect(runtime.metrics().alive).toBe(0);
});

test("wake_by_ref_from_thread_local, wake_by_val_from_thread_local: a waker may be woken after its runtime has ended", async () => {
  let kept: Waker | undefined;
  const runtime = new Runtime();
  await runtime.run(
    pollFn((cx) => {
      kept = cx.waker;
      return undefined;
    }),
  );
  await runtime.shutdown();
  kept?.wake();
  expect(runtime.metrics()).toMatchObject({ polls: 1, wakes: 0 });
});

test("spawn_from_blocking: a thread that blocks has a task spawned, and gets what it gives", async () => {
  const hello = co(function* () {
    return "hello";
  });
  const work = blocking<Work>(workUrl, { services: { spawn: () => spawn(hello()) } });
  expect(await run(work.askFor("spawn"))).toBe("hello");
});

test("spawn_blocking_from_blocking: a thread that blocks has another one work, and gets what it gives", async () => {
  const inner = blocking<Work>(workUrl);
  const work = blocking<Work>(workUrl, { services: { inner: () => inner.block(1, "hello") } });
  expect(await run(work.askFor("inner"))).toBe("hello");
});

test("sleep_from_blocking: a thread that blocks can sleep on the clock of the calling runtime", async () => {
  let slept = 0;
  const services = {
    nap: co(function* () {
      const before = now();
      yield* sleep(600_000);
      slept = now() - before;
    }),
  };
  await run(blocking<Work>(workUrl, { services }).askFor("nap"), { clock: "paused" });
  expect(slept).toBe(600_000);
});

test("socket_from_blocking: a thread opens a socket on a runtime of its own", async () => {
  const work = blocking<Work & { readFrom(port: number): string }>(workUrl);
  const body = co(function* () {
    const listener = yield* TcpListener.bind("127.0.0.1:0");
    const peer = spawn(work.readFrom(listener.localAddress.port));
    const stream = yield* listener.accept();
    yield* stream.writeAll(new TextEncoder().encode("from here"));
    yield* stream.shutdown();
    const text = yield* peer;
    stream.close();
    listener.close();
    return text;
  });
  expect(await run(body(), { threadExecArgv: [] })).toBe("from here");
});
