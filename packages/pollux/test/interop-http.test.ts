import { once } from "node:events";
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import {
  co,
  fromPromise,
  readerFromNode,
  readerFromWeb,
  run,
  spawn,
  toHandler,
  writerFromNode,
} from "../src/index.ts";
import { until } from "./support/net.ts";

// Requests and responses of `node:http` as a reader and a writer.

let server: Server | undefined;

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
});

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  server = createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** Sends back what comes, chunk by chunk. */
const echo = co(function* (request: IncomingMessage, response: ServerResponse) {
  const reader = readerFromNode(request);
  const writer = writerFromNode(response);
  const buf = new Uint8Array(1000);
  for (let n: number; (n = yield* reader.read(buf)) > 0; ) yield* writer.writeAll(buf.subarray(0, n));
  yield* writer.shutdown();
});

test("readerFromNode, writerFromNode: echo a request, and leave no listener of theirs behind", async () => {
  let exchange: [IncomingMessage, ServerResponse] | undefined;
  const handler = toHandler(echo);
  const port = await serve((request, response) => {
    exchange = [request, response];
    handler(request, response);
  });
  const sent = request({ port, host: "127.0.0.1", method: "POST" });
  sent.end("x".repeat(100_000));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let size = 0;
  for await (const chunk of response) size += chunk.length;
  expect(size).toBe(100_000);
  await until(() => exchange?.[1].closed === true);
  const [got, answered] = exchange ?? [];
  for (const name of ["readable", "close"]) expect([name, got?.listenerCount(name)]).toEqual([name, 0]);
  for (const name of ["drain", "close"]) expect([name, answered?.listenerCount(name)]).toEqual([name, 0]);
});

test("readerFromNode: a client that goes away in the middle of its request fails the read with ECONNRESET", async () => {
  let failure: unknown;
  let began = false;
  const port = await serve((request) => {
    const receive = co(function* () {
      const reader = readerFromNode(request);
      const buf = new Uint8Array(1000);
      while ((yield* reader.read(buf)) > 0) began = true;
    });
    receive().then(
      () => {},
      (error: unknown) => {
        failure = error;
      },
    );
  });
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.write("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf");
  await until(() => began);
  socket.destroy();
  await until(() => failure !== undefined);
  expect(failure).toMatchObject({ code: "ECONNRESET" });
});

test("writerFromNode: a client that does not read holds the writer up, and its going away fails the write", async () => {
  let failure: unknown;
  let written = 0;
  const port = await serve((_request, response) => {
    const send = co(function* () {
      const writer = writerFromNode(response);
      const buf = new Uint8Array(65_536);
      for (;;) written += yield* writer.write(buf);
    });
    send().then(
      () => {},
      (error: unknown) => {
        failure = error;
      },
    );
  });
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  // Until the buffers of the system are full, it goes on.
  for (let before = -1; before !== written || written === 0; ) {
    before = written;
    for (let n = 0; n < 50; n++) await new Promise<void>((resolve) => setImmediate(resolve));
  }
  socket.destroy();
  await until(() => failure !== undefined);
  expect(["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"]).toContain((failure as { code: string }).code);
});

test("readerFromWeb: a body of fetch is read as it comes, and a cancel closes the connection", async () => {
  let left = false;
  const port = await serve((request, response) => {
    request.socket.on("close", () => {
      left = true;
    });
    response.write("half of it");
  });
  let read = 0;
  const main = co(function* () {
    const download = co(function* () {
      const { body } = yield* fromPromise((signal) => fetch(`http://127.0.0.1:${port}`, { signal }));
      const reader = readerFromWeb(body as ReadableStream<Uint8Array>);
      try {
        const buf = new Uint8Array(100);
        for (let n: number; (n = yield* reader.read(buf)) > 0; ) read += n;
      } finally {
        yield* fromPromise(reader[Symbol.asyncDispose]());
      }
    });
    const task = spawn(download());
    yield* fromPromise(until(() => read === 10));
    task.abort();
    yield* fromPromise(until(() => left));
  });
  await run(main());
});
