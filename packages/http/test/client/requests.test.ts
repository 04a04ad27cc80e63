import { advance, Cursor, co, duplex, type Future, fromPromise, Runtime, Stream, sleep, spawn } from "pollux";
import { describe, expect, test } from "vitest";
import { type ClientRequestOptions, HttpClient, type RequestBody } from "../../src/index.ts";
import { codeOf, requesting } from "../support/requesting.ts";
import { ScriptedServer } from "../support/scripted.ts";
import { reactors, turn, until } from "../support/serving.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

describe("requests that cannot be sent", () => {
  const client = new HttpClient();
  const url = "http://127.0.0.1:1/";
  const refused: readonly (readonly [string, ClientRequestOptions])[] = [
    ["CR LF in a value", { headers: { a: "b\r\nc: d" } }],
    ["LF in a value", { headers: { a: "b\nc" } }],
    ["NUL in a value", { headers: [["a", "b\0"]] }],
    ["a value that is no byte string", { headers: { a: "\u20ac" } }],
    ["CR LF in a name", { headers: { "a\r\nb": "c" } }],
    ["a space in a name", { headers: { "a b": "c" } }],
    ["an empty name", { headers: { "": "c" } }],
    ["a colon in a name", { headers: { "a:": "c" } }],
    ["CR LF in a method", { method: "GET / HTTP/1.1\r\nX:" }],
    ["a space in a method", { method: "GE T" }],
    ["an empty method", { method: "" }],
    ["CONNECT", { method: "CONNECT" }],
    ["CR LF in a target", { target: "/a\r\nX: y" }],
    ["a space in a target", { target: "/a b" }],
    ["a fragment in a target", { target: "/a#b" }],
    ["a target that is no path", { target: "http://other/" }],
    ["* for another method than OPTIONS", { target: "*" }],
    ["a Transfer-Encoding", { headers: { "Transfer-Encoding": "chunked" } }],
    ["a Connection with other options", { headers: { Connection: "upgrade" } }],
    ["an Upgrade", { headers: { Upgrade: "websocket" } }],
    ["a Keep-Alive", { headers: { "Keep-Alive": "timeout=1" } }],
    [
      "two hosts",
      {
        headers: [
          ["Host", "a"],
          ["host", "b"],
        ],
      },
    ],
    ["a host that is none", { headers: { Host: "a/b" } }],
    [
      "two lengths",
      {
        body: "a",
        headers: [
          ["Content-Length", "1"],
          ["content-length", "1"],
        ],
      },
    ],
    ["a length that is none", { body: "a", headers: { "Content-Length": "1e3" } }],
    ["a length that is not the body's", { body: "ab", headers: { "Content-Length": 1 } }],
    ["CR LF in a protocol", { upgrade: "a\r\nb" }],
    ["a body of numbers", { body: 5 as unknown as RequestBody }],
    ["a form", { body: new URLSearchParams("a=b") as unknown as RequestBody }],
    ["TRACE with a body", { method: "TRACE", body: "a" }],
    ["a signal that is none", { signal: {} as AbortSignal }],
  ];
  test.each(refused)("HttpClient: %s is a TypeError at the call", (_, options) => {
    expect(() => client.request(url, options)).toThrow(TypeError);
  });

  test("HttpClient: URLs that are none, and of other schemes, with users", () => {
    for (const bad of ["", "/a", "ftp://a/", "file:///a", "http://u:p@a/", "http://u@a/"])
      expect(() => client.request(bad), bad).toThrow(TypeError);
  });

  test("HttpClient: options that make no sense", () => {
    expect(() => new HttpClient({ connectionsPerOrigin: 0 })).toThrow(RangeError);
    expect(() => new HttpClient({ headTimeout: -1 })).toThrow(RangeError);
    expect(() => new HttpClient({ queue: "1" as unknown as number })).toThrow(TypeError);
    expect(() => new HttpClient({ proxy: "socks5://a" })).toThrow(TypeError);
    expect(() => new HttpClient({ socketPath: "" })).toThrow(TypeError);
    expect(() => new HttpClient({ socketPath: "/a", proxy: "http://a" })).toThrow(TypeError);
    expect(() => client.request(url, { maxRedirects: -1 })).toThrow(RangeError);
    expect(() => client.close({ grace: -1 })).toThrow(RangeError);
    expect(() => new HttpClient({ tls: { ca: 5 as unknown as string } })).toThrow();
  });
});

