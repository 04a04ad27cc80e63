import { co } from "pollux";
import { describe, expect, test } from "vitest";
import type { ClientRequestOptions } from "../../src/index.ts";
import { codeOf, requesting } from "../support/requesting.ts";
import type { Peer } from "../support/scripted.ts";
import { reactors, turn, until } from "../support/serving.ts";

/** Answers each request with this, as it is. */
const always = (text: string) => async (peer: Peer) => {
  while ((await peer.head()) !== "") peer.send(text);
};

describe.each(reactors)("responses on the %s reactor", (_, options) => {
  const r = requesting(options);

  const whole = co(function* (url: string, request: ClientRequestOptions = {}) {
    const response = yield* client().request(url, request);
    const text = yield* response.text();
    return { status: response.status, text, trailers: [...response.trailers] };
  });
  let current: ReturnType<typeof r.client>;
  const client = () => current;

  const FRAMINGS: readonly (readonly [string, string, string, boolean])[] = [
    ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello", true],
    ["a length of 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true],
    [
      "chunks",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nDigest: z\r\n\r\n",
      "hello",
      true,
    ],
    ["no body by 204", "HTTP/1.1 204 No Content\r\n\r\n", "", true],
    ["no body by 304", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "", true],
    [
      "1xx before",
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
      "hi",
      true,
    ],
    [
      "HTTP/1.0 that is kept",
      "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
      "hi",
      true,
    ],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", "hi", false],
    ["Connection: close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi", "hi", false],
  ];

  test.each(FRAMINGS)(
    "HttpClient: a response with %s, in pieces cut at every byte",
    async (_, text, body, isKept) => {
      let cut = 0;
      const server = await r.scripted(async (peer) => {
        while ((await peer.head()) !== "") {
          const at = cut;
          peer.socket.setNoDelay(true);
          peer.send(text.slice(0, at));
          await turn();
          await turn();
          peer.send(text.slice(at));
        }
      });
      current = r.client();
      for (cut = 0; cut < text.length; cut++) {
        expect((await r.run(whole(server.url))).text).toBe(body);
        if (isKept) expect(current.idleConnections).toBe(1);
      }
      if (isKept) expect(server.peers.length).toBe(1);
      else expect(server.peers.length).toBe(text.length);
    },
  );

  test.each([false, true])(
    "HttpClient: bytes that nobody asked for end a connection (they come later: %s)",
    async (isLate) => {
      const stray = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad";
      const server = await r.scripted(async (peer) => {
        await peer.head();
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi${isLate ? "" : stray}`);
        if (!isLate) return;
        await until(() => current.idleConnections === 1);
        peer.send(stray);
        isSent = true;
      });
      let isSent = false;
      current = r.client();
      for (let n = 1; n <= 3; n++) {
        isSent = false;
        expect((await r.run(whole(server.url))).text).toBe("hi");
        if (isLate) await until(() => isSent);
        for (let turns = 0; turns < 10; turns++) await turn();
        expect(server.peers.length).toBe(n);
      }
    },
  );

  test("HttpClient: a body up to the end of the connection", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 200 OK\r\n\r\nhel");
      await turn();
      peer.socket.end("lo");
    });
    current = r.client();
    expect((await r.run(whole(server.url))).text).toBe("hello");
    expect(current.connections).toBe(0);
  });

  test("HttpClient: trailers are there behind the body", async () => {
    const server = await r.scripted(
      always("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nA: b\r\n\r\n"),
    );
    current = r.client();
    expect((await r.run(whole(server.url))).trailers).toEqual([["a", "b"]]);
  });

  test("HttpClient: HEAD has no body, whatever its length says", async () => {
    const server = await r.scripted(always("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"));
    current = r.client();
    for (let n = 0; n < 3; n++) expect((await r.run(whole(server.url, { method: "HEAD" }))).text).toBe("");
    expect(server.peers.length).toBe(1);
  });

  const OK = "HTTP/1.1 200 OK\r\n";
  const BROKEN: readonly (readonly [string, string, string])[] = [
    ["two lengths", `${OK}Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi`, "HTTP_BAD_LENGTH"],
    ["one length twice", `${OK}Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi`, "HTTP_BAD_LENGTH"],
    ["a list of lengths", `${OK}Content-Length: 2, 2\r\n\r\nhi`, "HTTP_BAD_LENGTH"],
    ["a negative length", `${OK}Content-Length: -2\r\n\r\nhi`, "HTTP_BAD_LENGTH"],
    ["a length with a sign", `${OK}Content-Length: +2\r\n\r\nhi`, "HTTP_BAD_LENGTH"],
    [
      "a length and a coding",
      `${OK}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      "HTTP_BAD_CODING",
    ],
    ["a coding after chunked", `${OK}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, "HTTP_BAD_CODING"],
    ["an unknown coding", `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, "HTTP_UNKNOWN_CODING"],
    [
      "a coding in HTTP/1.0",
      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP_BAD_CODING",
    ],
    ["a folded field", `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`, "HTTP_BAD_FIELD"],
    ["a space before the colon", `${OK}A : b\r\n\r\n`, "HTTP_BAD_FIELD"],
    ["NUL in a value", `${OK}A: b\0c\r\n\r\n`, "HTTP_BAD_FIELD"],
    ["a bare line feed", "HTTP/1.1 200 OK\nA: b\n\n", "HTTP_BAD_LINE"],
    ["a carriage return in a line", `${OK}A: b\rc\r\n\r\n`, "HTTP_BAD_FIELD"],
    ["another protocol", "ICY 200 OK\r\n\r\n", "HTTP_BAD_VERSION"],
    ["HTTP/2", "HTTP/2.0 200 OK\r\n\r\n", "HTTP_VERSION_NOT_SUPPORTED"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", "HTTP_BAD_STATUS"],
    ["a status above 599", "HTTP/1.1 600 OK\r\n\r\n", "HTTP_BAD_STATUS"],
    ["a head that is too long", `${OK}A: ${"b".repeat(20_000)}\r\n\r\n`, "HTTP_HEAD_TOO_LONG"],
    ["too many fields", `${OK}${"A: b\r\n".repeat(101)}\r\n`, "HTTP_HEAD_TOO_LONG"],
    ["too many 1xx", "HTTP/1.1 102 Processing\r\n\r\n".repeat(17), "HTTP_TOO_MANY_INFORMATIONAL"],
    [
      "an upgrade that nobody asked for",
      "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: a\r\n\r\n",
      "HTTP_BAD_UPGRADE",
    ],
    ["a chunk's size that is none", `${OK}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, "HTTP_BAD_CHUNK"],
    [
      "a chunk's size with 0x",
      `${OK}Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n`,
      "HTTP_BAD_CHUNK",
    ],
    [
      "a chunk longer than it says",
      `${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nhi\r\n0\r\n\r\n`,
      "HTTP_BAD_CHUNK",
    ],
    [
      "a length in the trailers",
      `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 2\r\n\r\n`,
      "HTTP_BAD_TRAILER",
    ],
  ];

  test.each(BROKEN)(
    "HttpClient: a response with %s is refused, and its connection closed",
    async (_, text, code) => {
      const server = await r.scripted(always(text));
      current = r.client();
      expect(await codeOf(r.run(whole(server.url)))).toBe(code);
      expect(current.connections).toBe(0);
      await server.peers[0]?.gone();
      // A broken response is no reason to ask again.
      expect(server.peers.length).toBe(1);
    },
  );

  test("HttpClient: a server that closes at each byte of a response", async () => {
    const text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let cut = 0;
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.socket.end(text.slice(0, cut), "latin1");
    });
    current = r.client();
    const headEnds = text.indexOf("\r\n\r\n") + 4;
    for (cut = 0; cut < text.length; cut++) {
      expect(await codeOf(r.run(whole(server.url)))).toBe(
        cut < headEnds ? "HTTP_SERVER_GONE" : "HTTP_TRUNCATED",
      );
      expect(current.connections).toBe(0);
    }
    expect((await r.run(whole(server.url))).text).toBe("hello");
    // On a new connection there is nothing to try again.
    expect(server.peers.length).toBe(text.length + 1);
  });

  test("HttpClient: a server that resets in the middle of a body", async () => {
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
      await until(() => isRead);
      peer.socket.resetAndDestroy();
    });
    let isRead = false;
    current = r.client();
    const main = co(function* () {
      const response = yield* current.request(server.url);
      const buf = new Uint8Array(10);
      expect(yield* response.body.read(buf)).toBe(2);
      isRead = true;
      yield* response.body.read(buf);
    });
    expect(await codeOf(r.run(main()))).toBe("HTTP_SERVER_GONE");
  });

  test("HttpClient: what is not read of a body stays with the server", async () => {
    let sent = 0;
    const server = await r.scripted(async (peer) => {
      await peer.head();
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${1 << 30}\r\n\r\n`);
      const piece = Buffer.alloc(65_536);
      const more = (): void => {
        while (peer.socket.write(piece)) sent += piece.length;
      };
      peer.socket.on("drain", more);
      more();
    });
    current = r.client();
    const response = await r.run(current.request(server.url));
    for (let before = -1; before !== sent; ) {
      before = sent;
      for (let n = 0; n < 50; n++) await turn();
    }
    expect(sent).toBeLessThan(32 * 1024 * 1024);
    response.close();
    await server.peers[0]?.gone();
    expect(current.connections).toBe(0);
  });

  test("ClientResponse: discard reads a short rest over, and closes on a long one", async () => {
    const server = await r.scripted(async (peer) => {
      for (;;) {
        const head = await peer.head();
        if (head === "") return;
        const size = head.startsWith("GET /long") ? 100_000 : 1000;
        peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${"x".repeat(size)}`);
      }
    });
    current = r.client();
    const main = co(function* (path: string) {
      const response = yield* current.request(server.url + path);
      yield* response.discard();
    });
    await r.run(main("short"));
    expect(current.idleConnections).toBe(1);
    await r.run(main("long"));
    expect(current.connections).toBe(0);
  });

  test("ClientResponse: bytes, text and json, with a limit", async () => {
    const text = JSON.stringify({ text: "ä".repeat(50_000) });
    const server = await r.scripted(async (peer) => {
      for (let head = await peer.head(); head !== ""; head = await peer.head()) {
        const bytes = Buffer.from(`\ufeff${text}`);
        peer.send(
          head.startsWith("GET /chunks")
            ? `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n`
            : `HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`,
        );
        if (!head.startsWith("GET /chunks")) peer.socket.write(bytes);
        else {
          for (let at = 0; at < bytes.length; at += 1000) {
            const piece = bytes.subarray(at, at + 1000);
            peer.send(`${piece.length.toString(16)}\r\n`);
            peer.socket.write(piece);
            peer.send("\r\n");
          }
          peer.send("0\r\n\r\n");
        }
      }
    });
    current = r.client();
    for (const path of ["length", "chunks"]) {
      const main = co(function* () {
        const ask = () => current.request(server.url + path);
        expect(yield* (yield* ask()).text()).toBe(text);
        expect(yield* (yield* ask()).json()).toEqual(JSON.parse(text));
        expect(yield* (yield* ask()).bytes()).toEqual(new Uint8Array(Buffer.from(`\ufeff${text}`)));
        expect(current.idleConnections).toBe(1);
      });
      await r.run(main());
      const tooMuch = co(function* () {
        yield* (yield* current.request(server.url + path)).text({ maxLength: 1000 });
      });
      expect(await codeOf(r.run(tooMuch()))).toBe("POLLUX_TOO_LONG");
      expect(current.connections).toBe(0);
    }
  });
});
