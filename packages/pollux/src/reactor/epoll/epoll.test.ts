import { spawnSync } from "node:child_process";
import { createServer, get } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { co } from "../../core/coroutine.ts";
import { TcpListener } from "../../net/tcp-listener.ts";
import type { TcpStream } from "../../net/tcp-stream.ts";
import { Runtime } from "../../runtime/runtime.ts";
import { spawn } from "../../task/spawn.ts";
import { EPOLLET, EPOLLIN } from "./constants.ts";
import { Epoll } from "./epoll.ts";
import { loadNative, type Native } from "./native.ts";

/** A kernel that has what events a test puts into it. */
class FakeNative {
  onReady: () => void = () => {};
  /** For each `epollWait` to come, its events: bits, slot, generation. */
  readonly batches: [number, number, number][][] = [];
  readonly held: number[] = [];
  waits = 0;
  /** What was registered last. */
  slot = -1;
  generation = -1;
  result = 0;

  epollCreate = (): number => 3;
  close = (): number => 0;
  keepAlive = (on: number): number => this.held.push(on);
  watch = (_epoll: number, callback: () => void): number => {
    this.onReady = callback;
    return 0;
  };
  epollControl = (
    _epoll: number,
    _op: number,
    _fd: number,
    _events: number,
    slot: number,
    generation: number,
  ): number => {
    this.slot = slot;
    this.generation = generation;
    return this.result;
  };
  epollWait = (_epoll: number, bytes: Uint8Array): number => {
    this.waits++;
    const batch = this.batches.shift() ?? [];
    new Uint32Array(bytes.buffer).set(batch.flat());
    return batch.length;
  };
}

function fake(): { native: FakeNative; epoll: Epoll } {
  const native = new FakeNative();
  // It has what `Epoll` calls.
  return { native, epoll: new Epoll(native as unknown as Native) };
}

function recorder(): { events: number[]; onEvents(events: number): void } {
  const events: number[] = [];
  return { events, onEvents: (bits) => void events.push(bits) };
}

describe("epoll", () => {
  test("tells each of those concerned of its own events", async () => {
    const { native, epoll } = fake();
    const [a, b] = [recorder(), recorder()];
    const slots = [epoll.register(10, a, EPOLLIN), epoll.register(11, b, EPOLLIN)] as const;
    native.batches.push([
      [EPOLLIN, slots[1], 0],
      [5, slots[0], 0],
    ]);
    native.onReady();
    expect([a.events, b.events]).toEqual([[5], [EPOLLIN]]);
  });

  test("an event of a descriptor that has gone is not told to the one that has its slot now", () => {
    const { native, epoll } = fake();
    const [gone, next] = [recorder(), recorder()];
    const slot = epoll.register(10, gone, EPOLLIN);
    const old = native.generation;
    epoll.leave(slot);
    expect(epoll.register(10, next, EPOLLIN)).toBe(slot);
    expect(native.generation).not.toBe(old);
    native.batches.push([
      [EPOLLIN, slot, old],
      [4, slot, native.generation],
    ]);
    native.onReady();
    expect([gone.events, next.events]).toEqual([[], [4]]);
  });

  test("an event of a descriptor that an earlier one in the same batch has closed is not told", () => {
    const { native, epoll } = fake();
    const victim = recorder();
    const slots = { closer: 0, victim: 0 };
    slots.closer = epoll.register(10, { onEvents: () => epoll.leave(slots.victim) }, EPOLLIN);
    slots.victim = epoll.register(11, victim, EPOLLIN);
    native.batches.push([
      [EPOLLIN, slots.closer, 0],
      [EPOLLIN, slots.victim, 0],
    ]);
    native.onReady();
    expect(victim.events).toEqual([]);
  });

  test("looks again while there are events, up to eight times, behind what was woken", async () => {
    const { native, epoll } = fake();
    const order: string[] = [];
    const slot = epoll.register(
      10,
      {
        onEvents: () => {
          order.push(`event ${native.waits}`);
          queueMicrotask(() => order.push(`task ${native.waits}`));
        },
      },
      EPOLLIN,
    );
    for (let i = 0; i < 20; i++) native.batches.push([[EPOLLIN, slot, 0]]);
    native.onReady();
    await delay(0);
    expect(native.waits).toBe(8);
    expect(order.slice(0, 4)).toEqual(["event 1", "task 1", "event 2", "task 2"]);
    native.batches.length = 1;
    native.onReady();
    await delay(0);
    expect(native.waits).toBe(10); // One with an event, and one that has found nothing.
  });

  test("keeps the process alive while somebody waits, and asks only when that changes", () => {
    const { native, epoll } = fake();
    expect(native.held).toEqual([0]);
    epoll.keepAlive();
    epoll.keepAlive();
    epoll.letGo();
    expect(native.held).toEqual([0, 1]);
    epoll.letGo();
    expect(native.held).toEqual([0, 1, 0]);
  });

  test("a registration that fails leaves no slot, and throws the system's error", () => {
    const { native, epoll } = fake();
    native.result = -1;
    expect(() => epoll.register(10, recorder(), EPOLLIN | EPOLLET)).toThrow(
      expect.objectContaining({ code: "EPERM", syscall: "epoll_ctl" }),
    );
    native.result = 0;
    expect(epoll.register(10, recorder(), EPOLLIN)).toBe(0);
  });
});

