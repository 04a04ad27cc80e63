import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";
import { serve as serveHono } from "@hono/node-server";
import { type Fetch, fetchHandler, type Handler, serve } from "@pollux/http";
import { Hono } from "hono";
import { co, never, Runtime } from "pollux";
import type { Load } from "./programs.ts";

// Run as: node server.js PEER LOAD. Prints its port; ends with its input. Each server is written as its users would.

const [peer = "", givenLoad = ""] = process.argv.slice(2);
const load = givenLoad as Load; // Checked by the tables below.

interface Order {
  customer: string;
  items: { id: number; name: string; price: number }[];
}

function answerOf(order: Order): string {
  const total = order.items.reduce((sum, { price }) => sum + price, 0);
  return JSON.stringify({ customer: order.customer, count: order.items.length, total, items: order.items });
}

const app = new Hono();
app.get("/hello/:name", (c) => c.json({ hello: c.req.param("name") }));

const hello: Handler = (_, response) => {
  response.add("Content-Type", "text/plain").send("hello, world");
};

const ours: Record<Load, Handler> = {
  hello,
  pipeline: hello,
  json: co(function* (request, response) {
    const order: Order = JSON.parse(yield* request.text());
    response.add("Content-Type", "application/json").send(answerOf(order));
  }),
  hono: fetchHandler(app.fetch as Fetch, { replaceGlobals: true }), // As its own server does. It may also be given bindings.
};

function nodeHello(_: IncomingMessage, response: ServerResponse): void {
  const body = "hello, world";
  response.writeHead(200, { "Content-Type": "text/plain", "Content-Length": body.length }).end(body);
}

const nodes: Record<Exclude<Load, "hono">, RequestListener> = {
  hello: nodeHello,
  pipeline: nodeHello,
  json: (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const order: Order = JSON.parse(Buffer.concat(pieces).toString());
      const body = answerOf(order);
      response.writeHead(200, {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(body),
      });
      response.end(body);
    });
  },
};

createInterface({ input: process.stdin }).on("close", () => process.exit(0));

if (peer === "hono-node-server") {
  serveHono({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }, ({ port }) => console.log(port));
} else if (peer === "node-http") {
  if (load === "hono") throw new Error("Hono runs on node:http by its adapter: the peer hono-node-server");
  const server = createServer(nodes[load]);
  server.listen(0, "127.0.0.1", () => console.log((server.address() as AddressInfo).port));
} else {
  const main = co(function* () {
    const server = yield* serve({ host: "127.0.0.1", port: 0 }, ours[load]);
    console.log(server.localAddress.port);
    yield* never();
  });
  await new Runtime({ reactor: peer === "pollux-node" ? "node" : "auto" }).run(main());
}
