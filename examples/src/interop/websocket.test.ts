import { once } from "node:events";
import { connect } from "node:net";
import { type HttpServer, nodeHandler, serve } from "@pollux/http";
import { co, never, Runtime, sleep } from "pollux";
import { WebSocket as UndiciSocket } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { echo, webSockets } from "./websocket.ts";

const errors: unknown[] = [];
let runtime: Runtime;
let server: HttpServer | undefined;

async function start(converse: Parameters<typeof webSockets>[0]): Promise<number> {
  runtime = new Runtime();
  const handler = nodeHandler((_, response) => response.end("no socket"), { upgrade: webSockets(converse) });
  const options = { host: "127.0.0.1", port: 0, onError: (error: unknown) => void errors.push(error) };
  server = await runtime.spawn(serve(options, handler));
  return server.localAddress.port;
}

afterEach(async () => {
  if (server !== undefined) await runtime.spawn(server.close({ grace: 0 }));
  server = undefined;
  expect(runtime.handle.outstanding).toBe(0);
  expect(errors.splice(0)).toEqual([]);
});

/** What comes of these messages, sent one after the other. */
async function exchange(url: string, messages: (string | Buffer)[]): Promise<unknown[]> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const answers: unknown[] = [];
  for (const message of messages) {
    socket.send(message);
    const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
    answers.push(isBinary ? data.toString("latin1") : data.toString());
  }
  socket.close(4001, "enough");
  const [code] = (await once(socket, "close")) as [number];
  return [...answers, code];
}

describe("WebSocket over @pollux/http, by ws", () => {
  test("ws's client: text, bytes, a megabyte, a ping, and the code of the close", async () => {
    const url = `ws://127.0.0.1:${await start(echo)}/`;
    const large = Buffer.alloc(1_000_000, 7);
    expect(await exchange(url, ["hüllo", Buffer.from([1, 2]), large, ""])).toEqual([
      "hüllo",
      "\x01\x02",
      "\x07".repeat(1_000_000),
      "",
      4001,
    ]);
    const socket = new WebSocket(url);
    await once(socket, "open");
    socket.ping("are you there");
    expect(String((await once(socket, "pong"))[0])).toBe("are you there");
    socket.close();
    await once(socket, "close");
  });

  test("Node's own client, which is undici's", async () => {
    const socket = new UndiciSocket(`ws://127.0.0.1:${await start(echo)}/`);
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    const answer = new Promise((resolve) => socket.addEventListener("message", ({ data }) => resolve(data)));
    socket.send("hello");
    expect(await answer).toBe("hello");
    const closed = new Promise((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
    socket.close(1000);
    expect(await closed).toBe(1000);
  });

  test("many messages at once come back in order", async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${await start(echo)}/`);
    await once(socket, "open");
    const answers: string[] = [];
    const all = new Promise<void>((resolve) => {
      socket.on("message", (data) => {
        answers.push(String(data));
        if (answers.length === 500) resolve();
      });
    });
    for (let n = 0; n < 500; n++) socket.send(`message ${n}`);
    await all;
    expect(answers).toEqual(Array.from({ length: 500 }, (_, n) => `message ${n}`));
    socket.terminate();
  });

  test("a message in the same packet as the handshake is not lost", async () => {
    const socket = connect({ host: "127.0.0.1", port: await start(echo) });
    const head =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    // A frame of the text "hi", masked with zeros.
    socket.write(Buffer.concat([Buffer.from(head), Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69])]));
    let text = "";
    for await (const chunk of socket.setEncoding("latin1")) {
      text += chunk;
      if (text.endsWith("\x81\x02hi")) break;
    }
    expect(text).toContain("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  });

  test("a request that asks for no upgrade, and a handshake that is none", async () => {
    const port = await start(echo);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("no socket");
    const socket = connect({ host: "127.0.0.1", port });
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    let text = "";
    for await (const chunk of socket.setEncoding("latin1")) text += chunk;
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  test.each(["a client that vanishes", "the end of the server"])(
    "the coroutine is cancelled by %s",
    async (what) => {
      let ended: () => void = () => {};
      const end = new Promise<void>((resolve) => {
        ended = resolve;
      });
      let begun: () => void = () => {};
      const beginning = new Promise<void>((resolve) => {
        begun = resolve;
      });
      const wait = co(function* () {
        try {
          begun();
          yield* never();
        } finally {
          ended();
        }
      });
      const socket = new WebSocket(`ws://127.0.0.1:${await start(wait)}/`);
      socket.on("error", () => {});
      await once(socket, "open");
      await beginning;
      if (what === "a client that vanishes") socket.terminate();
      else if (server !== undefined) await runtime.spawn(server.close({ grace: 0 }));
      await end;
    },
  );

  test("what it fails with is reported, and the client told", async () => {
    const fails = co(function* () {
      yield* sleep(1);
      throw new Error("failed");
    });
    const socket = new WebSocket(`ws://127.0.0.1:${await start(fails)}/`);
    expect((await once(socket, "close"))[0]).toBe(1011);
    while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(errors.splice(0)).toEqual([new Error("failed")]);
  });
});
