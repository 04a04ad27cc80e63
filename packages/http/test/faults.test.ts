import { execFile, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { co, copy, never, sleep } from "pollux";
import { describe, expect, test } from "vitest";
import { fetchHandler, type Handler } from "../src/index.ts";
import { reactors, serving, until } from "./support/serving.ts";

const run = promisify(execFile);

/** Opens connections, and for each line that it reads sends a request on each of them. */
const CLIENTS = `
  const [port, count] = process.argv.slice(1).map(Number);
  const sockets = [];
  let answers = 0;
  const more = () => {
    const socket = require("node:net").connect(port, "127.0.0.1", () => {
      sockets.push(socket);
      if (sockets.length === count) console.log("connected");
      else if (sockets.length + 50 <= count) more();
    });
    socket.on("data", () => {
      if (++answers === count) console.log(count + " answers");
    });
  };
  for (let n = 0; n < 50; n++) more();
  process.stdin.on("data", () => {
    answers = 0;
    for (const socket of sockets) socket.write("GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n");
  });
`;

const hello: Handler = (_, response) => response.send("hello");
const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** Whether a program is there. */
async function isThere(name: string): Promise<boolean> {
  try {
    await run("which", [name]);
    return true;
  } catch {
    return false;
  }
}

const [hasWrk, hasAb] = await Promise.all([isThere("wrk"), isThere("ab")]);

describe.each(reactors)("faults on the %s reactor", (_, options) => {
  const s = serving(options);

  test("a client that vanishes after any byte of its request leaves nothing behind", async () => {
    const cancelled: number[] = [];
    let began = 0;
    const server = await s.start(
      co(function* (request, response) {
        began++;
        let isWhole = false;
        try {
          yield* copy(request.body, response.stream());
          isWhole = true;
        } finally {
          if (!isWhole) cancelled.push(began);
        }
      }),
    );
    const text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    for (let end = 0; end <= text.length; end++) {
      const client = await s.client();
      client.send(text.slice(0, end));
      await until(() => server.connections === 1);
      if (end % 2 === 0) client.socket.resetAndDestroy();
      else client.socket.end();
      await until(() => server.connections === 0);
      client.socket.destroy();
    }
    expect(began).toBeGreaterThan(0);
    // All but the last two, which are whole, or whole but for the reset that came first.
    expect(cancelled.length).toBeGreaterThanOrEqual(began - 2);
  });

  test("a client that vanishes at each stage of its response has the handler cancelled, and its cleanup awaited", async () => {
    let cleaned = 0;
    const server = await s.start(
      co(function* (request, response) {
        try {
          if (request.target === "/before") yield* never();
          const body = response.stream();
          yield* body.writeAll(Buffer.from("begun"));
          yield* body.flush();
          if (request.target === "/within") yield* never();
          for (;;) yield* body.writeAll(Buffer.alloc(60_000));
        } finally {
          yield* sleep(1);
          cleaned++;
        }
      }),
    );
    for (const [at, stage] of ["/before", "/within", "/endless"].entries()) {
      const client = await s.client();
      client.send(`GET ${stage} HTTP/1.1\r\nHost: a\r\n\r\n`);
      if (stage === "/before") await until(() => server.connections === 1);
      else await client.until("begun");
      client.socket.destroy();
      await until(() => server.connections === 0);
      expect(cleaned).toBe(at + 1);
    }
  });

  test("requestTimeout: a handler that hangs is cancelled, its cleanup is awaited, and the answer is 503", async () => {
    const seen: string[] = [];
    const server = await s.start(
      co(function* (request, response) {
        try {
          if (request.target === "/begun") {
            const body = response.stream();
            yield* body.writeAll(Buffer.from("begun"));
            yield* body.flush();
          }
          yield* never();
        } finally {
          yield* sleep(1);
          seen.push(request.target);
        }
      }),
      { requestTimeout: 20 },
    );
    const client = await s.client();
    client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    expect(await client.end()).toMatch(/^HTTP\/1\.1 503 .*Connection: close\r\n.*took too long\n$/s);
    const other = await s.client();
    other.send("GET /begun HTTP/1.1\r\nHost: a\r\n\r\n");
    // It is cut short: the last chunk is missing.
    expect(await other.end()).toMatch(/begun\r\n$/);
    expect(seen).toEqual(["/a", "/begun"]);
    client.socket.end();
    await until(() => server.connections === 0);
  });

  test("requestTimeout: the time of one request is not that of the next, nor that of an idle connection", async () => {
    await s.start(
      co(function* (_request, response) {
        yield* sleep(15);
        response.send("hello");
      }),
      { requestTimeout: 1000 },
    );
    const client = await s.client();
    for (let n = 0; n < 3; n++) {
      client.text = "";
      client.send(GET);
      await client.until("hello");
    }
    expect(client.ended).toBe(false);
  });

  test("a bomb of pipelined requests is answered in order, and one connection does not starve another", async () => {
    let answered = 0;
    await s.start((request, response) => {
      answered++;
      response.send(request.target);
    });
    const bomber = await s.client();
    const count = 20_000;
    bomber.send(Array.from({ length: count }, (_, n) => `GET /${n} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    const other = await s.client();
    other.send(GET);
    await other.until("\r\n\r\n/");
    await until(() => answered === count + 1);
    await bomber.until(`\r\n\r\n/${count - 1}`);
    const order = [...bomber.text.matchAll(/\r\n\r\n\/(\d+)/g)].map(([, n]) => Number(n));
    expect(order).toEqual(Array.from({ length: count }, (_, n) => n));
  });

  test("a bomb of chunks of one byte, of extensions and of trailers is refused or bounded", async () => {
    let size = 0;
    await s.start(
      co(function* (request, response) {
        size = (yield* request.bytes()).length;
        response.send(String(size));
      }),
      { maxBody: 100_000 },
    );
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const many = await s.client();
    many.send(`${head}${"1\r\na\r\n".repeat(50_000)}0\r\n\r\n`);
    await many.until("\r\n\r\n50000");
    const extensions = await s.client();
    extensions.send(`${head}${`1;${"x".repeat(200)}\r\na\r\n`.repeat(100)}0\r\n\r\n`);
    expect(await extensions.end()).toMatch(/^HTTP\/1\.1 400 /);
    const trailers = await s.client();
    trailers.send(`${head}0\r\n${"X: y\r\n".repeat(200)}\r\n`);
    expect(await trailers.end()).toMatch(/^HTTP\/1\.1 431 /);
    const long = await s.client();
    long.send(`${head}${"1\r\na\r\n".repeat(100_001)}0\r\n\r\n`);
    expect(await long.end()).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("a handler that writes after the end, by a task of its own, changes nothing of the next response", async () => {
    const failures: unknown[] = [];
    await s.start((request, response) => {
      const body = response.stream(2);
      return co(function* () {
        yield* body.writeAll(Buffer.from(request.target));
        yield* body.shutdown();
        try {
          yield* body.writeAll(Buffer.from("late"));
        } catch (error) {
          failures.push(error);
        }
      })();
    });
    const client = await s.client();
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    expect(await client.end()).toMatch(/\r\n\r\n\/1HTTP\/1\.1 200 OK\r\n.*\r\n\r\n\/2$/s);
    expect(failures).toMatchObject([{ code: "POLLUX_CLOSED" }, { code: "POLLUX_CLOSED" }]);
  });

  test("fetchHandler: one that hangs is given up by requestTimeout, with its signal", async () => {
    const seen: unknown[] = [];
    await s.start(
      fetchHandler(
        (request) =>
          new Promise((_resolve, reject) => {
            request.signal.addEventListener("abort", () => {
              seen.push((request.signal.reason as { code?: unknown }).code);
              reject(request.signal.reason);
            });
          }),
      ),
      { requestTimeout: 10 },
    );
    expect((await fetch(s.url)).status).toBe(503);
    expect(seen).toEqual(["HTTP_REQUEST_TIMEOUT"]);
  });

  test("ten thousand connections are kept, and each is answered", async (context) => {
    const count = 10_000;
    const { stdout } = await run("sh", ["-c", "ulimit -n"]);
    if (stdout.trim() !== "unlimited" && Number(stdout) < count + 500)
      context.skip(`it needs ${count + 500} descriptors, and there are ${stdout.trim()}: raise ulimit -n`);
    const server = await s.start(hello, { backlog: 4096 });
    // The other ends are another process's, which has descriptors of its own.
    const client = spawn(process.execPath, ["-e", CLIENTS, String(s.port), String(count)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
    try {
      expect((await lines.next()).value).toBe("connected");
      await until(() => server.connections === count);
      for (let round = 0; round < 2; round++) {
        client.stdin.write("go\n");
        expect((await lines.next()).value).toBe(`${count} answers`);
        expect(server.connections).toBe(count);
      }
    } finally {
      client.kill();
    }
    await until(() => server.connections === 0);
  }, 60_000);

  test("wrk, where it is there: no request fails", async (context) => {
    if (!hasWrk) context.skip("wrk is not installed (on Debian: apt install wrk)");
    await s.start(hello);
    const { stdout } = await run("wrk", ["-t1", "-c16", "-d1s", s.url]);
    expect(stdout).toMatch(/ [1-9]\d* requests in /);
    expect(stdout).not.toMatch(/Socket errors|Non-2xx/);
  });

  test("ab, where it is there: HTTP/1.0, with keep-alive and without", async (context) => {
    if (!hasAb) context.skip("ab is not installed (on Debian: apt install apache2-utils)");
    await s.start(hello);
    for (const more of [[], ["-k"]]) {
      const { stdout } = await run("ab", ["-q", "-n", "200", "-c", "8", ...more, `${s.url}/`]);
      expect(stdout).toMatch(/Complete requests: +200\n/);
      expect(stdout).toMatch(/Failed requests: +0\n/);
      expect(/Keep-Alive requests: +200\n/.test(stdout)).toBe(more.length > 0);
    }
  });
});
