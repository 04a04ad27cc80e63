import type { Summary } from "./statistics.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** Who is measured. `pollux` always is, the others for comparison: `generator` is Pollux without the compiler. */
export const PEERS = [
  "pollux",
  "generator",
  "callback",
  "promise",
  "fiber",
  "thread",
  "async-iterable",
  "rxjs",
  "effect",
  "effection",
  "web-streams",
  "node-streams",
  "pollux-node",
  "node-net",
  "node-http",
  "hono-node-server",
  "undici",
  "c-epoll",
  "tokio",
  "esbuild",
] as const;

export type Peer = (typeof PEERS)[number];

/**
 * Does `iterations` of a case's work, timed from the call until the promise is fulfilled. Where only part of that is to
 * be measured, it starts the watch anew when the set-up is done, and stops it before the tear-down.
 */
export type Round = (iterations: number, watch: Stopwatch) => Promise<void>;

/** Gives the bytes that so many suspended tasks hold. */
export type Weigh = (tasks: number) => Promise<number>;

/** Starts so many tasks that wait for good, and resolves once all of them do. */
export type Suspend = (tasks: number) => Promise<void>;

/**
 * A figure that Pollux is to reach: the ratio of its median to that of `peer`, or to its own in the case `of`, in the
 * same run. A missed target is shown and fails nothing.
 */
export type Target = {
  readonly atMost: number;
  readonly atLeast?: number;
} & ({ readonly peer: Exclude<Peer, "pollux"> } | { readonly of: string });

interface CaseBase {
  readonly name: string;
  /** What one operation (or one task) is. */
  readonly about: string;
  readonly targets?: readonly Target[];
}

/** A case that takes time. Tokio's share of it is in `peers/tokio`. */
export interface TimedCase extends CaseBase {
  readonly unit: "ns/op";
  /** Operations in one iteration; 1 unless the case is a batch. */
  readonly operations?: number;
  /** `"cpu"` where most of the wall time is spent asleep. */
  readonly clock?: "wall" | "cpu";
  /** Set where a round is one iteration, because what is timed is but a part of it; there are fewer rounds then. */
  readonly long?: boolean;
  /** Set where a round is one large batch, of so many iterations whatever time they take; there are fewer rounds then. */
  readonly batch?: { readonly full: number; readonly quick: number };
  readonly peers: Readonly<Partial<Record<Peer, Round>>>;
}

/** A case that takes memory: what one suspended task holds. */
export interface BytesCase extends CaseBase {
  readonly unit: "bytes/task";
  readonly tasks: number;
  readonly quickTasks: number;
  /** Weighed in a process of their own. */
  readonly peers?: Readonly<Partial<Record<Peer, Suspend>>>;
  /** Those that see to their process themselves. */
  readonly weighs?: Readonly<Partial<Record<Peer, Weigh>>>;
}

export type Case = TimedCase | BytesCase;

/** The results of one case. */
export interface CaseResult {
  readonly case: Case;
  readonly results: ReadonlyMap<Peer, Summary>;
}

/** Cases that are run together, for `--suite`. */
export interface Suite {
  readonly name: string;
  /** The rounds of the cases in one group are interleaved, because a target compares them with each other. */
  readonly groups: readonly (readonly Case[])[];
  /** How its results are shown to a person. Default: a row for each case, and the targets. */
  readonly toText?: (results: readonly CaseResult[]) => string;
}
