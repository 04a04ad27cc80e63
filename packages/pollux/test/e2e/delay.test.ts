import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { Agent, get, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";

/** What `npm start` runs. */
const main = fileURLToPath(new URL("../../../../examples/dist/delay/main.js", import.meta.url));

beforeAll(() => {
  if (!existsSync(main)) throw new Error(`${main} is missing: run npm run build first`);
});

/** The program as a child, with what it has written so far. */
class Program {
  readonly child: ChildProcess;
  output = "";
  errors = "";
  private waiting: (() => void)[] = [];

  constructor(...args: string[]) {
    this.child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      for (const check of this.waiting) check();
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.errors += text;
    });
    programs.push(this);
  }

  /** Waits until it has written what is looked for. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  async port(): Promise<number> {
    return Number((await this.says(/listening on http:\/\/127\.0\.0\.1:(\d+)/))[1]);
  }

  /** Waits for its end. */
  async ends(): Promise<{ code: number | null; output: string; errors: string }> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, "close");
    return { code: this.child.exitCode, output: this.output, errors: this.errors };
  }
}

let programs: Program[] = [];

afterEach(() => {
  for (const { child } of programs) child.kill("SIGKILL");
  programs = [];
});

describe("delay: npm start", () => {
  test("shows poll, wait and wake, then the table, and ends with 0", { timeout: 30_000 }, async () => {
    const { code, output, errors } = await new Program("--requests", "50").ends();
    expect([code, errors]).toEqual([0, ""]);
    for (const kind of ["spawn", "poll", "wait", "wake"]) {
      expect(output).toMatch(new RegExp(`^ +[\\d.]+ ms {2}${kind} `, "m"));
    }
    expect(output).toMatch(/wait +HTTP connection .*Sleep/);
    expect(output).toMatch(/requests +total time +sum of delays +ratio +tasks +polls +wakes +reactor/);
    const row = (name: string): string[] =>
      (new RegExp(`^${name} {2,}(.*)$`, "m").exec(output)?.[1] ?? "").split(/ {2,}/);
    const [requests, time = "", sum = "", ratio = "", tasks, polls, wakes, reactor] = row("all at once");
    expect([requests, tasks]).toEqual(["50", "100"]);
    expect(reactor).toMatch(/^(?:epoll|node)$/);
    expect(Number.parseFloat(time)).toBeLessThan(Number.parseFloat(sum));
    expect(Number.parseFloat(ratio)).toBeGreaterThan(2);
    expect(Number(polls)).toBeGreaterThan(100);
    expect(Number(wakes)).toBeGreaterThan(100);
    const [some, time2 = "", sum2 = ""] = row("one after another");
    expect(some).toBe("10");
    expect(Number.parseFloat(time2)).toBeGreaterThanOrEqual(Number.parseFloat(sum2));
    // No terminal, no colours.
    expect(output).not.toContain("\x1b");
  });

  test("--help says how it is used", async () => {
    const { code, output } = await new Program("--help").ends();
    expect(code).toBe(0);
    for (const option of ["--serve", "--port", "--requests", "--grace", "--help"]) {
      expect(output).toContain(option);
    }
  });

  const mistakes: [args: string[], message: RegExp][] = [
    [["--nonsense"], /Unknown option '--nonsense'/],
    [["nonsense"], /Unexpected argument 'nonsense'/],
    [["--port"], /--port/],
    [["--port", "x"], /--port must be a whole number from 0 to 65535, not "x"/],
    [["--port", "65536"], /--port must be/],
    [["--requests", "0"], /--requests must be a whole number from 1 to 10000/],
    [["--requests", "1.5"], /--requests must be/],
    [["--grace", "1e3"], /--grace must be/],
    [["--serve=yes"], /--serve/],
    [["--serve", "--requests", "3"], /--requests makes no sense with --serve/],
  ];
  test.each(mistakes)("%j is a mistake: it is explained, and the exit code is 2", async (args, message) => {
    const { code, output, errors } = await new Program(...args).ends();
    expect([code, output]).toEqual([2, ""]);
    expect(errors).toMatch(message);
    expect(errors).toContain("Usage:");
    expect(errors).not.toContain("    at ");
  });

  test("a port in use is explained, and the exit code is 1", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { code, errors } = await new Program("--serve", "--port", String(port)).ends();
    server.close();
    expect(code).toBe(1);
    expect(errors).toMatch(/EADDRINUSE/);
    expect(errors).not.toContain("    at ");
  });
});

