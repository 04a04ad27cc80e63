import type { CarriedFailure } from "../../blocking/carried-failure.ts";
import type { NodeMessagePort } from "../../node/node-types.ts";
import type { TcpListenOptions } from "../../reactor/options.ts";
import type { RuntimeMetrics, RuntimeOptions } from "../runtime.ts";
import type { RuntimeSnapshot } from "../snapshot.ts";

/** Those of a runtime's options that can be sent to a thread. */
export type ThreadRuntimeOptions = Pick<
  RuntimeOptions,
  | "cleanupLimit"
  | "shutdownGrace"
  | "asyncContext"
  | "trackOrigins"
  | "maxBlockingThreads"
  | "threadKeepAlive"
> & { readonly reactor?: "auto" | "epoll" | "node" };

/** Where the threads listen. */
export interface SharedListener {
  readonly options: TcpListenOptions;
  /** The socket that is already open, of which each takes a descriptor; `null` where each binds one of its own. */
  readonly fd: number | null;
}

/** What a thread is given when it begins. */
export interface ThreadData {
  readonly port: NodeMessagePort;
  readonly module: string;
  readonly export: string;
  readonly number: number;
  readonly generation: number;
  readonly data: unknown;
  readonly listener: SharedListener | null;
  readonly runtime: ThreadRuntimeOptions;
}

/** What can be asked of a thread, and what it answers. */
export interface Answers {
  readonly metrics: RuntimeMetrics;
  readonly snapshot: RuntimeSnapshot;
  readonly dump: string;
}

/** What a thread is told. */
export type ToThread =
  /** It is to end: its token is cancelled. */
  | { readonly kind: "stop" }
  /** It has not done so in time: its coroutine is cancelled. */
  | { readonly kind: "abort" }
  | { readonly kind: "ask"; readonly id: number; readonly what: keyof Answers };

/** What a thread says. */
export type FromThread =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "ended" }
  | { readonly kind: "failed"; readonly failure: CarriedFailure };
