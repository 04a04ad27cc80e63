import { lazy } from "../combine/lazy.ts";
import { requireFunction } from "../combine/require-future.ts";
import type { Future } from "../core/future.ts";
import { currentExecutor } from "../task/spawn.ts";
import type { Handling } from "./handling.ts";
import { type ResponseLike, WhileConnected } from "./while-connected.ts";

/** What is used here of a reply of Fastify. */
export interface FastifyReplyLike {
  readonly raw: ResponseLike;
  hijack(): unknown;
}

/**
 * Makes a handler for Fastify of a coroutine, which may return what is to be sent. Each request is a task, on the runtime of
 * the task that calls this, or on the default one.
 *
 * When the client goes away before the response is out, the coroutine is cancelled, and Fastify is told, after the cleanup,
 * that there is nothing more to send. A failure goes to Fastify's error handler, as it is.
 *
 * @throws TypeError if it is not given a function
 *
 * @example
 * ```ts no-run
 * import { sleep, toFastifyHandler } from "pollux";
 *
 * const handler = toFastifyHandler(function* (request: { params: { name: string } }) {
 *   yield* sleep(10);
 *   return { hello: request.params.name };
 * });
 * // fastify.get("/:name", handler);
 * ```
 */
export function toFastifyHandler<Req, Reply extends FastifyReplyLike, T>(
  fn: (request: Req, reply: Reply) => Handling<T>,
): (request: Req, reply: Reply) => Promise<T> {
  requireFunction("toFastifyHandler", fn);
  const executor = currentExecutor("toFastifyHandler");
  return async (request, reply) => {
    // `lazy` goes on with what the function returns, so it gives what that gives.
    const call = new WhileConnected(reply.raw, lazy(() => fn(request, reply)) as Future<T>);
    try {
      return await executor.spawn(call, { name: "request" });
    } catch (error) {
      if (!call.isGone(error)) throw error;
      reply.hijack();
      return undefined as T; // Nobody looks at it any more.
    }
  };
}
