import { describe } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { BlockingCall, type BlockingModule } from "./blocking-call.ts";
import type { Services } from "./on-main.ts";

/** How the functions of a module are called by {@link blocking}. */
export interface BlockingOptions {
  /**
   * How long a call that was cancelled may go on, in ms, until its thread is ended: functions that ask `cancelled` end by
   * themselves. `Infinity`: it may for ever. 0: at once. Default 1,000.
   */
  readonly cancelGrace?: number;
  /** What the functions can have done in this thread, standing still until it is; see `onMain`. */
  readonly services?: Services;
}

/**
 * The functions that a module exports, each as one that returns a future.
 *
 * @typeParam M - the module: `typeof import("./work.js")`
 */
export type Blocking<M> = {
  readonly [K in keyof M as M[K] extends (...args: never[]) => unknown ? K : never]: M[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Future<Awaited<R>>
    : never;
};

/**
 * Gives the functions of a module, to be called in threads of the runtime's pool, where they may block or compute as long as
 * they like. Tokio's `spawn_blocking`: `spawn(work.hash(data))` starts one at once.
 *
 * A call begins at its first poll, in a thread that is idle, or in a new one while there are less than
 * `maxBlockingThreads`, or else when a thread is free, first come, first served. Each thread imports the module once, has a
 * memory of its own, and runs one call at a time. A function may be `async`; it is awaited there.
 *
 * Arguments and results are copied by structured clone: an instance of a class comes as a plain object, a `Buffer` as a
 * `Uint8Array`. What `transfer` names is moved instead. An error comes with its name, message, code, cause, and the stacks of
 * both threads; of its class only what JavaScript itself has, such as `TypeError`.
 *
 * **Cancel safety.** A cancelled call that waits for a thread never begins. One that has begun sees `cancelled()`, and its
 * services are cancelled; the cancel waits for its end, and after `cancelGrace` ends the thread. What it has done stands, and
 * its result is lost.
 *
 * @param module - an absolute URL: `new URL("./work.js", import.meta.url)`, `import.meta.resolve("a-package")`, `"node:zlib"`
 * @throws TypeError if the URL is not absolute; RangeError if `cancelGrace` is negative
 * @throws what the function throws (the future)
 * @throws ThreadExitedError (the future) if the thread ends before the function: `process.exit`, an error that nobody catches
 * @throws NotCloneableError (the future) if an argument, or what the function gives, cannot be copied
 *
 * @example
 * ```ts
 * const crypto = blocking<typeof import("node:crypto")>("node:crypto");
 * const main = co(function* () {
 *   const keys = yield* join(
 *     crypto.pbkdf2Sync("one", "salt", 10_000, 8, "sha256"),
 *     crypto.pbkdf2Sync("two", "salt", 10_000, 8, "sha256"),
 *   );
 *   console.log(keys.map((key) => key.length)); // [8, 8]
 * });
 * await run(main());
 * ```
 */
export function blocking<M extends object>(module: string | URL, options: BlockingOptions = {}): Blocking<M> {
  const { cancelGrace = 1_000, services = {} } = options;
  if (!(cancelGrace >= 0))
    throw new RangeError(
      `cancelGrace must be a number of milliseconds, 0 or more, or Infinity; got ${cancelGrace}`,
    );
  if (typeof services !== "object" || services === null)
    throw new TypeError(`services must be an object of functions, not ${describe(services)}`);
  const target: BlockingModule = { url: absolute(module), services, cancelGrace };
  const functions = new Map<string, (...args: unknown[]) => Future<unknown>>();
  const get = (_target: object, name: string | symbol): unknown => {
    // Whoever looks whether it is a promise is told that it is none.
    if (typeof name === "symbol" || name === "then") return undefined;
    let fn = functions.get(name);
    if (fn === undefined) {
      fn = caller(target, name);
      functions.set(name, fn);
    }
    return fn;
  };
  // What the module exports is known to its types alone; a call of what it does not export fails.
  return new Proxy(Object.freeze({}), { get }) as Blocking<M>;
}

function caller(target: BlockingModule, name: string): (...args: unknown[]) => Future<unknown> {
  return function call(...args) {
    const site: { stack?: string } = {};
    Error.captureStackTrace(site, call);
    return new BlockingCall(target, name, args, (site.stack ?? "").split("\n").slice(1).join("\n"));
  };
}

function absolute(module: string | URL): string {
  if (module instanceof URL || (typeof module === "string" && URL.canParse(module))) return String(module);
  throw new TypeError(
    `blocking needs an absolute URL: new URL("./work.js", import.meta.url), or import.meta.resolve("a-package"); got ${describe(module)}`,
  );
}
