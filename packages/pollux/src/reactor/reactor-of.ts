import cluster from "node:cluster";
import type { ReactorSlot, RuntimeHandle } from "../core/context.ts";
import { UnsupportedError } from "../core/errors.ts";
import { EpollReactor } from "./epoll/epoll-reactor.ts";
import { loadNative } from "./epoll/native.ts";
import { NodeReactor } from "./node/node-reactor.ts";
import type { Reactor } from "./reactor.ts";

/**
 * The runtime's reactor, made when the first source is opened: a program that does none of this carries no reactor.
 *
 * @throws NoRuntimeError in a context that was made without a runtime
 * @throws UnsupportedError if `"epoll"` was asked for and cannot be had
 */
export function reactorOf(runtime: RuntimeHandle): Reactor {
  runtime.reactor ??= make(runtime);
  // Nobody but this function fills the slot, and `RuntimeOptions` asks for a function that makes a Reactor.
  return runtime.reactor as Reactor;
}

function make({ reactorChoice: choice }: RuntimeHandle): ReactorSlot {
  if (typeof choice === "function") return choice();
  if (choice === "node") return new NodeReactor();
  if (choice === "auto" && cluster.isWorker)
    return new NodeReactor(
      "a worker of node:cluster listens through the primary, which only Node's sockets can",
    );
  const loaded = loadNative();
  if ("native" in loaded) return new EpollReactor(loaded.native);
  if (choice === "epoll")
    throw new UnsupportedError('reactor: "epoll"', `${loaded.reason}; "auto" takes the node reactor then`);
  return new NodeReactor(loaded.reason);
}
