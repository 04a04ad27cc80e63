import { ambient } from "./ambient.ts";
import type { Context } from "./context.ts";

/** Calls a function of the user's so that `spawn` and the like find the context of the poll under way. */
export function callWith<A, R>(cx: Context, fn: (argument: A) => R, argument: A): R {
  const outer = ambient.cx;
  if (outer === cx) return fn(argument);
  ambient.cx = cx;
  try {
    return fn(argument);
  } finally {
    ambient.cx = outer;
  }
}

/** As {@link callWith}, for a function of two. */
export function callWithBoth<A, B, R>(cx: Context, fn: (first: A, second: B) => R, first: A, second: B): R {
  const outer = ambient.cx;
  if (outer === cx) return fn(first, second);
  ambient.cx = cx;
  try {
    return fn(first, second);
  } finally {
    ambient.cx = outer;
  }
}