/** A server that all tests of a group use. */
function sharedServer(): { port(): number } {
  let program: Program;
  let port = 0;
  beforeAll(async () => {
    program = new Program("--serve", "--port", "0");
    programs = [];
    port = await program.port();
  });
  afterAll(async () => {
    expect(program.child.exitCode).toBe(null);
    program.child.kill("SIGTERM");
    expect(await program.ends()).toMatchObject({ code: 0, errors: "" });
  });
  return { port: () => port };
}

async function answer(message: IncomingMessage): Promise<{ status: number | undefined; body: string }> {
  let body = "";
  for await (const chunk of message.setEncoding("utf8")) body += chunk;
  return { status: message.statusCode, body };
}

describe("delay: --serve, as clients of all kinds see it", () => {
  const server = sharedServer();
  const url = (path: string): string => `http://127.0.0.1:${server.port()}${path}`;

  test("fetch gets the message after the delay", async () => {
    const began = performance.now();
    const response = await fetch(url("/120/hello"));
    expect([response.status, await response.text()]).toEqual([200, "hello"]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(119);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(response.headers.get("date")).toMatch(/GMT$/);
  });

  test("messages may be any text", async () => {
    const text = "tea & Kekse/für alle: 🍪?";
    const response = await fetch(url(`/1/${encodeURIComponent(text)}`));
    expect(await response.text()).toBe(text);
    expect(await (await fetch(url("/1/a/b?query"))).text()).toBe("a/b");
  });

  test("node:http uses one connection for several requests with keep-alive", async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let i = 0; i < 5; i++) {
      const message = await new Promise<IncomingMessage>((resolve, reject) =>
        get(url(`/${i}/message${i}`), { agent }, resolve).on("error", reject),
      );
      expect(message.headers.connection).not.toBe("close");
      ports.add(message.socket.localPort);
      expect(await answer(message)).toEqual({ status: 200, body: `message${i}` });
    }
    expect(ports.size).toBe(1);
    agent.destroy();
  });

  test("node:http sees the end of the connection where it asked for that", async () => {
    const message = await new Promise<IncomingMessage>((resolve, reject) =>
      get(url("/1/bye"), { agent: false, headers: { connection: "close" } }, resolve).on("error", reject),
    );
    const closed = once(message.socket, "close");
    expect(message.headers.connection).toBe("close");
    expect(await answer(message)).toEqual({ status: 200, body: "bye" });
    await closed;
  });

  test("a large body that nobody wants is refused, and the client gets to know", async () => {
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const post = request(url("/1/x"), { method: "POST", agent: false }, resolve).on("error", reject);
      post.setHeader("content-length", 200_000);
      post.end(Buffer.alloc(200_000));
    });
    expect((await answer(message)).status).toBe(405);
    expect(message.headers.allow).toBe("GET");
    expect(message.headers.connection).toBe("close");
  });

  const curl = (...args: string[]): string =>
    execFileSync("curl", ["--silent", "--show-error", "--max-time", "20", ...args], {
      encoding: "utf8",
      env: {},
    });
  const hasCurl = ((): boolean => {
    try {
      return curl("--version") !== "";
    } catch {
      console.log("curl is not installed: its tests are skipped");
      return false;
    }
  })();

  test.runIf(hasCurl)("curl gets the message, with HTTP/1.1 and HTTP/1.0", () => {
    expect(curl(url("/30/hello"))).toBe("hello");
    expect(curl("--http1.0", url("/30/hello"))).toBe("hello");
  });

  test.runIf(hasCurl)("curl uses a connection again, unless it asked to close it", () => {
    const connects = (...args: string[]): string =>
      curl("--write-out", "%{num_connects} ", ...args, url("/1/a"), url("/1/b"), url("/1/c"));
    expect(connects()).toBe("a1 b0 c0 ");
    expect(connects("--header", "Connection: close")).toBe("a1 b1 c1 ");
    expect(connects("--http1.0")).toBe("a1 b1 c1 ");
    expect(connects("--http1.0", "--header", "Connection: keep-alive")).toBe("a1 b0 c0 ");
  });

  test.runIf(hasCurl)("curl sees the statuses of what cannot be answered", () => {
    const status = (...args: string[]): string =>
      curl("--output", "/dev/null", "--write-out", "%{http_code}", ...args);
    expect(status(url("/"))).toBe("404");
    expect(status(url("/x/y"))).toBe("404");
    expect(status(url("/999999999/y"))).toBe("400");
    expect(status("--head", url("/1/x"))).toBe("405");
    expect(status("--data", "body", url("/1/x"))).toBe("405");
    expect(status("--request", "GET", "--data", "body", url("/1/x"))).toBe("413");
    expect(
      status("--request", "GET", "--data", "body", "--header", "Transfer-Encoding: chunked", url("/1/x")),
    ).toBe("411");
  });
});

