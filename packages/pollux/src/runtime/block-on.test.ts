import { spawn as spawnProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readdirSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type MessagePort, Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as certificates from "../../test/support/tls-certificates.ts";
import * as pollux from "../index.ts";
import {
  blockOn,
  CancellationToken,
  type CrossEnd,
  co,
  crossMpsc,
  type Future,
  furtherErrors,
  interval,
  join,
  mpsc,
  NeedsNodeLoopError,
  NestedBlockError,
  never,
  pollFn,
  run,
  StuckError,
  select,
  sleep,
  spawn,
  TcpListener,
  TcpStream,
  TimeoutError,
  timeout,
  yieldNow,
} from "../index.ts";
import { epollOfThread, requireNative } from "../reactor/epoll/epoll-of-thread.ts";
import { loadNative } from "../reactor/epoll/native.ts";
import { AsyncFd, OwnedFd, ThreadWaker } from "../reactor/index.ts";
import { NodeReactor } from "../reactor/node/node-reactor.ts";

const work = fileURLToPath(new URL("../../test/support/owned-work.mjs", import.meta.url));
const built = fileURLToPath(new URL("../../dist/index.js", import.meta.url));

/** Descriptors of this process that are open. */
const descriptors = (): number => readdirSync("/proc/self/fd").length;

interface Message {
  readonly port?: number;
  readonly id?: number;
  readonly parked?: true;
  readonly result?: unknown;
}

/** A thread that does one of the jobs of `owned-work.mjs`. */
class Thread {
  readonly worker: Worker;
  /** Node forgets it when the thread has ended. */
  readonly id: number;
  readonly ended: Promise<unknown>;
  private readonly messages: Message[] = [];
  private onMessage: () => void = () => {};

  constructor(job: string, data: { end?: CrossEnd<number> } & Record<string, unknown> = {}) {
    const { end } = data;
    this.worker = new Worker(work, {
      workerData: { job, ...data },
      execArgv: [],
      // Node's own port, of which our types say less.
      transferList: end === undefined ? [] : [end.port as MessagePort],
    });
    this.id = this.worker.threadId;
    this.ended = new Promise((resolve, reject) => {
      this.worker.on("error", reject);
      this.worker.on("exit", resolve);
    });
    this.worker.on("message", (message: Message) => {
      this.messages.push(message);
      this.onMessage();
    });
  }

  /** What it says under this name. */
  async said<K extends keyof Message>(key: K): Promise<Exclude<Message[K], undefined>> {
    for (;;) {
      const found = this.messages.find((message) => key in message);
      if (found !== undefined) return found[key] as Exclude<Message[K], undefined>;
      await Promise.race([
        new Promise<void>((resolve) => {
          this.onMessage = resolve;
        }),
        this.ended,
      ]);
    }
  }
}

describe.skipIf(!("native" in loadNative()))("blockOn", () => {
  let before: number;

  beforeEach(() => {
    // The epoll descriptor of the thread is made once.
    blockOn(yieldNow());
    before = descriptors();
  });

  afterEach(() => {
    expect(descriptors()).toBe(before);
  });

  test("gives the value of its future, and throws its error", () => {
    const add = co(function* (a: number, b: number) {
      yield* sleep(1);
      return a + b;
    });
    expect(blockOn(add(1, 2))).toBe(3);
    const boom = new Error("boom");
    const fail = co(function* () {
      yield* yieldNow();
      throw boom;
    });
    expect(() => blockOn(fail())).toThrow(boom);
  });

  test("Node's loop and its microtasks do not turn until it returns", async () => {
    const order: string[] = [];
    setTimeout(() => order.push("timeout"), 0);
    setImmediate(() => order.push("immediate"));
    const promise = Promise.resolve().then(() => order.push("microtask"));
    blockOn(sleep(10));
    order.push("returned");
    await promise;
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(order.slice(0, 2)).toEqual(["returned", "microtask"]);
    expect(order.slice(2).sort()).toEqual(["immediate", "timeout"]);
  });

  test("sleeps end in the order of their deadlines, and none too early", () => {
    const order: number[] = [];
    const one = co(function* (ms: number) {
      const began = performance.now();
      yield* sleep(ms);
      expect(performance.now() - began).toBeGreaterThanOrEqual(ms);
      order.push(ms);
    });
    blockOn(
      co(function* () {
        yield* join(one(30), one(1), one(20), one(10));
      })(),
    );
    expect(order).toEqual([1, 10, 20, 30]);
  });

  test("a paused clock costs no time", () => {
    const began = performance.now();
    const main = co(function* () {
      const tick = interval(60_000);
      for (let n = 0; n < 60; n++) yield* tick.tick();
      yield* sleep(1_000_000);
    });
    blockOn(main(), { clock: "paused" });
    expect(performance.now() - began).toBeLessThan(60_000);
  });

  test("a task that never waits starves neither timers nor sockets", () => {
    const main = co(function* () {
      const spinning = spawn(
        co(function* () {
          for (;;) yield* yieldNow();
        })(),
      );
      const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
      yield* join(
        TcpStream.connect(listener.localAddress as { host: string; port: number }),
        listener.accept(),
      );
      yield* sleep(2);
      spinning.abort();
      return "served";
    });
    expect(blockOn(main())).toBe("served");
  });

  test("what is left when main has ended is cancelled, with its cleanup", () => {
    const steps: string[] = [];
    const background = co(function* () {
      try {
        yield* sleep(1_000_000);
      } finally {
        yield* sleep(1);
        steps.push("cleaned up");
      }
    });
    const main = co(function* () {
      spawn(background());
      yield* yieldNow();
      steps.push("ended");
    });
    blockOn(main());
    expect(steps).toEqual(["ended", "cleaned up"]);
  });

  test("a cleanup that outlasts the grace is abandoned, and said so", async () => {
    const program = `import { blockOn, co, sleep, spawn, yieldNow } from ${JSON.stringify(built)};
      const stubborn = co(function* stubborn() { try { yield* sleep(1e6); } finally { yield* sleep(1e6); } });
      blockOn(co(function* () { spawn(stubborn()); yield* yieldNow(); })(), { shutdownGrace: 5 });
      console.log("returned");`;
    const ended = await ranProgram(program);
    expect(ended).toMatchObject({ status: 0, stdout: "returned\n" });
    expect(ended.stderr).toContain("cleanup of task 2 did not end within 5 ms");
  });

  test("sockets that main leaves open are closed", () => {
    const main = co(function* () {
      const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
      yield* join(
        TcpStream.connect(listener.localAddress as { host: string; port: number }),
        listener.accept(),
      );
    });
    blockOn(main());
  });

  test("an error that no task handles ends main and is thrown", () => {
    const steps: string[] = [];
    const boom = new Error("boom");
    const main = co(function* () {
      spawn(
        co(function* () {
          yield* sleep(1);
          throw boom;
        })(),
      );
      try {
        yield* sleep(1_000_000);
      } finally {
        steps.push("cancelled");
      }
    });
    expect(() => blockOn(main())).toThrow(boom);
    expect(steps).toEqual(["cancelled"]);
  });

  test("what main's cleanup fails with is attached to the error that main was cancelled for", () => {
    const boom = new Error("boom");
    const flood = new Error("flood");
    const fails = co(function* () {
      yield* sleep(1);
      throw boom;
    });
    const main = co(function* (wait: () => Future<void>) {
      try {
        yield* wait();
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what is tested.
        throw flood;
      }
    });
    const thrownBy = (wait: () => Future<void>): unknown => {
      try {
        return blockOn(main(wait));
      } catch (error) {
        return error;
      }
    };
    const uncaught = thrownBy(() => {
      spawn(fails());
      return sleep(1_000_000);
    });
    expect(uncaught).toBe(boom);
    expect(furtherErrors(uncaught)).toEqual([expect.objectContaining({ errors: [flood] })]);
    const stuck = thrownBy(() => never());
    expect(stuck).toBeInstanceOf(StuckError);
    expect(furtherErrors(stuck)).toEqual([expect.objectContaining({ errors: [flood] })]);
  });

  test("errors beside one that is a primitive, to which nothing can be attached, are written", async () => {
    const ended = await ranProgram(`import { blockOn, co, sleep, spawn } from ${JSON.stringify(built)};
      const fails = co(function* () { yield* sleep(1); throw "a string"; });
      const main = co(function* () {
        spawn(fails());
        try { yield* sleep(1e6); } finally { throw new Error("flood"); }
      });
      try { blockOn(main()); } catch (error) { console.log(error); }`);
    expect(ended).toMatchObject({ status: 0, stdout: "a string\n" });
    expect(ended.stderr).toContain("a further uncaught error: CleanupError");
  });

  test("a standard error that nobody reads any more does not keep blockOn from its value", async () => {
    const child = spawnProcess(process.execPath, [
      "--input-type=module",
      "-e",
      `import { readSync } from "node:fs";
       import { blockOn, co, sleep, spawn, yieldNow } from ${JSON.stringify(built)};
       const stubborn = co(function* () { try { yield* sleep(1e6); } finally { yield* sleep(1e6); } });
       readSync(0, new Uint8Array(1));
       console.log(blockOn(co(function* () { spawn(stubborn()); yield* yieldNow(); return "value"; })(), { shutdownGrace: 5 }));`,
    ]);
    child.stderr.destroy();
    await once(child.stderr, "close");
    child.stdin.end("\n");
    let stdout = "";
    for await (const data of child.stdout.setEncoding("utf8")) stdout += data;
    expect(stdout).toBe("value\n");
  });

  test("options that are refused leave the thread to Node's loop", async () => {
    const { later } = epollOfThread(requireNative("this test"));
    expect(() => blockOn(sleep(1), { cleanupLimit: -1 })).toThrow(RangeError);
    expect(blockOn(sleep(0))).toBe(undefined);
    expect(() => blockOn(sleep(1), { cleanupLimit: -1 })).toThrow(RangeError);
    await new Promise<void>((resolve) => later.after(0, resolve, true));
  });

  test("a failure that nobody sees is thrown though main has ended in the same turn", () => {
    const boom = new Error("boom");
    const failing = co(function* () {
      throw boom;
    });
    const main = co(function* () {
      spawn(failing());
      yield* yieldNow();
    });
    expect(() => blockOn(main())).toThrow(boom);
    const seen: unknown[] = [];
    blockOn(main(), { onUnhandledError: (error) => seen.push(error) });
    expect(seen).toEqual([boom]);
  });

  test("when nothing is left that could wake a task, it throws with a list of them, and cleans up", () => {
    const steps: string[] = [];
    const main = co(function* waits() {
      const [tx, rx] = mpsc<number>(1, { name: "empty" });
      try {
        yield* rx.recv();
      } finally {
        tx.close();
        steps.push("cleaned up");
      }
    });
    let error: unknown;
    try {
      blockOn(main());
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(StuckError);
    expect((error as StuckError).message).toMatch(/task 1 \(main\)[\s\S]*"empty"/);
    expect(steps).toEqual(["cleaned up"]);
  });

  test("within a task of any runtime of the thread it is refused at once", async () => {
    const nested = co(function* () {
      yield* yieldNow();
      blockOn(yieldNow());
    });
    expect(() => blockOn(nested())).toThrow(NestedBlockError);
    await expect(run(nested())).rejects.toThrow(NestedBlockError);
    expect(blockOn(sleep(0))).toBe(undefined);
  });

  test("what is no future is refused at the call", () => {
    // @ts-expect-error a coroutine that was not called
    expect(() => blockOn(co(function* () {}))).toThrow(TypeError);
  });

  test("a cancel comes from within: timeout, select, a token", () => {
    const token = new CancellationToken();
    expect(() => blockOn(timeout(1, sleep(1_000_000)))).toThrow(TimeoutError);
    const chosen = blockOn(select({ slow: sleep(1_000_000), fast: sleep(1) }));
    expect(chosen.key).toBe("fast");
    const cancelled = co(function* () {
      spawn(
        co(function* () {
          yield* sleep(1);
          token.cancel("enough");
        })(),
      );
      yield* token.cancelled();
      return token.reason;
    });
    expect(blockOn(cancelled())).toBe("enough");
  });

  test("a socket that is closed with bytes unread lingers on, in the park and beside Node's loop after it", async () => {
    const main = co(function* () {
      const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
      const [client, server] = yield* join(
        TcpStream.connect(listener.localAddress as { host: string; port: number }),
        listener.accept(),
      );
      yield* client.writeAll(new Uint8Array(200_000));
      server.close();
      client.close();
      yield* sleep(1);
    });
    blockOn(main());
    while (descriptors() > before) await new Promise((next) => setImmediate(next));
  });

  test("descriptors are waited on in the park: a pipe, a timer", () => {
    const timer = OwnedFd.timer(5);
    const fd = AsyncFd.register(timer, { read: true });
    expect(blockOn(fd.io({ read: true }, () => timer.readCount()))).toBe(1);
    fd.close();
    timer.close();
  });

  test("a receiver from other threads that had its value at once is woken in the next blockOn, too", () => {
    const [tx, rx] = crossMpsc<number>(1);
    tx.trySend(1);
    expect(blockOn(rx.recv())).toBe(1);
    const main = co(function* () {
      const sent = co(function* () {
        yield* sleep(1);
        tx.trySend(2);
      });
      spawn(sent());
      return yield* rx.recv();
    });
    expect(blockOn(main())).toBe(2);
    rx[Symbol.dispose]();
    tx.close();
  });

  test("a wait that was lent to one blockOn goes on in the next", () => {
    const [tx, rx] = crossMpsc<number>(1);
    const later = (work: () => void): Future<void> =>
      co(function* () {
        yield* sleep(1);
        work();
      })();
    const received = rx.recv();
    expect(blockOn(select({ received: received.ref(), late: sleep(1) })).key).toBe("late");
    const main = co(function* () {
      spawn(later(() => tx.trySend(1)));
      return yield* received;
    });
    expect(blockOn(main())).toBe(1);
    tx.trySend(2);
    const sent = tx.send(3);
    expect(blockOn(select({ sent: sent.ref(), late: sleep(1) })).key).toBe("late");
    const other = co(function* () {
      spawn(later(() => rx.tryRecv()));
      yield* sent;
      return yield* rx.recv();
    });
    expect(blockOn(other())).toBe(3);
    rx[Symbol.dispose]();
    tx.close();
  });

  test("both ends of a channel between threads work within one", () => {
    const [tx, rx] = crossMpsc<number>(2);
    const main = co(function* () {
      spawn(
        co(function* () {
          for (let n = 0; n < 50; n++) yield* tx.send(n);
          tx.close();
        })(),
      );
      let sum = 0;
      yield* rx.forEach((n) => {
        sum += n;
      });
      return sum;
    });
    expect(blockOn(main())).toBe(1_225);
  });

  // What a runtime of Node's loop would wait for, and nothing of which can come here.
  const needsNodeLoop: Record<string, () => Future<unknown>> = {
    fromPromise: () => pollux.fromPromise(Promise.resolve(1)),
    "fromPromise of a function": () => pollux.fromPromise(() => Promise.resolve(1)),
    fromCallback: () => pollux.fromCallback<number>((done) => void setTimeout(() => done(null, 1), 1)),
    fromNode: () =>
      pollux.fromNode((done: (error: null, value: number) => void) => void setImmediate(done, null, 1))(),
    once: () => pollux.once(new EventEmitter(), "event"),
    on: () => pollux.on(new EventEmitter(), "event").next(),
    "an async iterable": () =>
      pollux.Stream.from(
        (async function* () {
          yield 1;
        })(),
      ).next(),
    File: () => pollux.File.open(work),
    stat: () => pollux.stat(work),
    readFile: () => pollux.readFile(work),
    Command: () => new pollux.Command("true").status(),
    stdin: () => pollux.stdin().read(new Uint8Array(1)),
    stdout: () => pollux.stdout().writeAll(new Uint8Array(1)),
    signals: () => {
      const asked = pollux.signals("SIGUSR2");
      return pollux.finallyDo(asked.recv(), () => asked.close());
    },
    ctrlC: () => pollux.ctrlC(),
    blocking: () => pollux.blocking<typeof import("node:os")>("node:os").hostname(),
    lookupHost: () => pollux.lookupHost("localhost:1"),
    "TcpStream.connect to a name": () => TcpStream.connect({ host: "localhost", port: 1 }),
    "TcpListener.bind to a name": () => TcpListener.bind({ host: "localhost", port: 0 }),
    readerFromNode: () =>
      pollux.readerFromNode(Readable.from(["x"], { objectMode: false })).read(new Uint8Array(1)),
    writerFromNode: () => pollux.writerFromNode(new PassThrough()).writeAll(new Uint8Array(1)),
    fromReadableStream: () => pollux.fromReadableStream(new Blob(["x"]).stream()).next(),
    readerFromWeb: () => pollux.readerFromWeb(new Blob(["x"]).stream()).read(new Uint8Array(1)),
    writerFromWeb: () => pollux.writerFromWeb(new WritableStream()).writeAll(new Uint8Array(1)),
    TlsConnector: () => new pollux.TlsConnector().connect(pollux.duplex(64)[0], "localhost"),
    TlsAcceptor: () => new pollux.TlsAcceptor(certificates.server).accept(pollux.duplex(64)[0]),
    "the node reactor": () => {
      const source = new NodeReactor().tcpListener({ host: "127.0.0.1", port: 0 });
      return pollux.finallyDo(
        pollFn((cx) => source.pollListen(cx)),
        () => source.close(),
      );
    },
  };

  for (const [name, make] of Object.entries(needsNodeLoop)) {
    test(`${name} fails with POLLUX_NEEDS_NODE_LOOP at its first poll`, async () => {
      const main = co(function* () {
        const future = make();
        let polls = 0;
        try {
          yield* pollFn((cx) => {
            polls++;
            return future.poll(cx);
          });
        } catch (error) {
          return [polls, error];
        }
        return [polls, null];
      });
      const [polls, error] = blockOn(main());
      expect(error).toBeInstanceOf(NeedsNodeLoopError);
      expect(error).toMatchObject({ code: "POLLUX_NEEDS_NODE_LOOP" });
      expect((error as Error).message).toMatch(/use `run`/);
      // By its own name, and before anything of it has begun.
      if (name.startsWith("Tls")) expect((error as Error).message).toMatch(/^TLS handshakes need/);
      expect(polls).toBe(1);
      // What Node has begun for it, such as to ask for a name, is over.
      for (let n = 0; descriptors() > before && n < 1_000; n++)
        await new Promise((next) => setTimeout(next, 1));
    });
  }

  test("two threads, each owned, talk by TCP, and leave nothing behind", async () => {
    const server = new Thread("serve");
    const port = await server.said("port");
    const words = Array.from({ length: 200 }, (_, n) => `word ${n}`);
    const client = new Thread("echo", { port, words });
    expect(await client.said("result")).toEqual(words);
    const stop = new Thread("echo", { port, words: ["stop"] });
    expect(await stop.said("result")).toEqual(["stop"]);
    expect(await server.said("result")).toBe(server.id);
    await Promise.all([server.ended, client.ended, stop.ended]);
  });

  test("ThreadWaker and crossMpsc wake a parked thread from another one", async () => {
    const woken = new Thread("waker");
    ThreadWaker.wake(await woken.said("id"));
    expect(await woken.said("result")).toBe(1);

    const [tx, rx] = crossMpsc<number>(2);
    const receiver = new Thread("receive", { end: rx.detach(), count: 20 });
    for (let n = 0; n < 20; n++) await tx.send(n);
    expect(await receiver.said("result")).toEqual(Array.from({ length: 20 }, (_, n) => n));

    const [there, here] = crossMpsc<number>(2);
    const sender = new Thread("send", { end: there.detach(), count: 20 });
    const got: number[] = [];
    for await (const n of here) got.push(n);
    expect(got).toEqual(Array.from({ length: 20 }, (_, n) => n));
    await Promise.all([woken.ended, receiver.ended, sender.ended]);
  });

  test("two parked threads wake each other through a channel", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const receiver = new Thread("receiveAll", { end: rx.detach() });
    const sender = new Thread("send", { end: tx.detach(), count: 100 });
    expect(await receiver.said("result")).toHaveLength(100);
    await Promise.all([sender.ended, receiver.ended]);
  });

  test("a parked thread notices that the thread at the far end of a channel has ended", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const receiver = new Thread("receiveAll", { end: rx.detach() });
    const sender = new Thread("sendForEver", { end: tx.detach() });
    await Promise.all([receiver.said("parked"), sender.said("parked")]);
    await sender.worker.terminate();
    expect(Array.isArray(await receiver.said("result"))).toBe(true);

    const [to, from] = crossMpsc<number>(1);
    const waiting = new Thread("sendForEver", { end: to.detach() });
    const dying = new Thread("receive", { end: from.detach(), count: 1_000_000_000 });
    await Promise.all([waiting.said("parked"), dying.said("parked")]);
    await dying.worker.terminate();
    expect(await waiting.said("result")).toBe("POLLUX_CLOSED");
    await Promise.all([receiver.ended, sender.ended, waiting.ended, dying.ended]);
  });

  test("worker.terminate() ends a thread that is parked, or at work, and its descriptors are closed", async () => {
    for (const job of ["park", "churn", "park", "churn"]) {
      const thread = new Thread(job);
      await thread.said("parked");
      await thread.worker.terminate();
      expect(await thread.ended).toBe(1);
    }
  });

  test("process.exit of the main thread ends parked threads", async () => {
    const ended = await ranProgram(`
      import { Worker } from "node:worker_threads";
      const worker = new Worker(${JSON.stringify(work)}, { workerData: { job: "park" }, execArgv: [] });
      worker.on("message", () => process.exit(7));`);
    expect(ended).toEqual({ status: 7, signal: null, stdout: "", stderr: "" });
  });

  test("Ctrl-C ends a program that is parked, and a listener is called once blockOn has returned", async () => {
    const parked = await ranProgram(
      `import { blockOn, co, sleep } from ${JSON.stringify(built)};
       import { writeSync } from "node:fs";
       blockOn(co(function* () { writeSync(1, "parked"); yield* sleep(1e6); })());`,
      "parked",
    );
    expect(parked).toMatchObject({ status: null, signal: "SIGINT" });
    const listening = await ranProgram(
      `import { blockOn, co, sleep } from ${JSON.stringify(built)};
       import { writeSync } from "node:fs";
       process.on("SIGINT", () => { console.log(" heard"); process.exit(0); });
       setInterval(() => {}, 1000);
       await new Promise((resolve) => setImmediate(resolve));
       blockOn(co(function* () { writeSync(1, "parked"); yield* sleep(300); writeSync(1, " returned"); })());`,
      "parked",
    );
    expect(listening).toMatchObject({ status: 0, signal: null, stdout: "parked returned heard\n" });
  });
});

/** Runs a program in a process of its own; once it has printed `interruptAt`, it gets a SIGINT. */
function ranProgram(
  source: string,
  interruptAt?: string,
): Promise<{ status: number | null; signal: string | null; stdout: string; stderr: string }> {
  const child = spawnProcess(process.execPath, ["--input-type=module", "-e", source], {
    timeout: 14_000,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (data: string) => {
    output.stdout += data;
    if (output.stdout === interruptAt) child.kill("SIGINT");
  });
  child.stderr.setEncoding("utf8").on("data", (data: string) => {
    output.stderr += data;
  });
  return new Promise((resolve) =>
    child.on("close", (status, signal) => resolve({ status, signal, ...output })),
  );
}
