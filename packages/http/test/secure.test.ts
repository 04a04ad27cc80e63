import { Agent, request as httpsRequest } from "node:https";
import { connect } from "node:tls";
import { CancelledError, co, duplex, run, sleep, spawn, TcpListener } from "pollux";
import { describe, expect, test } from "vitest";
import { ca, server as certificate } from "../../pollux/test/support/tls-certificates.ts";
import { fetchHandler, type Handler, type StreamOptions, serveConnection } from "../src/index.ts";
import { reactors, serving, until } from "./support/serving.ts";

const tell: Handler = (request, response) =>
  response.send(`${request.scheme} ${request.peerAddress?.host} ${request.target}`);

function get(port: number, path: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { host: "127.0.0.1", port, path, ca, agent, servername: "localhost" },
      (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => resolve(text));
      },
    );
    request.on("error", reject).end();
  });
}

describe.each(reactors)("HTTPS on the %s reactor", (_, options) => {
  const s = serving(options);

  test("serve: with a certificate it speaks HTTPS, and tells handlers so", async () => {
    const server = await s.start(tell, { tls: certificate });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (const path of ["/a", "/b"]) expect(await get(s.port, path, agent)).toBe(`https 127.0.0.1 ${path}`);
    expect(server.connections).toBe(1);
    agent.destroy();
    await until(() => server.connections === 0);
  });

  test("serve: a client that cuts TLS short is no failure of anybody's", async () => {
    const server = await s.start(tell, { tls: certificate });
    const socket = connect({ host: "127.0.0.1", port: s.port, ca, servername: "localhost" });
    socket.on("error", () => {});
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    socket.write("GET /a HTTP/1.1\r\nHost: a\r\n\r\n");
    await until(() => text.endsWith("/a"));
    socket.destroy();
    await until(() => server.connections === 0);
  });

  test("serve: a Web request has an https URL; a large body goes both ways", async () => {
    await s.start(
      fetchHandler((request) => new Response(request.url.padEnd(300_000, "x"))),
      { tls: certificate },
    );
    const agent = new Agent();
    const text = await get(s.port, "/a", agent);
    expect([text.slice(0, 8), text.length]).toEqual(["https://", 300_000]);
    agent.destroy();
  });

  test("serve: who speaks no TLS is told of apart, and is no failure of a handler", async () => {
    const failures: unknown[] = [];
    const server = await s.start(tell, { tls: certificate, onTlsError: (error) => failures.push(error) });
    const client = await s.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    await client.end();
    await until(() => server.connections === 0);
    expect(failures.length).toBe(1);
  });

  test("close: a handshake that hangs is given up with the grace", async () => {
    const server = await s.start(tell, { tls: certificate });
    await s.client();
    await until(() => server.connections === 1);
    await s.runtime.spawn(server.close({ grace: 5 }));
    expect(server.connections).toBe(0);
  });

  test("close: a connection whose handshake ends meanwhile is closed when it has had its answer", async () => {
    const server = await s.start(tell, { tls: certificate });
    const socket = connect({ host: "127.0.0.1", port: s.port, ca, servername: "localhost" });
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    await until(() => server.connections === 1);
    const closed = s.runtime.spawn(server.close());
    socket.write("GET /late HTTP/1.1\r\nHost: a\r\n\r\n");
    await closed;
    await until(() => socket.closed || socket.destroyed);
    expect(text === "" || text.includes("Connection: close")).toBe(true);
  });

  test("serveConnection: a stream that somebody else has accepted", async () => {
    const main = co(function* () {
      const listener = yield* TcpListener.bind("127.0.0.1:0");
      const answer = fetch(`http://127.0.0.1:${listener.localAddress.port}/x`, {
        headers: { connection: "close" },
      });
      const stream = yield* listener.accept();
      yield* serveConnection(stream, tell);
      listener.close();
      return answer;
    });
    expect(await (await s.runtime.run(main())).text()).toBe("http 127.0.0.1 /x");
  });
});

const closing = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

describe("serveConnection", () => {
  const answered = co(function* (handler: Handler, options: StreamOptions) {
    const [client, server] = duplex(16);
    const served = spawn(serveConnection(server, handler, options));
    const reading = spawn(client.readToString());
    yield* client.writeAll(Buffer.from(closing));
    const text = yield* reading;
    client.close();
    yield* served;
    return text;
  });

  test("over a pipe of 16 bytes, with the address and the scheme that it is told", async () => {
    const peerAddress = { host: "::1", port: 7, family: "IPv6" } as const;
    const text = await run(answered(tell, { peerAddress, scheme: "https" }));
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\nhttps ::1 \/a$/s);
    expect(await run(answered(tell, {}))).toMatch(/http undefined \/a$/);
  });

  test("a cancel cancels the handler, awaits its cleanup, and closes the stream", async () => {
    const seen: string[] = [];
    const main = co(function* () {
      const [client, server] = duplex(1000);
      const served = spawn(
        serveConnection(
          server,
          co(function* () {
            try {
              yield* sleep(60_000);
            } finally {
              yield* sleep(1);
              seen.push("cleaned up");
            }
          }),
        ),
      );
      yield* client.writeAll(Buffer.from(closing));
      yield* sleep(1);
      served.abort();
      try {
        yield* served;
      } catch (error) {
        expect(error).toBeInstanceOf(CancelledError);
      }
      seen.push(yield* client.readToString());
      client.close();
    });
    await run(main());
    expect(seen).toEqual(["cleaned up", ""]);
  });

  test("bad arguments throw at the call", () => {
    const [, server] = duplex(1);
    expect(() => serveConnection({} as never, tell)).toThrow(TypeError);
    expect(() => serveConnection(server, {} as never)).toThrow(TypeError);
    expect(() => serveConnection(server, tell, { scheme: "ftp" as never })).toThrow(TypeError);
    expect(() => serveConnection(server, tell, { requestTimeout: 0 })).toThrow(RangeError);
  });
});
