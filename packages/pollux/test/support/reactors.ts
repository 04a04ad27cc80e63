import { loadNative } from "../../src/reactor/epoll/native.ts";
import type { RuntimeOptions } from "../../src/runtime/runtime.ts";

/** The reactors with which this machine talks to others, by name. */
export const reactors: readonly [name: string, options: RuntimeOptions][] =
  "native" in loadNative()
    ? [
        ["epoll", { reactor: "epoll" }],
        ["node", { reactor: "node" }],
      ]
    : [["node", { reactor: "node" }]];
