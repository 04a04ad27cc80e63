import type { Peer, Suite, Target } from "../harness/case.ts";
import { clientCase, httpCase } from "./cases.ts";
import type { Load } from "./programs.ts";

type Servers = Readonly<Partial<Record<Peer, Peer>>>;

const plain: Servers = { pollux: "pollux", "pollux-node": "pollux-node", "node-http": "node-http" };
const hono: Servers = {
  pollux: "pollux",
  "pollux-node": "pollux-node",
  "hono-node-server": "hono-node-server",
};

/** The time, the server's CPU time and the 99th percentile of one load. */
function casesOf(name: string, about: string, load: Load, servers: Servers, targets: readonly Target[]) {
  const cases = [
    httpCase({ name, about, load, servers, targets }),
    httpCase({ name: `${name}-cpu`, about: "the server's CPU time of it", load, servers, figure: "cpu" }),
  ];
  // wrk takes the time of a batch of requests, and not of each.
  if (load === "pipeline") return cases;
  return [
    ...cases,
    httpCase({ name: `${name}-p99`, about: "the 99th percentile of it", load, servers, figure: "p99" }),
  ];
}

/**
 * HTTP servers, beside Node's own and Hono's adapter to it, loaded by `wrk` on the same processor; and clients, beside
 * undici, on the same processor with one server.
 */
export const http: Suite = {
  name: "http",
  groups: [
    [
      ...casesOf("http-hello", "a GET, answered by text; 64 connections", "hello", plain, [
        { peer: "node-http", atMost: 1 / 2.7 },
      ]),
      httpCase({
        name: "http-hello-node",
        about: "the same, on the node reactor",
        load: "hello",
        servers: { pollux: "pollux-node", "node-http": "node-http" },
        targets: [{ peer: "node-http", atMost: 1 / 1.5 }],
      }),
    ],
    casesOf("http-json", "a POST with ten fields, JSON there and back", "json", plain, [
      { peer: "node-http", atMost: 1 / 2 },
    ]),
    casesOf("http-hono", "a GET to an app of Hono, answered by JSON", "hono", hono, [
      { peer: "hono-node-server", atMost: 1 / 1.5 },
    ]),
    casesOf("http-pipeline", "as http-hello, 16 requests at a time", "pipeline", plain, []),
    [
      clientCase({
        name: "http-client",
        about: "a GET and the text of its answer, 32 connections",
        targets: [{ peer: "undici", atMost: 1 / 1.2 }],
      }),
      clientCase({ name: "http-client-cpu", about: "the client's CPU time of it", figure: "cpu" }),
      clientCase({ name: "http-client-p99", about: "the 99th percentile of it", figure: "p99" }),
    ],
  ],
};