/** Writes to a fresh connection and gives what comes back. The server ends the connection, or the test does not end. */
async function exchange(port: number, ...pieces: string[]): Promise<string> {
  const socket = connect({ host: "127.0.0.1", port, noDelay: true });
  const send = async (): Promise<void> => {
    for (const piece of pieces) await new Promise((resolve) => socket.write(piece, "latin1", resolve));
  };
  const [text] = await Promise.all([receive(socket), send()]);
  socket.destroy();
  return text;
}

async function receive(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await once(socket, "end");
  return text;
}

/** The responses in a text, with their statuses, `Connection` fields and bodies. */
function responses(text: string): string[] {
  const found: string[] = [];
  for (let rest = text; rest !== ""; ) {
    const head = /^HTTP\/1\.1 (\d{3}) [^\r\n]+\r\n(?:[^\r\n]+\r\n)*\r\n/.exec(rest);
    if (head === null) throw new Error(`not a response: ${JSON.stringify(rest)}`);
    // In HTTP/1.1 it goes without saying.
    const connection = /\r\nConnection: (.*)\r\n/.exec(head[0])?.[1] ?? "keep-alive";
    const length = Number(/\r\nContent-Length: (\d+)\r\n/.exec(head[0])?.[1]);
    const body = rest.slice(head[0].length, head[0].length + length);
    rest = rest.slice(head[0].length + length);
    found.push(`${head[1]} ${connection} ${body.trim()}`);
  }
  return found;
}

