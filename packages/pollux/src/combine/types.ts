import type { Future, Suspend } from "../core/future.ts";

/** What a future resolves to; of a union, what those members that are futures do. */
export type ValueOf<F> = F extends Future<infer T> ? T : never;

/** What the futures of a tuple or array resolve to, place by place. */
export type ValuesOf<F extends readonly Future<unknown>[]> = { -readonly [K in keyof F]: ValueOf<F[K]> };

/** Futures by name, as `join` and `tryJoin` take them. */
export type FutureRecord<R> = { readonly [K in keyof R]: Future<unknown> };

/** What the futures of a record resolve to, key by key. */
export type ValuesOfRecord<R> = { -readonly [K in keyof R]: ValueOf<R[K]> };

/**
 * What a function given to a combinator makes the future resolve to: what the future or the generator that it returns
 * resolves to; any other result is the value itself.
 */
export type Flat<R> = R extends Future<infer T> ? T : R extends Generator<Suspend, infer T, unknown> ? T : R;
