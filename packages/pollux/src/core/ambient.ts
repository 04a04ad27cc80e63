import type { Context, RuntimeHandle } from "./context.ts";
import type { Suspend } from "./future.ts";

/**
 * What the code that runs right now can ask for without being given it: the context of the poll under way.
 *
 * It lives on `globalThis` under a versioned symbol: two copies of Pollux in one program share it, and so a coroutine
 * of one can await a coroutine of the other. Its shape is a contract: it changes only together with the version.
 */
export interface Ambient {
  /** The context of the poll under way; `null` outside of any. */
  cx: Context | null;
  /** The one object that a suspending iterator returns: `yield*` hands it through unchanged, so it is told by identity. */
  readonly suspended: IteratorYieldResult<Suspend>;
  /** Gives the default runtime; set by `runtime/` when it is loaded. */
  defaultRuntime: (() => RuntimeHandle) | null;
}

const KEY = Symbol.for("pollux.ambient.v1");

const holder = globalThis as { [KEY]?: Ambient };

holder[KEY] ??= {
  cx: null,
  suspended: Object.freeze({ done: false as const, value: Object.freeze({}) as Suspend }),
  defaultRuntime: null,
};

/** @internal */
export const ambient: Ambient = holder[KEY];

/** @internal */
export const SUSPENDED: IteratorYieldResult<Suspend> = ambient.suspended;