describe.runIf("native" in loadNative())("epoll: beside Node's loop", () => {
  const echo = co(function* (stream: TcpStream) {
    const buf = new Uint8Array(4096);
    try {
      for (let n: number; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
    } finally {
      stream.close();
    }
  });
  const serve = co(function* (listener: TcpListener) {
    try {
      for (;;) spawn(echo(yield* listener.accept()));
    } finally {
      listener.close();
    }
  });

  test("timers, promises and node:http go on while sockets are busy, and the sockets meanwhile", async () => {
    const runtime = new Runtime({ reactor: "epoll" });
    const listener = await runtime.spawn(TcpListener.bind("127.0.0.1:0"));
    const server = runtime.spawn(serve(listener));
    let echoes = 0;
    const clients = Array.from({ length: 20 }, () => {
      const socket = connect({ port: listener.localAddress.port, host: "127.0.0.1" });
      socket.on("data", (data) => {
        echoes++;
        socket.write(data);
      });
      socket.write("x");
      return socket;
    });
    const http = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
    await new Promise((resolve) => http.once("listening", resolve));
    const { port } = http.address() as AddressInfo;
    let answers = 0;
    let ticks = 0;
    const ticker = setInterval(() => ticks++, 1);
    while (answers < 50 || echoes < 1000 || ticks < 20) {
      const [response] = await Promise.all([
        new Promise<string>((resolve, reject) => {
          get({ port, host: "127.0.0.1", agent: false }, (message) => {
            message.setEncoding("utf8").on("data", resolve);
          }).on("error", reject);
        }),
        delay(1),
      ]);
      expect(response).toBe("ok");
      answers++;
    }
    clearInterval(ticker);
    for (const socket of clients) socket.destroy();
    http.close();
    server.abort();
    await server.then(null, () => {});
    await runtime.shutdown();
  });

  test("a server that waits leaves the loop alone", async () => {
    const loaded = loadNative();
    if ("reason" in loaded) throw new Error(loaded.reason);
    const runtime = new Runtime({ reactor: "epoll" });
    const listener = await runtime.spawn(TcpListener.bind("127.0.0.1:0"));
    const server = runtime.spawn(serve(listener));
    await delay(10);
    const looks = vi.spyOn(loaded.native, "epollWait");
    await delay(50);
    expect(looks).not.toHaveBeenCalled();
    server.abort();
    await server.then(null, () => {});
    looks.mockRestore();
  });

  const program = (source: string): ReturnType<typeof spawnSync> =>
    spawnSync(
      process.execPath,
      ["--input-type=module", "-e", `import * as pollux from "pollux"; ${source}`],
      {
        cwd: fileURLToPath(new URL("../../../../../examples", import.meta.url)),
        encoding: "utf8",
        timeout: 20_000,
      },
    );

  test("a process in which nobody waits on an open socket ends by itself", () => {
    const { status, stdout, stderr } = program(`
      const runtime = new pollux.Runtime({ reactor: "epoll" });
      const listener = await runtime.spawn(pollux.TcpListener.bind("127.0.0.1:0"));
      console.log(runtime.reactor, listener.isClosed);
    `);
    expect(stderr).toBe("");
    expect(stdout).toBe("epoll false\n");
    expect(status).toBe(0);
  });

  test("a process whose main waits on a socket for good does not, and says nothing", () => {
    const { status, stdout } = program(`
      const runtime = new pollux.Runtime({ reactor: "epoll" });
      setTimeout(() => { console.log("still here"); process.exit(7); }, 100).unref();
      await runtime.run(pollux.co(function* () {
        const listener = yield* pollux.TcpListener.bind("127.0.0.1:0");
        yield* listener.accept();
      })());
    `);
    expect(stdout).toBe("still here\n");
    expect(status).toBe(7);
  });

  test("an uncaught error and process.exit end the process with sockets open", () => {
    const open = `
      const runtime = new pollux.Runtime({ reactor: "epoll" });
      const listener = await runtime.spawn(pollux.TcpListener.bind("127.0.0.1:0"));
      runtime.spawn(listener.accept()).observed();
    `;
    expect(program(`${open} setTimeout(() => { throw new Error("uncaught"); }, 10);`).status).toBe(1);
    expect(program(`${open} setTimeout(() => process.exit(3), 10);`).status).toBe(3);
  });
});
