import { lazy } from "../combine/lazy.ts";
import { requireFunction } from "../combine/require-future.ts";
import { withSignal } from "../combine/with-signal.ts";
import { co } from "../core/coroutine.ts";
import type { Future, Suspend } from "../core/future.ts";
import { currentExecutor } from "../task/spawn.ts";
import { type ResponseLike, WhileConnected } from "./while-connected.ts";

/** What a handler returns: the future of a coroutine, or a generator. */
export type Handling<T> = Future<T> | Generator<Suspend, T, unknown>;

/** What goes on with the next handler, or with the handling of errors, in the manner of Express. */
export type NextHandler = (error?: unknown) => void;

/** A response that can be ended by whoever finds that its handler has failed. */
export interface HandlerResponse extends ResponseLike {
  readonly headersSent: boolean;
  statusCode: number;
  end(): unknown;
  destroy(): unknown;
}

/**
 * Makes a handler for Express, Connect or `node:http` of a coroutine. Each request is a task, on the runtime of the task
 * that calls this, or on the default one.
 *
 * When the client goes away before the response is out, the coroutine is cancelled: its `finally` blocks run, and that is
 * the end of it. A failure goes to `next(error)`, as it is. Where there is no `next`, in `node:http`, the response is ended
 * with status 500, or cut off if it has begun, and the failure is reported as that of a task that nobody looks at.
 *
 * The coroutine is given `next` too, for one that is in the middle: it calls it to go on.
 *
 * @throws TypeError if it is not given a function
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { co, once, run, sleep, toHandler } from "pollux";
 *
 * const handler = toHandler(function* (request, response: import("node:http").ServerResponse) {
 *   yield* sleep(1);
 *   response.end("hello");
 * });
 * const main = co(function* () {
 *   const server = createServer(handler).listen(0, "127.0.0.1");
 *   yield* once(server, "listening");
 *   server.close();
 * });
 * await run(main());
 * ```
 */
export function toHandler<Req, Res extends HandlerResponse>(
  fn: (request: Req, response: Res, next: NextHandler | undefined) => Handling<unknown>,
): (request: Req, response: Res, next?: NextHandler) => void {
  requireFunction("toHandler", fn);
  const executor = currentExecutor("toHandler");
  const handle = co(function* (request: Req, response: Res, next: NextHandler | undefined) {
    const call = new WhileConnected(
      response,
      lazy(() => fn(request, response, next)),
    );
    try {
      yield* call;
    } catch (error) {
      if (call.isGone(error)) return;
      if (next === undefined) {
        refuse(response);
        throw error;
      }
      next(error);
    }
  });
  return (request, response, next) => {
    executor.spawn(handle(request, response, next), { name: "request" });
  };
}

function refuse(response: HandlerResponse): void {
  if (response.headersSent) response.destroy();
  else {
    response.statusCode = 500;
    response.end();
  }
}

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
