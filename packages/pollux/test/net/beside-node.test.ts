import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { co, join, Runtime, spawn, TcpListener, TcpStream } from "../../src/index.ts";
import { loadNative } from "../../src/reactor/epoll/native.ts";
import { until } from "../support/net.ts";

// The epoll reactor runs in Node's loop, beside all else that does.

const churn = fileURLToPath(new URL("../support/churn-work.mjs", import.meta.url));
const built = new URL("../../dist/index.js", import.meta.url).href;

/** Moments, in ms, that differ from run to run. */
function moments(count: number, most: number): number[] {
  return Array.from({ length: count }, () => Math.round(Math.random() * most));
}

/** Descriptors that are no files: those that a thread was reading when it was ended are Node's. */
function descriptors(): number {
  return readdirSync("/proc/self/fd").filter((fd) => {
    try {
      return !readlinkSync(`/proc/self/fd/${fd}`).startsWith("/");
    } catch {
      return false;
    }
  }).length;
}

/** How a program of `churn-work.mjs` ends. */
async function churned(how: string, ms: number): Promise<{ code: unknown; signal: unknown; stderr: string }> {
  const done = promisify(execFile)(process.execPath, [churn, how, String(ms)], { timeout: 30_000 });
  return done.then(
    ({ stderr }) => ({ code: 0, signal: null, stderr }),
    // What `execFile` rejects with.
    ({ code, signal, stderr }) => ({ code, signal, stderr }),
  );
}

/** What Node does besides sockets of ours, each once. */
async function everythingElse(): Promise<string[]> {
  const http = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(http, "listening");
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const worker = new Worker(`require("node:worker_threads").parentPort.postMessage("from a worker")`, {
    eval: true,
  });
  const exited = once(worker, "exit");
  const answers = await Promise.all([
    Promise.resolve("a promise"),
    new Promise<string>((resolve) => setTimeout(resolve, 5, "a timer")),
    new Promise<string>((resolve) => setImmediate(resolve, "an immediate")),
    fetch(url, { headers: { connection: "close" } }).then((response) => response.text()),
    promisify(execFile)(process.execPath, ["-p", "40 + 2"]).then(({ stdout }) => stdout.trim()),
    once(worker, "message").then(([message]) => String(message)),
  ]);
  await exited;
  http.close();
  http.closeAllConnections();
  await once(http, "close");
  return answers;
}

const EVERYTHING = ["a promise", "a timer", "an immediate", "ok", "42", "from a worker"];

describe.runIf("native" in loadNative())("beside Node", { timeout: 60_000 }, () => {
  test("promises, timers, http, fetch, child processes and workers go on beside a runtime that waits", async () => {
    const runtime = new Runtime({ reactor: "epoll" });
    const listener = await runtime.spawn(TcpListener.bind("127.0.0.1:0"));
    const accepting = runtime.spawn(listener.accept());
    expect(await everythingElse()).toEqual(EVERYTHING);
    accepting.abort();
    await accepting.then(null, () => {});
    listener.close();
    await runtime.shutdown();
  });

  test("and beside one that is busy, which goes on too", async () => {
    const runtime = new Runtime({ reactor: "epoll" });
    let echoes = 0;
    const echo = co(function* (stream: TcpStream) {
      const buf = new Uint8Array(64);
      for (let n = yield* stream.read(buf); n > 0; n = yield* stream.read(buf)) {
        yield* stream.writeAll(buf.subarray(0, n));
        echoes++;
      }
      stream.close();
    });
    const load = co(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      const talk = co(function* () {
        const [there, here] = yield* join(TcpStream.connect(listener.localAddress), listener.accept());
        spawn(echo(here));
        const buf = new Uint8Array(64);
        for (;;) {
          yield* there.writeAll(buf);
          yield* there.read(buf);
        }
      });
      yield* join(talk(), talk(), talk(), talk());
    });
    const busy = new AbortController();
    const loading = runtime.run(load(), { signal: busy.signal });
    await until(() => echoes > 100);
    for (let round = 0; round < 3; round++) {
      const before = echoes;
      expect(await everythingElse()).toEqual(EVERYTHING);
      expect(echoes).toBeGreaterThan(before);
    }
    busy.abort(new Error("enough"));
    await expect(loading).rejects.toThrow();
  });

  test("the loop of a server that waits is idle", async () => {
    // In a process of its own: the loop of the tests does other things. The least of several intervals is what counts.
    const program = `
      import { co, join, run, sleep, spawn, TcpListener, TcpStream } from ${JSON.stringify(built)};
      const main = co(function* () {
        const listener = yield* TcpListener.bind("127.0.0.1:0");
        const [there, here] = yield* join(TcpStream.connect(listener.localAddress), listener.accept());
        spawn(here.read(new Uint8Array(1)));
        spawn(listener.accept());
        let least = 1;
        for (let round = 0; round < 10 && least >= 0.05; round++) {
          const before = performance.eventLoopUtilization();
          yield* sleep(200);
          least = Math.min(least, performance.eventLoopUtilization(before).utilization);
        }
        console.log(least);
        there.close();
      });
      await run(main(), { reactor: "epoll" });
      process.exit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program]);
    expect(stdout).not.toBe("");
    expect(Number(stdout)).toBeLessThan(0.05);
  });

  test("process.exit and an uncaught error end a busy program at any moment, and as they should", async () => {
    for (const ms of moments(3, 40)) {
      expect(await churned("exit", ms)).toEqual({ code: 3, signal: null, stderr: "" });
      const thrown = await churned("throw", ms);
      expect({ ...thrown, stderr: "" }).toEqual({ code: 1, signal: null, stderr: "" });
      expect(thrown.stderr).toContain("Error: uncaught");
    }
  });

  test("worker.terminate() ends a busy thread at any moment, and nothing of it stays open", async () => {
    const before = descriptors();
    for (const ms of moments(8, 40)) {
      const worker = new Worker(churn, { execArgv: [] });
      await once(worker, "message");
      await new Promise((resolve) => setTimeout(resolve, ms));
      expect(await worker.terminate()).toBe(1);
    }
    await until(() => descriptors() <= before);
  });
});
