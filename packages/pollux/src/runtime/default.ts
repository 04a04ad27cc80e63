import { ambient } from "../core/ambient.ts";
import { Runtime } from "./runtime.ts";

let runtime: Runtime | undefined;

/**
 * The runtime on which `spawn` and `await future` work outside of any other. Made at its first use, and never shut down:
 * the process lives as long as something is awaited on it.
 *
 * @example
 * ```ts
 * const word = await map(sleep(1), () => "awaited"); // in an ordinary async function
 * console.log(word, defaultRuntime().metrics().spawned > 0); // awaited true
 * ```
 */
export function defaultRuntime(): Runtime {
  runtime ??= new Runtime();
  return runtime;
}

ambient.defaultRuntime ??= () => defaultRuntime().handle;
