import type { Suite } from "../harness/case.ts";
import { idleBytes, netCase } from "./cases.ts";

const KIB = 1024;

const small = { mode: "echo", size: 64, buffer: 16 * KIB } as const;
const busy = { ...small, connections: 64 } as const;
const bulk = { size: 64 * KIB, buffer: 64 * KIB, connections: 1 } as const;

/** TCP servers, beside Node's own sockets and an epoll loop in C. Server and load run on one processor. */
export const net: Suite = {
  name: "net",
  groups: [
    [
      netCase({
        ...small,
        name: "echo-1x64",
        about: "64 bytes there and back, one connection",
        connections: 1,
        targets: [{ peer: "node-net", atMost: 1 / 1.1 }],
      }),
    ],
    [
      netCase({
        ...busy,
        name: "echo-64x64",
        about: "64 bytes there and back, 64 connections",
        targets: [{ peer: "node-net", atMost: 1 / 1.9 }],
      }),
      netCase({
        ...busy,
        name: "echo-64x64-cpu",
        about: "the server's CPU time of it",
        figure: "cpu",
        targets: [{ peer: "c-epoll", atMost: 1.3 }],
      }),
      netCase({ ...busy, name: "echo-64x64-p50", about: "the median of it", figure: "p50" }),
      netCase({ ...busy, name: "echo-64x64-p99", about: "the 99th percentile of it", figure: "p99" }),
    ],
    [
      netCase({
        ...bulk,
        name: "bulk-in",
        about: "64 KiB received",
        mode: "in",
        targets: [{ peer: "node-net", atMost: 1 / 1.3 }],
      }),
    ],
    [
      netCase({
        ...bulk,
        name: "bulk-out",
        about: "64 KiB sent",
        mode: "out",
        targets: [{ peer: "node-net", atMost: 1 / 1.05 }],
      }),
    ],
    [idleBytes],
  ],
};
