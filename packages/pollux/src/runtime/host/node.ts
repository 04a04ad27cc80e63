import { AsyncResource, executionAsyncId, executionAsyncResource } from "node:async_hooks";
import type { Host } from "../../task/host.ts";
import { diagnostics } from "./diagnostics.ts";

/**
 * The async context that drains run in, so that no caller's leaks into the tasks of another.
 *
 * Most programs have nothing in any `AsyncLocalStorage`, and then a task has no context to carry: it saves 30 ns a
 * spawn and 15 ns a poll. So the host has to know, cheaply, whether a store was ever set inside of a drain. Up to Node
 * 22 a store is a property of the current resource, named by a private symbol; a prototype whose `set` is trapped sees
 * the first one arrive. Newer Nodes keep the stores elsewhere, and a new `AsyncResource` says whether there are any.
 */
const own = new AsyncResource("PolluxRuntime", { requireManualDestroy: true });

let storeSeen = false;

const { runInAsyncScope } = AsyncResource.prototype;

Object.setPrototypeOf(
  own,
  new Proxy(AsyncResource.prototype, {
    set(_target, key, value, receiver) {
      storeSeen = true;
      return Reflect.defineProperty(receiver, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    },
  }),
);

/** Where a new resource keeps the current stores, on the Nodes that keep them in a frame of their own. */
const frameKey = Object.getOwnPropertySymbols(own).find((key) => key.description?.includes("context_frame"));

/** Whether a resource has had a store: what else it carries depends on what it is (a timer, a promise, the program). */
function hasStore(resource: object): boolean {
  for (const key of Object.getOwnPropertySymbols(resource))
    if (key.description === "kResourceStore") return true;
  return false;
}

const ownId = own.asyncId();

/**
 * `enterWith` in a task that carries no context sets the store of the runtime's own: at the end of the drain it is taken
 * back, lest every later task see it.
 */
function forgetStores(): void {
  const stores = own as unknown as Record<symbol, unknown>;
  for (const key of Object.getOwnPropertySymbols(own))
    if (key.description === "kResourceStore") stores[key] = undefined;
}

function captureContext(): ((run: () => void) => void) | null {
  if (frameKey === undefined) {
    if (executionAsyncId() === ownId) {
      if (!storeSeen) return null;
    } else if (!hasStore(executionAsyncResource())) return null;
  }
  const resource = newResource();
  if (frameKey === undefined) return (run) => resource.runInAsyncScope(run);
  if (resource[frameKey] === undefined) return null;
  // Older Nodes keep in the resource what `enterWith` sets. Here it is taken over, so that the task's next poll sees it.
  return (run) =>
    resource.runInAsyncScope(() => {
      run();
      resource[frameKey] = newResource()[frameKey];
    });
}

/** A resource with the async context that is current now. Its private symbols are where Node keeps that. */
function newResource(): AsyncResource & Record<symbol, unknown> {
  return new AsyncResource("PolluxTask", { requireManualDestroy: true }) as AsyncResource &
    Record<symbol, unknown>;
}

/** Node's own exit code for a top-level `await` that never settles. */
const UNSETTLED = 13;

const settled = Promise.resolve();

/** Node makes the global when it is first asked for, by an accessor that costs more than the clock itself. */
const clock = performance;

/** Node's event loop. */
export const host: Host = {
  now: () => clock.now(),
  microtask: (task) => {
    settled.then(task);
  },
  turn: (task) => {
    setImmediate(task);
  },
  timer: (task, ms) => {
    const timer = setTimeout(task, ms);
    return () => clearTimeout(timer);
  },
  uncaught: (error) => {
    setImmediate(() => {
      throw error;
    });
  },
  onLoopEmpty: (report) => {
    const listener = (): void => {
      process.exitCode = UNSETTLED;
      report();
    };
    process.once("beforeExit", listener);
    return () => process.off("beforeExit", listener);
  },
  warn: (text) => {
    process.stderr.write(`${text}\n`);
  },
  captureContext,
  diagnostics,
  trackOrigins: process.env["POLLUX_TRACK_ORIGINS"] === "1",
  ownContext: (run) => {
    runInAsyncScope.call(own, run);
    if (storeSeen) forgetStores();
  },
};
