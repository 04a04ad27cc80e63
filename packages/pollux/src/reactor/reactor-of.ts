import type { ReactorSlot, RuntimeHandle } from "../core/context.ts";
import { NodeReactor } from "./node/node-reactor.ts";
import type { Reactor } from "./reactor.ts";

/**
 * The runtime's reactor, made when the first source is opened: a program that does none of this carries no reactor.
 *
 * @throws NoRuntimeError in a context that was made without a runtime
 */
export function reactorOf(runtime: RuntimeHandle): Reactor {
  runtime.reactor ??= make(runtime);
  // Nobody but this function fills the slot, and `RuntimeOptions` asks for a function that makes a Reactor.
  return runtime.reactor as Reactor;
}

function make({ reactorChoice }: RuntimeHandle): ReactorSlot {
  return typeof reactorChoice === "function" ? reactorChoice() : new NodeReactor();
}
