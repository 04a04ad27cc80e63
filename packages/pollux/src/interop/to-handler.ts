import { lazy } from "../combine/lazy.ts";
import { requireFunction } from "../combine/require-future.ts";
import { co } from "../core/coroutine.ts";
import { currentExecutor } from "../task/spawn.ts";
import type { Handling } from "./handling.ts";
import { type ResponseLike, WhileConnected } from "./while-connected.ts";

/** What goes on with the next handler, or with the handling of errors, in the manner of Express. */
export type NextHandler = (error?: unknown) => void;

/** A response that can be ended by whoever finds that its handler has failed. */
export interface HandlerResponseLike extends ResponseLike {
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
export function toHandler<Req, Res extends HandlerResponseLike>(
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

function refuse(response: HandlerResponseLike): void {
  if (response.headersSent) response.destroy();
  else {
    response.statusCode = 500;
    response.end();
  }
}
