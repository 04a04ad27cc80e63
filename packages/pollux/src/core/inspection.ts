import type { Context, Waker } from "./context.ts";
import { type Future, isFuture } from "./future.ts";

/** What gives values, and can tell what the next one waits for: the source of a stream, or who lends one. */
export interface InspectableSource {
  /** See {@link StreamSource.inspectNext}. */
  inspectNext?(): Inspection;
}

/** What is polled: a future, or the source of a stream. */
export type Polled = Future<unknown> | InspectableSource;

/** What a future waits with: a lock, a channel, a socket. A dump numbers those of a kind: `mutex #1 "accounts"`. */
export interface InspectionTarget {
  /** `"mutex"`, `"mpsc channel"`. */
  readonly kind: string;
  readonly name?: string | undefined;
  /** By which it is told from others of its kind. */
  readonly key: object;
}

/**
 * What a future tells a dump of itself; see {@link Future.inspect}. All but `op` can be left out.
 *
 * What can let the future go on is in `futures` and `tasks`. Without both, a dump takes it that anybody may; so leave
 * `tasks` out unless it has all of them, lest a deadlock is told where there is none.
 */
export interface Inspection {
  /** What it does: `"recv"`, `"lock"`, the name of a coroutine. */
  readonly op: string;
  readonly target?: InspectionTarget;
  /** How things stand, for people: `"empty, 1 sender"`. */
  readonly state?: string;
  /** What it polls, each with a name, which may be empty. */
  readonly futures?: readonly (readonly [name: string, polled: Polled])[];
  /**
   * The tasks that have to end, or to let go of the target, by their contexts, or by futures that they poll. `null` stands
   * for somebody outside of any task.
   */
  readonly tasks?: readonly (Context | Future<unknown> | null)[];
  /** When it goes on by itself, on the clock of its runtime. */
  readonly due?: number;
  /** Whether something else than `futures` and `tasks` can let it go on, such as a signal. */
  readonly outside?: boolean;
  /** Whether one of `futures` and `tasks` is enough to go on. Default: all of them are needed. */
  readonly any?: boolean;
  /** Whether the `tasks` belong to this future, as those of a scope do: a dump lists them below its own task. */
  readonly owns?: boolean;
  /** Futures that were given the target and have not been polled since, by the wakers that they called. */
  readonly granted?: readonly (Waker | null)[];
}

/** What a future says that polls one other, or the source of a stream, if there is one. */
export function around(op: string, inner: Polled | null): Inspection {
  return { op, futures: inner === null ? [] : [["", inner]] };
}

/** What something that is polled tells of itself. */
export function inspectionOf(polled: Polled): Inspection {
  if (isFuture(polled)) return polled.inspect();
  const { inspectNext } = polled;
  if (inspectNext !== undefined) return inspectNext.call(polled);
  return { op: polled.constructor.name, state: "a stream that does not tell what it waits for" };
}
