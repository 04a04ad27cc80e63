import type { Future, Suspend } from "../core/future.ts";

/** What a handler returns: the future of a coroutine, or a generator. */
export type Handling<T> = Future<T> | Generator<Suspend, T, unknown>;
