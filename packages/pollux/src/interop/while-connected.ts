import { requireFuture } from "../combine/require-future.ts";
import { withSignal } from "../combine/with-signal.ts";
import type { Context } from "../core/context.ts";
import { ClosedError, describe } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** What is used here of the response of a server: `http.ServerResponse` of Node, and what wraps it. */
export interface ResponseLike {
  /** Whether all of it has been handed to the system. */
  readonly writableFinished: boolean;
  readonly destroyed: boolean;
  on(name: "close", listener: () => void): unknown;
  removeListener(name: "close", listener: () => void): unknown;
}

/**
 * Invariant: it listens to the response from the first poll to the end.
 *
 * @internal
 */
export class WhileConnected<T> extends Future<T> {
  private readonly response: ResponseLike;
  private readonly controller: AbortController;
  private readonly inner: Future<T>;
  private isListening: boolean;

  constructor(response: ResponseLike, future: Future<T>) {
    super();
    this.response = response;
    this.controller = new AbortController();
    this.inner = withSignal(future, this.controller.signal);
    this.isListening = false;
  }

  /** Whether it has failed with this because the client has gone, and cleaned up. */
  isGone(error: unknown): boolean {
    return this.controller.signal.aborted && error === this.controller.signal.reason;
  }

  override poll(cx: Context): Poll<T> {
    if (!this.isListening) {
      this.isListening = true;
      const { response } = this;
      response.on("close", this.onClose);
      if (response.destroyed) this.onClose();
    }
    let poll: Poll<T>;
    try {
      poll = this.inner.poll(cx);
    } catch (error) {
      this.leave();
      throw error;
    }
    if (poll !== Pending) this.leave();
    return poll;
  }

  override cancel(cx: Context): Poll<void> {
    this.leave();
    return this.inner.cancel(cx);
  }

  /** It comes at the end of every response: before all of it is out, the client has gone. */
  private readonly onClose = (): void => {
    if (!this.response.writableFinished)
      this.controller.abort(new ClosedError("the connection of the client"));
  };

  private leave(): void {
    this.response.removeListener("close", this.onClose);
  }

  override inspect(): Inspection {
    return { ...this.inner.inspect(), op: "whileConnected" };
  }
}

/**
 * Gives what the future gives, unless the client that a response of `node:http` is for goes away before: its connection is
 * closed and the response is not out yet. Then the future is cancelled, and when its cleanup has ended, `ClosedError` is
 * thrown, which was the reason of the cancel. `toHandler` and its kin are made of it.
 *
 * **Cancel safety.** As that of the future.
 *
 * @throws TypeError if it is not given a response and a future
 * @throws what the future fails with; ClosedError when the client has gone
 * @throws CleanupError if cleanup failed after that
 *
 * @example
 * ```ts no-run
 * import { createServer } from "node:http";
 * import { co, sleep, toPromise, whileConnected } from "pollux";
 *
 * const answer = co(function* () {
 *   yield* sleep(1000);
 *   return "done";
 * });
 * createServer(async (request, response) => {
 *   response.end(await toPromise(whileConnected(response, answer())));
 * }).listen(8080);
 * ```
 */
export function whileConnected<T>(response: ResponseLike, future: Future<T>): Future<T> {
  if (typeof response?.on !== "function" || typeof response.writableFinished !== "boolean")
    throw new TypeError(`whileConnected needs the response of a server, not ${describe(response)}`);
  requireFuture(future, "whileConnected", 1);
  return new WhileConnected(response, future);
}
