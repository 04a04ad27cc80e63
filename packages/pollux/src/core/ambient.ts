import type { Context, RuntimeHandle } from "./context.ts";
import type { Frame } from "./frame.ts";
import type { Future, Suspend } from "./future.ts";

/**
 * What the code that runs right now can ask for without being given it: the context of the poll under way, and the
 * slots in which a suspending frame tells its caller what happened.
 *
 * It lives on `globalThis` under a versioned symbol: two copies of Pollux in one program share it, and so a coroutine
 * of one can await a coroutine of the other. Its shape is a contract: it changes only together with the version.
 */
export interface Ambient {
  /** The context of the poll under way; `null` outside of any. */
  cx: Context | null;
  /** The future that the suspension under way waits for: a leaf, or a frame whose own suspension led to this one. */
  awaited: Future<unknown> | null;
  /** The innermost frame of the suspension under way; `null` when that is the frame that was resumed. */
  innermost: Frame<unknown> | null;
  /** The one object that a suspending iterator returns: `yield*` hands it through unchanged, so it is told by identity. */
  readonly suspended: IteratorYieldResult<Suspend>;
  /** Gives the default runtime; set by `runtime/` when it is loaded. */
  defaultRuntime: (() => RuntimeHandle) | null;
}

const KEY = Symbol.for("pollux.ambient.v1");

const holder = globalThis as { [KEY]?: Ambient };

holder[KEY] ??= {
  cx: null,
  awaited: null,
  innermost: null,
  suspended: Object.freeze({ done: false as const, value: Object.freeze({}) as Suspend }),
  defaultRuntime: null,
};

/** @internal */
export const ambient: Ambient = holder[KEY];

/** @internal */
export const SUSPENDED: IteratorYieldResult<Suspend> = ambient.suspended;