describe("delay: --serve, byte by byte", () => {
  const server = sharedServer();
  const send = async (...pieces: string[]): Promise<string[]> =>
    responses(await exchange(server.port(), ...pieces));
  const close = "Host: x\r\nConnection: close\r\n\r\n";

  test("a connection is kept for HTTP/1.1 and ended for HTTP/1.0, unless a header says otherwise", async () => {
    const http11 = "GET /1/a HTTP/1.1\r\nHost: x\r\n\r\n";
    expect(await send(http11, `GET /1/b HTTP/1.1\r\n${close}`)).toEqual(["200 keep-alive a", "200 close b"]);
    expect(await send("GET /1/a HTTP/1.0\r\n\r\n")).toEqual(["200 close a"]);
    const kept = "GET /1/a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n";
    expect(await send(kept, "GET /1/b HTTP/1.0\r\n\r\n")).toEqual(["200 keep-alive a", "200 close b"]);
    expect(await send("GET /1/a HTTP/1.1\r\nHost: x\r\nConnection: upgrade, Close\r\n\r\n")).toEqual([
      "200 close a",
    ]);
  });

  test("pipelined requests are answered in order, however long each takes", async () => {
    const all = [60, 0, 30, 1].map((ms, i) => `GET /${ms}/m${i} HTTP/1.1\r\nHost: x\r\n\r\n`).join("");
    expect(await send(`${all}GET /2/end HTTP/1.1\r\n${close}`)).toEqual([
      "200 keep-alive m0",
      "200 keep-alive m1",
      "200 keep-alive m2",
      "200 keep-alive m3",
      "200 close end",
    ]);
  });

  test("it makes no difference how the bytes are cut", async () => {
    const text = `\r\nGET /1/a HTTP/1.1\r\nHost: x\r\n\r\nGET /1/b HTTP/1.1\r\n${close}`;
    const expected = ["200 keep-alive a", "200 close b"];
    expect(await send(...text)).toEqual(expected);
    for (let at = 1; at < text.length; at += 3) {
      expect(await send(text.slice(0, at), text.slice(at))).toEqual(expected);
    }
  });

  test("the target may name the server, and an empty line may come first", async () => {
    expect(
      await send("\r\nGET http://example.org/1/a HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"),
    ).toEqual(["200 close a"]);
  });

  test("what is not found, and a method that is not answered, keep the connection", async () => {
    const head = "HTTP/1.1\r\nHost: x\r\n\r\n";
    expect(
      await send(`GET / ${head}GET /1/ ${head}DELETE /1/x ${head}GET /1/b HTTP/1.1\r\n${close}`),
    ).toEqual([
      "404 keep-alive try /{ms}/{message}, for example /500/hello",
      "404 keep-alive try /{ms}/{message}, for example /500/hello",
      "405 keep-alive only GET is answered here",
      "200 close b",
    ]);
  });

  test("the answer to a HEAD has no body", async () => {
    const text = await exchange(server.port(), `HEAD /1/x HTTP/1.1\r\n${close}`);
    expect(text).toMatch(/^HTTP\/1\.1 405 /);
    expect(text.endsWith("\r\n\r\n")).toBe(true);
  });

  const malformed: [what: string, text: string, status: number][] = [
    ["no request", "nonsense\r\n\r\n", 400],
    ["no version", "GET /1/x\r\n\r\n", 400],
    ["a version that is none", "GET /1/x HTTX/1.1\r\nHost: x\r\n\r\n", 400],
    ["a version of the future", "GET /1/x HTTP/2.0\r\nHost: x\r\n\r\n", 505],
    ["two spaces", "GET  /1/x HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a space in the target", "GET /1/x y HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["bytes above ASCII in the target", "GET /1/\xff HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a method that is no token", "G(T /1/x HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["lines that end with LF alone", "GET /1/x HTTP/1.1\nHost: x\n\n", 400],
    ["a CR alone", "GET /1/x HTTP/1.1\r\nHost: x\rFoo: y\r\n\r\n", 400],
    ["two CR", "GET /1/x HTTP/1.1\r\r\nHost: x\r\n\r\n", 400],
    ["a NUL", "GET /1/x HTTP/1.1\r\nHost: x\r\nFoo: a\0b\r\n\r\n", 400],
    ["a TLS hello", "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1", 400],
    ["no Host", "GET /1/x HTTP/1.1\r\n\r\n", 400],
    ["two Hosts", "GET /1/x HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400],
    ["a header without a colon", "GET /1/x HTTP/1.1\r\nHost: x\r\nFoo\r\n\r\n", 400],
    ["a space before a colon", "GET /1/x HTTP/1.1\r\nHost: x\r\nFoo : y\r\n\r\n", 400],
    ["a header without a name", "GET /1/x HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400],
    ["a folded header", "GET /1/x HTTP/1.1\r\nHost: x\r\nFoo: a\r\n b\r\n\r\n", 400],
    ["a length that is none", "GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400],
    ["two lengths", "GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", 400],
    ["a list of lengths", "GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0, 0\r\n\r\n", 400],
    [
      "a coding and a length",
      "GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      400,
    ],
    ["a coding in HTTP/1.0", "GET /1/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
    ["a coding", "GET /1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 411],
    ["a percent that means nothing", "GET /1/%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a delay of years", "GET /99999999999/x HTTP/1.1\r\nHost: x\r\n\r\n", 400],
    ["a head without end", `GET /1/x HTTP/1.1\r\nHost: x\r\nFoo: ${"y".repeat(20_000)}`, 431],
    ["a target without end", `GET /1/${"y".repeat(20_000)}`, 414],
  ];
  test.each(malformed)("%s is answered once, and the connection ends", async (_what, text, status) => {
    // Nothing that follows may be taken for a request.
    const found = await send(text, `GET /1/smuggled HTTP/1.1\r\n${close}`);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${status} close .`));
  });

  test("the body of a request is not taken for another request", async () => {
    const smuggled = `GET /1/smuggled HTTP/1.1\r\n${close}`;
    const length = `Content-Length: ${smuggled.length}`;
    expect(await send(`GET /1/x HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${smuggled}`)).toEqual([
      "413 close a GET needs no body",
    ]);
    expect(await send(`POST /1/x HTTP/1.1\r\nHost: x\r\n${length}\r\n\r\n${smuggled}`)).toEqual([
      "405 close only GET is answered here",
    ]);
    expect(await send(`GET /1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n${smuggled}`)).toEqual([
      "200 keep-alive x",
      "200 close smuggled",
    ]);
  });

  test("a head that ends in the middle, with the connection, is not answered", async () => {
    // RFC 9112, 8, leaves it to the server. Who ends its side before its request is whole counts as gone: so it does to nginx.
    const socket = connect({ host: "127.0.0.1", port: server.port(), allowHalfOpen: true });
    const received = receive(socket);
    socket.end("GET /1/x HTT");
    expect(responses(await received)).toEqual([]);
  });

  test("clients that come and go in all ways leave the server as it was", async () => {
    for (let i = 0; i < 30; i++) {
      const socket = connect({ host: "127.0.0.1", port: server.port() });
      socket.on("error", () => {});
      await once(socket, "connect");
      if (i % 3 > 0) socket.write(i % 3 === 1 ? "GET /1/" : "GET /5/x HTTP/1.1\r\nHost: x\r\n\r\n");
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }
    expect(await send(`GET /1/still-here HTTP/1.1\r\n${close}`)).toEqual(["200 close still-here"]);
  });
});

describe("delay: shutting down", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "%s: accepting stops, what is in flight is answered, exit 0",
    async (name) => {
      const program = new Program("--serve", "--port", "0");
      const port = await program.port();
      const idle = connect({ host: "127.0.0.1", port });
      await once(idle, "connect");
      const idleEnds = once(idle, "end");
      idle.resume();
      const answered = exchange(port, "GET /1000/hello HTTP/1.1\r\nHost: x\r\n\r\n");
      await program.says(/exchange > Sleep/);
      program.child.kill(name);
      await program.says(new RegExp(`${name}: 1 in flight`));
      // A connection that owes nothing to anybody is ended at once.
      await idleEnds;
      await expect(exchange(port, "GET /1/late HTTP/1.1\r\nHost: x\r\n\r\n")).rejects.toMatchObject({
        code: expect.stringMatching(/^ECONN(REFUSED|RESET)$/),
      });
      expect(responses(await answered)).toEqual(["200 close hello"]);
      const { code, output, errors } = await program.ends();
      expect([code, errors]).toEqual([0, ""]);
      expect(output).toContain("1 answered, 0 cancelled");
      idle.destroy();
    },
  );

  test("what is still in flight after the grace is cancelled, exit 0", async () => {
    const program = new Program("--serve", "--port", "0", "--grace", "50");
    const port = await program.port();
    const cancelled = exchange(port, "GET /60000/hello HTTP/1.1\r\nHost: x\r\n\r\n");
    await program.says(/exchange > Sleep/);
    program.child.kill("SIGINT");
    expect(await cancelled).toBe("");
    const { code, output, errors } = await program.ends();
    expect([code, errors]).toEqual([0, ""]);
    expect(output).toContain("0 answered, 1 cancelled");
  });

  test("a second Ctrl-C ends at once, with 130", async () => {
    const program = new Program("--serve", "--port", "0");
    const port = await program.port();
    const cut = exchange(port, "GET /60000/hello HTTP/1.1\r\nHost: x\r\n\r\n").catch(() => "");
    await program.says(/exchange > Sleep/);
    program.child.kill("SIGINT");
    await program.says(/SIGINT:/);
    program.child.kill("SIGINT");
    expect((await program.ends()).code).toBe(130);
    expect(await cut).toBe("");
  });

  test("the client stops too: what was answered is in the table, exit 0", async () => {
    const program = new Program("--requests", "20");
    await program.says(/and so on/);
    program.child.kill("SIGINT");
    const { code, output, errors } = await program.ends();
    expect([code, errors]).toEqual([0, ""]);
    expect(output).toMatch(/^all at once +\d+/m);
    expect(output).not.toContain("one after another");
  });
});
