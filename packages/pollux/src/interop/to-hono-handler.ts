import { lazy } from "../combine/lazy.ts";
import { requireFunction } from "../combine/require-future.ts";
import { withSignal } from "../combine/with-signal.ts";
import type { Future } from "../core/future.ts";
import { currentExecutor } from "../task/spawn.ts";
import type { Handling } from "./handling.ts";

/** What is used here of the context of a request in Hono. */
export interface HonoContextLike {
  readonly req: { readonly raw: { readonly signal: AbortSignal } };
}

/** What nginx logs for a request whose client has closed the connection: there is no such status in the standard. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Makes a handler for Hono of a coroutine that returns a `Response`. Each request is a task, on the runtime of the task that
 * calls this, or on the default one.
 *
 * When the signal of the request fires, since the client has gone, the coroutine is cancelled with its reason, and after the
 * cleanup an empty response with status 499 is given, which nobody receives. A failure goes to Hono's `onError`, as it is.
 *
 * For any other server of the Web's kind: `toPromise(answer(request), { signal: request.signal })`.
 *
 * @throws TypeError if it is not given a function
 *
 * @example
 * ```ts no-run
 * import { sleep, toHonoHandler } from "pollux";
 *
 * const handler = toHonoHandler(function* (c) {
 *   yield* sleep(10);
 *   return new Response("hello");
 * });
 * // app.get("/", handler);
 * ```
 */
export function toHonoHandler<C extends HonoContextLike>(
  fn: (c: C) => Handling<Response>,
): (c: C) => Promise<Response> {
  requireFunction("toHonoHandler", fn);
  const executor = currentExecutor("toHonoHandler");
  return async (c) => {
    const { signal } = c.req.raw;
    // `lazy` goes on with what the function returns, so it gives what that gives.
    const call = withSignal(lazy(() => fn(c)) as Future<Response>, signal);
    try {
      return await executor.spawn(call, { name: "request" });
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      return new Response(null, { status: CLIENT_CLOSED_REQUEST });
    }
  };
}
