import { ambient } from "./ambient.ts";
import type { Context } from "./context.ts";

/** Calls a function of the user's so that `spawn` and the like find the context of the poll under way. */
export function callWith<A extends unknown[], R>(cx: Context, fn: (...args: A) => R, ...args: A): R {
  const outer = ambient.cx;
  if (outer === cx) return fn(...args);
  ambient.cx = cx;
  try {
    return fn(...args);
  } finally {
    ambient.cx = outer;
  }
}
