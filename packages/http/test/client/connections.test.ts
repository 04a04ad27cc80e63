import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync } from "node:fs";
import { co, type Future, JoinSet, Runtime, sleep, spawn } from "pollux";
import { describe, expect, test } from "vitest";
import { type ClientRequestOptions, HttpClient, serve } from "../../src/index.ts";
import { cancelAtEveryPoll } from "../support/cancel-at-every-poll.ts";
import { codeOf, requesting } from "../support/requesting.ts";
import type { Peer } from "../support/scripted.ts";
import { reactors, turn, until } from "../support/serving.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

const asking = co(function* (client: HttpClient, url: string, request: ClientRequestOptions) {
  return yield* (yield* client.request(url, request)).text();
});
const ask = (client: HttpClient, url: string, request: ClientRequestOptions = {}): Future<string> =>
  asking(client, url, request);

/** Answers so many requests, and then does something else. */
const answers =
  (count: number, then: (peer: Peer) => unknown = () => {}, text = OK) =>
  async (peer: Peer): Promise<void> => {
    for (let n = 0; n < count; n++) {
      if ((await peer.head()) === "") return;
      peer.send(text);
    }
    await then(peer);
  };

describe.each(reactors)("connections on the %s reactor", (name, options) => {
  const r = requesting(options);

  test("HttpClient: a connection is kept, one for each origin", async () => {
    const [one, two] = [await r.scripted(answers(9)), await r.scripted(answers(9))];
    const client = r.client();
    for (let n = 0; n < 4; n++)
      for (const { url } of [one, two]) expect(await r.run(ask(client, url))).toBe("hi");
    expect([one.peers.length, two.peers.length]).toEqual([1, 1]);
    expect(client.idleConnections).toBe(2);
    // What is idle waits for nothing: it keeps neither the process nor a paused clock from going on.
    expect(r.runtime.metrics()).toMatchObject({ timers: 0, outstanding: 0 });
    // The same host by another name is another origin.
    expect(await r.run(ask(client, one.url.replace("127.0.0.1", "localhost"), {}))).toBe("hi");
    expect(one.peers.length).toBe(2);
  });

  test("HttpClient: the runtime is on this reactor", async () => {
    const server = await r.scripted(answers(1));
    await r.run(ask(r.client(), server.url));
    expect(r.runtime.reactor).toBe(name);
  });

  test("HttpClient: requests beyond the limit wait in order, and one that gives up loses its place alone", async () => {
    const order: string[] = [];
    const server = await r.scripted(async (peer) => {
      for (let head = await peer.head(); head !== ""; head = await peer.head()) {
        order.push(head.slice(5, 6));
        for (let n = 0; n < 3; n++) await turn();
        peer.send(OK);
      }
    });
    const client = r.client({ connectionsPerOrigin: 1 });
    const handles = [..."0123456"].map((path) => r.runtime.spawn(ask(client, server.url + path)).observed());
    await until(() => client.waitingRequests === 6);
    handles[2]?.abort();
    handles[4]?.abort();
    await Promise.allSettled(handles.map((handle) => handle.then()));
    expect(order.join("")).toBe("01356");
    expect(server.peers.length).toBe(1);
  });

  test("HttpClient: a queue has a limit, and a wait in it a time", async () => {
    const server = await r.scripted(() => {});
    for (const [more, code] of [
      [{ queue: 1 }, "HTTP_QUEUE_FULL"],
      [{ queueTimeout: 20 }, "HTTP_QUEUE_TIMEOUT"],
    ] as const) {
      const client = r.client({ connectionsPerOrigin: 1, ...more });
      const count = server.peers.length;
      const first = r.runtime.spawn(ask(client, server.url)).observed();
      await until(() => server.peers.length === count + 1);
      const second = code === "HTTP_QUEUE_FULL" ? r.runtime.spawn(ask(client, server.url)).observed() : null;
      if (second !== null) await until(() => client.waitingRequests === 1);
      expect(await codeOf(r.run(ask(client, server.url)))).toBe(code);
      for (const handle of [second, first]) {
        handle?.abort();
        if (handle !== null) await codeOf(handle);
      }
      expect(client.waitingRequests).toBe(0);
      expect(client.connections).toBe(0);
    }
  });

  test("HttpClient: with a limit in all, an idle connection makes place for one to elsewhere", async () => {
    const [one, two] = [await r.scripted(answers(9)), await r.scripted(answers(9))];
    const client = r.client({ connections: 1 });
    for (let n = 1; n <= 3; n++) {
      for (const server of [one, two]) {
        expect(await r.run(ask(client, server.url))).toBe("hi");
        expect(server.peers.length).toBe(n);
        expect(client.connections).toBe(1);
      }
    }
  });

  test("HttpClient: a connection that the server ended while it was idle is not used", async () => {
    const server = await r.scripted(answers(1, (peer) => peer.socket.end()));
    const client = r.client();
    for (let n = 1; n <= 3; n++) {
      expect(await r.run(ask(client, server.url, { method: "POST", body: "a" }))).toBe("hi");
      for (let turns = 0; turns < 10; turns++) await turn();
      expect(server.peers.length).toBe(n);
    }
  });

  /** Ends the connection when the second request has come on it. */
  const endsOnReuse = (how: (peer: Peer) => void) => async (peer: Peer, index: number) => {
    if (index > 0) return answers(9)(peer);
    await peer.head();
    peer.send(OK);
    await peer.head();
    how(peer);
  };
  const ENDINGS: readonly (readonly [string, (peer: Peer) => void])[] = [
    ["ends", (peer) => peer.socket.end()],
    ["resets", (peer) => peer.socket.resetAndDestroy()],
  ];
  describe.each(ENDINGS)("a server that %s a connection that was kept", (_, how) => {
    test.each([
      ["GET", {}],
      ["HEAD", {}],
      ["DELETE", {}],
      ["PUT", { body: "again" }],
      ["PUT", { body: () => ["ag", "ain"] }],
      ["POST", { body: "again", idempotent: true }],
    ])("HttpClient: a %s is sent once more, on a new one", async (method, request) => {
      const server = await r.scripted(endsOnReuse(how));
      const client = r.client();
      await r.run(ask(client, server.url));
      if (method === "HEAD") {
        const response = await r.run(client.request(server.url, { method }));
        expect(response.status).toBe(200);
      } else expect(await r.run(ask(client, server.url, { method, ...request }))).toBe("hi");
      expect(server.peers.length).toBe(2);
      if ("body" in request) await until(() => server.peers[1]?.all.includes("ain") === true);
    });

    test.each([
      ["POST", { body: "a" }],
      ["PATCH", { body: "a" }],
      ["GET", { idempotent: false }],
      ["PUT", { body: ["a", "b"] }],
    ])("HttpClient: a %s that may not be sent twice fails", async (method, request) => {
      const server = await r.scripted(endsOnReuse(how));
      const client = r.client();
      await r.run(ask(client, server.url));
      expect(await codeOf(r.run(ask(client, server.url, { method, ...request })))).toBe("HTTP_SERVER_GONE");
      expect(server.peers.length).toBe(1);
      expect(client.connections).toBe(0);
    });

    test("HttpClient: nothing is sent again once a byte of the response has come", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send(OK);
        await peer.head();
        peer.socket.write("H", () => how(peer));
      });
      const client = r.client();
      await r.run(ask(client, server.url));
      expect(await codeOf(r.run(ask(client, server.url)))).toBe("HTTP_SERVER_GONE");
      expect(server.peers.length).toBe(1);
    });
  });

  test("HttpClient: a request that fails on a new connection is not sent again", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.socket.end();
    });
    expect(await codeOf(r.run(ask(r.client(), server.url)))).toBe("HTTP_SERVER_GONE");
    expect(server.peers.length).toBe(1);
  });

  test("HttpClient: nobody listens, and there is no such host", async () => {
    const server = await r.scripted(() => {});
    const { url } = server;
    await server[Symbol.asyncDispose]();
    server.peers.length = 0;
    const client = r.client();
    expect(await codeOf(r.run(ask(client, url)))).toBe("ECONNREFUSED");
    expect(client.connections).toBe(0);
    server[Symbol.asyncDispose] = async () => {};
  });

  test.each([
    ["timeout=1", 0],
    ["timeout=0, max=5", 0],
    ['max=5, timeout="600"', 1],
    ["max=5", 1],
    ["timeout=nonsense", 1],
  ])("HttpClient: Keep-Alive: %s leaves %i connections", async (value, count) => {
    const text = `HTTP/1.1 200 OK\r\nKeep-Alive: ${value}\r\nContent-Length: 2\r\n\r\nhi`;
    const server = await r.scripted(answers(1, () => {}, text));
    const client = r.client();
    await r.run(ask(client, server.url));
    expect(client.connections).toBe(count);
  });

  test("HttpClient: idleTimeout 0 keeps none, and neither does Connection: close", async () => {
    const server = await r.scripted(answers(1, (peer) => peer.gone()));
    for (const [more, request] of [
      [{ idleTimeout: 0 }, {}],
      [{}, { headers: { Connection: "close" } }],
    ] as const) {
      const client = r.client(more);
      await r.run(ask(client, server.url, request));
      expect(client.connections).toBe(0);
    }
    for (const peer of server.peers) await peer.gone();
  });

  test("HttpClient: a request that is cancelled at any poll leaves no connection but a whole one", async () => {
    const server = await r.scripted(async (peer) => {
      for (let head = await peer.head(); head !== ""; head = await peer.head()) {
        await turn();
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        await turn();
        peer.send("2\r\nhi\r\n");
        await turn();
        peer.send("0\r\n\r\n");
      }
    });
    const client = r.client({ connectionsPerOrigin: 1 });
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const held = r.runtime.spawn(ask(client, server.url)).observed();
      await until(() => client.activeRequests === 1);
      const main = co(function* () {
        return yield* cancelAt(ask(client, server.url, { method: "PUT", body: ["a", "b"] }));
      });
      const isCancelled = await r.run(main());
      await held;
      expect(client.activeRequests).toBe(0);
      expect(client.waitingRequests).toBe(0);
      expect(client.connections).toBe(client.idleConnections);
      expect(r.runtime.handle.outstanding).toBe(0);
      // Whatever was left of it, the next request finds its way.
      expect(await r.run(ask(client, server.url))).toBe("hi");
      return isCancelled;
    });
    expect(polls).toBeGreaterThan(3);
  });

  test("HttpClient: 10,000 requests that are cancelled leave no descriptor, task or timer", {
    timeout: 120_000,
  }, async () => {
    const server = await r.scripted(async (peer, index) => {
      while ((await peer.head()) !== "")
        if (index % 2 === 0) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
    });
    const client = r.client({ connectionsPerOrigin: 50, queue: Number.POSITIVE_INFINITY });
    const descriptors = () => readdirSync("/proc/self/fd").length;
    const many = co(function* (count: number) {
      const set = new JoinSet<unknown>();
      for (let n = 0; n < count; n++) set.spawn(ask(client, server.url));
      // Some are in the queue, some are connecting, some wait for a head and some for a body.
      while (server.peers.length < 20) yield* sleep(1);
      yield* set.shutdown();
    });
    const settle = async () => {
      for (const peer of server.peers) await peer.gone();
      for (const peer of server.peers.splice(0)) peer.socket.destroy();
      for (let n = 0; n < 20; n++) await turn();
    };
    await r.run(many(500));
    await settle();
    const before = descriptors();
    for (let n = 0; n < 20; n++) {
      await r.run(many(500));
      await settle();
    }
    expect(descriptors()).toBeLessThanOrEqual(before + 2);
    expect(client.connections).toBe(0);
    expect(client.activeRequests).toBe(0);
    expect(r.runtime.metrics()).toMatchObject({ alive: 0, timers: 0, outstanding: 0 });
  });

  describe("closing", () => {
    test("HttpClient: close ends idle connections, waits for what is under way, and takes nothing new", async () => {
      const server = await r.scripted(async (peer) => {
        for (let head = await peer.head(); head !== ""; head = await peer.head()) {
          if (head.startsWith("GET /slow")) await until(() => isReleased);
          peer.send(OK);
        }
      });
      let isReleased = false;
      const client = r.client();
      const main = co(function* () {
        const slow = spawn(ask(client, `${server.url}slow`));
        yield* ask(client, server.url);
        expect(client.connections).toBe(2);
        const closing = spawn(client.close());
        while (client.connections > 1) yield* sleep(1);
        expect(() => client.request(server.url)).not.toThrow();
        isReleased = true;
        expect(yield* slow).toBe("hi");
        yield* closing;
        expect(client.connections).toBe(0);
        yield* client.request(server.url);
      });
      expect(await codeOf(r.run(main()))).toBe("POLLUX_CLOSED");
    });

    test("HttpClient: past the grace what is under way fails, and so it does at destroy, with its reason", async () => {
      const server = await r.scripted((peer) => peer.gone());
      const client = r.client();
      const handles = [1, 2].map(() => r.runtime.spawn(ask(client, server.url)).observed());
      await until(() => server.peers.length === 2);
      await r.run(client.close({ grace: 5 }));
      for (const handle of handles) expect(await codeOf(handle)).toBe("POLLUX_CLOSED");
      for (const peer of server.peers) await peer.gone();

      const other = r.client({ connectionsPerOrigin: 1 });
      const more = [1, 2].map(() => r.runtime.spawn(ask(other, server.url)).observed());
      await until(() => other.waitingRequests === 1 && server.peers.length === 3);
      const reason = new Error("enough");
      other.destroy(reason);
      for (const handle of more) await expect(handle.then()).rejects.toBe(reason);
    });

    test("HttpClient: await using and using", async () => {
      const server = await r.scripted(answers(9));
      let client: HttpClient;
      {
        await using one = new HttpClient();
        client = one;
        await r.run(ask(one, server.url));
        expect(one.connections).toBe(1);
      }
      expect(client.connections).toBe(0);
      {
        using one = new HttpClient();
        client = one;
        await r.run(ask(one, server.url));
      }
      expect(client.connections).toBe(0);
      const other = r.client();
      const response = await r.run(other.request(server.url));
      {
        using _ = response;
      }
      expect(other.connections).toBe(0);
    });
  });

  test("HttpClient: a connection that was idle for idleTimeout is not used", async () => {
    const server = await r.scripted(answers(9));
    const runtime = new Runtime({ ...options, clock: "paused" });
    const main = co(function* () {
      const client = new HttpClient({ idleTimeout: 100 });
      for (const [wait, count] of [
        [0, 1],
        [99, 1],
        [100, 2],
        [1000, 3],
      ] as const) {
        yield* sleep(wait);
        yield* ask(client, server.url);
        expect(server.peers.length).toBe(count);
        expect(client.connections).toBe(1);
      }
      client.destroy();
    });
    await runtime.run(main());
  });

  test("HttpClient: an idle connection that the server ends is closed without another request", async () => {
    const server = await r.scripted(answers(1, (peer) => peer.socket.end()));
    const client = r.client();
    await r.run(ask(client, server.url));
    // A timer of the host's looks for it.
    await until(() => client.connections === 0);
    await server.peers[0]?.gone();
  });

  test("HttpClient: a response that is forgotten is told of, and one that is read is not", async () => {
    const server = await r.scripted(answers(9, () => {}, OK.replace("2", "3")));
    const client = r.client();
    const told: unknown[] = [];
    const listener = (message: unknown): unknown => told.push(message);
    subscribe("pollux:http:client:unread", listener);
    const forget = async (path: string): Promise<void> => {
      await r.run(client.request(server.url + path));
    };
    const kept = await r.run(client.request(`${server.url}kept`));
    const { body } = await r.run(client.request(`${server.url}body`));
    await forget("forgotten");
    // Whether it is found is the collector's to say, and it takes its time.
    for (let n = 0; n < 200 && told.length === 0; n++) {
      await turn();
      gc?.();
    }
    expect(told).toEqual([{ method: "GET", url: `${server.url}forgotten` }]);
    expect(client.connections).toBe(3);
    kept.close();
    body.close();
    unsubscribe("pollux:http:client:unread", listener);
  });

  test("HttpClient: over a Unix socket", { skip: process.platform === "win32" }, async () => {
    const { createServer } = await import("node:http");
    const { mkdtempSync, rmSync } = await import("node:fs");
    const { tmpdir } = await import("node:os");
    const { join } = await import("node:path");
    const folder = mkdtempSync(join(tmpdir(), "pollux-"));
    const socketPath = join(folder, "http");
    const server = createServer((request, response) => response.end(`${request.headers.host}${request.url}`));
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const client = r.client({ socketPath });
    expect(await r.run(ask(client, "http://name.test/path"))).toBe("name.test/path");
    expect(await r.run(ask(client, "http://name.test/other"))).toBe("name.test/other");
    expect(client.connections).toBe(1);
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  test("HttpClient: our own server, with many at a time", async () => {
    const client = r.client({ connectionsPerOrigin: 7 });
    const main = co(function* () {
      const server = yield* serve(
        { host: "127.0.0.1", port: 0 },
        co(function* (request, response) {
          yield* sleep(0);
          response.send(`<${request.target}>${yield* request.body.readToString()}`);
        }),
      );
      const url = `http://127.0.0.1:${server.localAddress.port}/`;
      const set = new JoinSet<string>();
      for (let n = 0; n < 300; n++) set.spawn(ask(client, url + n, { method: "POST", body: `b${n}` }));
      const texts: string[] = [];
      for (let n = 0; n < 300; n++) {
        const result = yield* set.joinNext();
        texts.push(String(result));
      }
      expect(client.connections).toBe(7);
      expect(server.connections).toBe(7);
      expect(texts.sort()).toEqual(Array.from({ length: 300 }, (_, n) => `</${n}>b${n}`).sort());
      yield* client.close();
      yield* server.close();
    });
    await r.run(main());
  });
});
