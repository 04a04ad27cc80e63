import { blockFuture, co } from "../core/coroutine.ts";
import type { Future, Suspend } from "../core/future.ts";

/**
 * What a body given to a `with` form returns: the call of a generator function, of a coroutine, or any other future.
 *
 * @typeParam R - what the body resolves to
 */
export type Body<R> = Generator<Suspend, R, unknown> | Future<R>;

const hold = co(function* holding<G extends Disposable, R>(acquire: Future<G>, body: (guard: G) => Body<R>) {
  const guard = yield* acquire;
  try {
    return yield* blockFuture(body(guard), "with");
  } finally {
    guard[Symbol.dispose]();
  }
});

/**
 * Runs a body while a guard is held: the form of `using` for generators, on Nodes that do not know it. The guard is
 * disposed of when the body returns, throws or is cancelled; in the last case after the body's own cleanup.
 *
 * @throws TypeError if `body` is no function
 */
export function withGuard<G extends Disposable, R>(
  acquire: Future<G>,
  body: (guard: G) => Body<R>,
): Future<R> {
  if (typeof body !== "function") {
    throw new TypeError("with needs a function that returns a future: with(function* (guard) { … })");
  }
  return hold(acquire, body) as Future<R>;
}
