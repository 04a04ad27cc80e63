import { expect } from "vitest";
import type { Reactor } from "../../src/reactor/reactor.ts";
import type { Runtime } from "../../src/runtime/runtime.ts";
import { until } from "./net.ts";

/** How many sockets and the like a runtime has open. */
export function openSources(runtime: Runtime): number {
  // Known to the executor by its name alone; `undefined` before it is first needed.
  return (runtime.handle.reactor as Reactor | undefined)?.openSources ?? 0;
}

/** For the end of a test: nobody waits in a runtime, and what it has opened is closed, or is as soon as the system knows. */
export async function nothingLeft(runtime: Runtime): Promise<void> {
  expect(runtime.handle.outstanding, "outstanding").toBe(0);
  await until(() => openSources(runtime) === 0);
}