describe.each(reactors)("requests on the %s reactor", (_, options) => {
  const r = requesting(options);

  const ask = (client: HttpClient, url: string, request: ClientRequestOptions = {}): Future<string> =>
    asking(client, url, request);
  const asking = co(function* (client: HttpClient, url: string, request: ClientRequestOptions) {
    return yield* (yield* client.request(url, request)).text();
  });

  /** What is sent for a request, to the byte. */
  async function sent(request: ClientRequestOptions, path = "a?b#c"): Promise<string> {
    let text = "";
    const server = await r.scripted(async (peer) => {
      await until(() => peer.ended);
      text = peer.text;
    });
    const client = r.client();
    const handle = r.runtime.spawn(client.request(server.url + path, request)).observed();
    await until(() => server.peers.length === 1);
    const [peer] = server.peers;
    let before = "";
    do {
      before = peer?.text ?? "";
      for (let n = 0; n < 20; n++) await turn();
    } while (peer?.text !== before || before === "");
    client.destroy();
    await codeOf(handle);
    await until(() => text !== "" || peer?.closed === true);
    return (peer?.text ?? "").replace(/127\.0\.0\.1:\d+/, "host");
  }

  test("HttpClient: a request without a body", async () => {
    expect(await sent({})).toBe("GET /a?b HTTP/1.1\r\nHost: host\r\n\r\n");
    expect(await sent({ method: "DELETE" })).toBe("DELETE /a?b HTTP/1.1\r\nHost: host\r\n\r\n");
    expect(await sent({ method: "POST" })).toBe(
      "POST /a?b HTTP/1.1\r\nHost: host\r\nContent-Length: 0\r\n\r\n",
    );
    expect(await sent({ method: "OPTIONS", target: "*" })).toBe("OPTIONS * HTTP/1.1\r\nHost: host\r\n\r\n");
  });

  test("HttpClient: headers of all kinds", async () => {
    const lines = "X: a\r\ny: \xe4\r\ny: 2\r\nHost: other:81\r\n";
    const head = (text: string) => text.split("\r\n").slice(1, -2).sort();
    const expected = head(`\r\n${lines}\r\n`);
    expect(
      head(await sent({ headers: { X: "a", y: ["\xe4", "2"], Host: "other:81", z: undefined } })),
    ).toEqual(expected);
    expect(
      head(
        await sent({
          headers: [
            ["X", "a"],
            ["y", "\xe4"],
            ["y", "2"],
            ["Host", "other:81"],
          ],
        }),
      ),
    ).toEqual(expected);
    expect(await sent({ headers: new Headers({ a: "b" }) })).toContain("\r\na: b\r\n");
    expect(await sent({ headers: { connection: "close" } })).toContain("\r\nConnection: close\r\n");
  });

  const BODIES: readonly (readonly [string, () => RequestBody, string, boolean])[] = [
    ["text", () => "h\xe4", "h\xc3\xa4", true],
    ["bytes", () => new Uint8Array([1, 2]), "\x01\x02", true],
    ["an ArrayBuffer", () => new Uint8Array([1, 2]).buffer, "\x01\x02", true],
    ["a view", () => new DataView(new Uint8Array([0, 1, 2]).buffer, 1), "\x01\x02", true],
    ["a Blob", () => new Blob(["abc"]), "abc", true],
    ["a Reader", () => new Cursor(Buffer.from("abc")), "abc", false],
    ["a Stream", () => Stream.from(["ab", "", "c"]), "abc", false],
    [
      "a generator",
      () =>
        (function* () {
          yield "ab";
          yield new Uint8Array([99]);
        })(),
      "abc",
      false,
    ],
    [
      "an async generator",
      () =>
        (async function* () {
          yield "ab";
          await turn();
          yield "c";
        })(),
      "abc",
      false,
    ],
    ["a ReadableStream", () => new Blob(["abc"]).stream(), "abc", false],
    ["a function", () => () => ["a", "bc"], "abc", false],
  ];
  test.each(BODIES)("HttpClient: a body of %s", async (_, make, bytes, hasLength) => {
    const text = await sent({ method: "PUT", body: make() });
    const [head = "", ...rest] = text.split("\r\n\r\n");
    const body = rest.join("\r\n\r\n");
    if (hasLength) {
      expect(head).toContain(`Content-Length: ${bytes.length}`);
      expect(body).toBe(bytes);
    } else {
      expect(head).toContain("Transfer-Encoding: chunked");
      expect(body).toMatch(/0\r\n\r\n$/);
      expect(body.replaceAll(/[\da-f]+\r\n(.*?)\r\n/gs, "$1")).toBe(bytes);
      const withLength = await sent({
        method: "PUT",
        body: make(),
        headers: { "content-length": bytes.length },
      });
      expect(withLength).toContain(`Content-Length: ${bytes.length}\r\n\r\n${bytes}`);
    }
  });

  test.each([
    ["shorter", 4],
    ["longer", 2],
  ])(
    "HttpClient: a body that is %s than its Content-Length fails, and is not taken for one",
    async (_, length) => {
      const server = await r.scripted((peer) => peer.gone());
      const client = r.client();
      const request = { method: "PUT", body: ["abc"], headers: { "Content-Length": length } };
      expect(await codeOf(r.run(ask(client, server.url, request)))).toBe("TypeError");
      await server.peers[0]?.gone();
    },
  );

  test("HttpClient: what a body fails with is what the request fails with", async () => {
    const server = await r.scripted((peer) => peer.gone());
    const client = r.client();
    const failure = new Error("no more");
    let isCleanedUp = false;
    const body = async function* () {
      try {
        yield "a";
        throw failure;
      } finally {
        isCleanedUp = true;
      }
    };
    await expect(r.run(ask(client, server.url, { method: "PUT", body: body() }))).rejects.toBe(failure);
    expect(isCleanedUp).toBe(true);
    await server.peers[0]?.gone();
  });

  test("HttpClient: a body is taken as the server takes it, and closed when the request is given up", async () => {
    const server = await r.scripted(() => {});
    server.server.on("connection", (socket) => socket.pause());
    const client = r.client();
    let made = 0;
    let isClosed = false;
    const body = async function* () {
      try {
        for (;;) {
          made += 65_536;
          yield new Uint8Array(65_536);
        }
      } finally {
        isClosed = true;
      }
    };
    const handle = r.runtime.spawn(client.request(server.url, { method: "PUT", body: body() })).observed();
    for (let before = -1; before !== made; ) {
      before = made;
      for (let n = 0; n < 50; n++) await turn();
    }
    expect(made).toBeGreaterThan(0);
    expect(made).toBeLessThan(32 * 1024 * 1024);
    handle.abort();
    await codeOf(handle);
    await until(() => isClosed);
  });

  test("HttpClient: a response that comes before the request is whole is read, and its connection not used again", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    });
    const client = r.client();
    const [body] = duplex(64);
    const main = co(function* () {
      const response = yield* client.request(server.url, { method: "POST", body });
      expect(response.status).toBe(413);
      return yield* response.text();
    });
    expect(await r.run(main())).toBe("no");
    expect(client.connections).toBe(0);
    await server.peers[0]?.gone();
  });

  test("HttpClient: a server that answers, and closes with the request half sent, is heard", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
      peer.socket.end();
      peer.socket.pause();
    });
    const client = r.client();
    const body = (async function* () {
      for (let n = 0; n < 200; n++) yield new Uint8Array(65_536);
    })();
    expect(await r.run(ask(client, server.url, { method: "POST", body }))).toBe("no");
  });

  test("HttpClient: both directions at once, as long as both sides want", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const part of ["one", "two"]) {
        await peer.until(part);
        peer.send(`3\r\n${part}\r\n`);
      }
      await peer.until("0\r\n\r\n");
      peer.send("0\r\n\r\n");
    });
    const client = r.client();
    const main = co(function* () {
      const [ours, theirs] = duplex(64);
      const response = yield* client.request(server.url, { method: "POST", body: theirs });
      const buf = new Uint8Array(10);
      for (const part of ["one", "two"]) {
        yield* ours.writeAll(Buffer.from(part));
        expect(yield* response.body.read(buf)).toBe(3);
        expect(Buffer.from(buf.subarray(0, 3)).toString()).toBe(part);
      }
      yield* ours.shutdown();
      expect(yield* response.body.read(buf)).toBe(0);
    });
    await r.run(main());
    expect(client.idleConnections).toBe(1);
  });

  describe("Expect: 100-continue", () => {
    test("HttpClient: the body is sent when the server says so", async () => {
      const server = await r.scripted(async (peer) => {
        expect(await peer.head()).toContain("\r\nExpect: 100-continue\r\n");
        for (let n = 0; n < 20; n++) await turn();
        expect(peer.text).toBe("");
        peer.send("HTTP/1.1 100 Continue\r\n\r\n");
        await peer.until("abc");
        peer.send(OK);
      });
      const client = r.client({ continueTimeout: Number.POSITIVE_INFINITY });
      const request = { method: "POST", body: "abc", expectContinue: true };
      expect(await r.run(ask(client, server.url, request))).toBe("hi");
      expect(client.idleConnections).toBe(1);
    });

    test("HttpClient: the body is not sent after another answer, and the connection is closed", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno");
        await peer.gone();
        expect(peer.text).toBe("");
      });
      const client = r.client({ continueTimeout: Number.POSITIVE_INFINITY });
      const request = { method: "POST", body: "abc", headers: { Expect: "100-continue" } };
      expect(await r.run(ask(client, server.url, request))).toBe("no");
      expect(client.connections).toBe(0);
    });

    test("HttpClient: the body is sent after a while all the same", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.until("abc");
        peer.send(OK);
      });
      const client = r.client({ continueTimeout: 5 });
      const request = { method: "POST", body: "abc", expectContinue: true };
      expect(await r.run(ask(client, server.url, request))).toBe("hi");
    });
  });

  describe("upgrades", () => {
    test("HttpClient: 101 hands the connection over, with what came behind it", async () => {
      const server = await r.scripted(async (peer) => {
        expect(await peer.head()).toContain("\r\nConnection: Upgrade\r\nUpgrade: echo\r\n");
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nfirst");
        await peer.until("ping");
        peer.socket.end("pong");
      });
      const client = r.client();
      const main = co(function* () {
        const response = yield* client.request(server.url, { upgrade: "echo" });
        expect(response.status).toBe(101);
        const stream = response.upgrade();
        expect(client.connections).toBe(0);
        expect(client.activeRequests).toBe(0);
        const buf = new Uint8Array(5);
        yield* stream.readExact(buf);
        expect(Buffer.from(buf).toString()).toBe("first");
        yield* stream.writeAll(Buffer.from("ping"));
        expect(yield* stream.readToString()).toBe("pong");
        stream.close();
        expect(() => response.upgrade()).toThrow("closed");
      });
      await r.run(main());
    });

    test("HttpClient: a connection that nobody takes over is closed, and never used again", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
        await peer.gone();
      });
      const client = r.client();
      expect(await r.run(ask(client, server.url, { upgrade: "echo" }))).toBe("");
      expect(client.connections).toBe(0);
      const response = await r.run(client.request(server.url, { upgrade: "echo" }));
      response.close();
      expect(client.connections).toBe(0);
      for (const peer of server.peers) await peer.gone();
    });

    test("HttpClient: a server that does not change the protocol answers as always", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send(OK);
      });
      const client = r.client();
      const main = co(function* () {
        const response = yield* client.request(server.url, { upgrade: "echo" });
        expect(() => response.upgrade()).toThrow(TypeError);
        return yield* response.text();
      });
      expect(await r.run(main())).toBe("hi");
    });
  });

  describe("signals and times", () => {
    test("HttpClient: a signal that has fired sends nothing", async () => {
      const server = await r.scripted(() => {});
      const client = r.client();
      const reason = new Error("enough");
      const request = client.request(server.url, { signal: AbortSignal.abort(reason) });
      await expect(r.run(request)).rejects.toBe(reason);
      expect(server.peers.length).toBe(0);
    });

    test("HttpClient: a signal gives up the wait for the head, with its reason", async () => {
      const server = await r.scripted((peer) => peer.gone());
      const client = r.client();
      const controller = new AbortController();
      const handle = r.runtime.spawn(client.request(server.url, { signal: controller.signal })).observed();
      await until(() => server.peers[0]?.text.endsWith("\r\n\r\n") === true);
      const reason = new Error("enough");
      controller.abort(reason);
      await expect(handle.then()).rejects.toBe(reason);
      await server.peers[0]?.gone();
    });

    test("HttpClient: a signal gives up the read of a body, and closes also when nobody reads", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
      });
      const client = r.client();
      const reason = new Error("enough");
      for (const isReading of [true, false]) {
        const controller = new AbortController();
        const response = await r.run(client.request(server.url, { signal: controller.signal }));
        const handle = isReading ? r.runtime.spawn(response.text()).observed() : null;
        for (let n = 0; n < 10; n++) await turn();
        controller.abort(reason);
        expect(client.connections).toBe(0);
        await expect((handle ?? r.runtime.spawn(response.text())).then()).rejects.toBe(reason);
        await expect(r.run(response.text())).rejects.toBe(reason);
      }
    });

    test("HttpClient: no listener stays behind on a signal", async () => {
      const server = await r.scripted(async (peer) => {
        while ((await peer.head()) !== "") peer.send(OK);
      });
      const client = r.client();
      const { signal } = new AbortController();
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: Parameters<AbortSignal["addEventListener"]>) => {
        listeners++;
        addEventListener.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<AbortSignal["removeEventListener"]>) => {
        listeners--;
        removeEventListener.apply(signal, args);
      };
      for (let n = 0; n < 3; n++) await r.run(ask(client, server.url, { signal }));
      expect(listeners).toBe(0);
    });

    test.each([
      ["headTimeout", "HTTP_HEAD_TIMEOUT", ""],
      ["headTimeout", "HTTP_HEAD_TIMEOUT", "HTTP/1.1 200 OK\r\nContent-Le"],
      ["bodyTimeout", "HTTP_BODY_TIMEOUT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"],
      ["requestTimeout", "HTTP_REQUEST_TIMEOUT", ""],
      ["requestTimeout", "HTTP_REQUEST_TIMEOUT", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe"],
    ])("HttpClient: %s, of the client and of the request (%s after %j)", async (name, code, text) => {
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send(text);
        await peer.gone();
      });
      for (const client of [r.client({ [name]: 20 }), r.client()]) {
        expect(await codeOf(r.run(ask(client, server.url, { [name]: 20 })))).toBe(code);
        expect(client.connections).toBe(0);
      }
      for (const peer of server.peers) await peer.gone();
    });

    test("HttpClient: a server that takes nothing of the request meets headTimeout", async () => {
      await using server = await ScriptedServer.start((peer) => peer.socket.pause());
      const client = r.client({ headTimeout: 30 });
      const endless = (function* () {
        for (;;) yield new Uint8Array(65_536);
      })();
      const request = { method: "PUT", body: endless };
      expect(await codeOf(r.run(ask(client, server.url, request)))).toBe("HTTP_HEAD_TIMEOUT");
    });

    test("HttpClient: a body that takes its time does not", async () => {
      const server = await r.scripted(async (peer) => {
        await peer.until("0\r\n\r\n");
        peer.send(OK);
      });
      const runtime = new Runtime({ ...options, clock: "paused" });
      const main = co(function* () {
        const client = new HttpClient({ headTimeout: 1000 });
        const slow = Stream.make<string>(function* (emit) {
          yield* sleep(10_000);
          yield* emit("a");
        });
        const handle = spawn(ask(client, server.url, { method: "PUT", body: slow }));
        while (server.peers[0]?.text.endsWith("\r\n\r\n") !== true) yield* fromPromise(turn());
        yield* advance(10_000);
        expect(yield* handle).toBe("hi");
        client.destroy();
      });
      await runtime.run(main());
    });
  });
});

test("HttpClient: bodyTimeout counts while somebody reads, and not between", async () => {
  await using server = await ScriptedServer.start(async (peer) => {
    await peer.head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhe");
    await until(() => isLate);
    peer.send("y!");
  });
  let isLate = false;
  const runtime = new Runtime({ clock: "paused" });
  const main = co(function* () {
    using client = new HttpClient({ bodyTimeout: 100 });
    const response = yield* client.request(server.url);
    const buf = new Uint8Array(10);
    expect(yield* response.body.read(buf)).toBe(2);
    yield* sleep(1000);
    isLate = true;
    expect(yield* response.body.read(buf)).toBe(2);
  });
  await runtime.run(main());
});
