import { ambient } from "../core/ambient.ts";
import { Runtime } from "./runtime.ts";

let runtime: Runtime | undefined;

/**
 * The runtime on which `spawn` and `await future` work outside of any other. Made at its first use, and never shut down:
 * the process lives as long as something is awaited on it.
 */
export function defaultRuntime(): Runtime {
  runtime ??= new Runtime();
  return runtime;
}

ambient.defaultRuntime ??= () => defaultRuntime().handle;
