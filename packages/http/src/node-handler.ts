import { Buffer } from "node:buffer";
import { type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import {
  type Context,
  Future,
  type Inspection,
  Pending,
  type Poll,
  PollAfterCompletionError,
  type Waker,
} from "pollux";
import type { Handler } from "./connection.ts";
import { NodeChannel } from "./node-channel.ts";
import { complete, dump, giveUp, incomingOf } from "./node-incoming.ts";
import { isThenable, type NodeUpgradeListener, upgradeExchange } from "./node-upgrade.ts";
import type { HttpRequest } from "./request.ts";
import type { HttpResponse } from "./response.ts";

/** A function for `http.createServer`, such as an app of Express or of Koa's `callback()`, or Fastify's `routing`. */
export type NodeListener = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What a {@link nodeHandler} can do besides. */
export interface NodeHandlerOptions {
  /**
   * Given the requests that ask for another protocol, as the event `upgrade` of a server of `node:http`. Without it, they
   * are requests like others.
   */
  readonly upgrade?: NodeUpgradeListener;
}

/**
 * A handler that runs one of `node:http`: `serve(options, nodeHandler(app))`. It is given Node's own `IncomingMessage` and
 * `ServerResponse`; what the response writes is what is sent. Their socket is a `Duplex` that knows the peer's address, and
 * can be destroyed; it is no `net.Socket`.
 *
 * A client that goes away is seen as with `node:http`: by `close` of both, and `aborted` of the request. If the function
 * has given a promise, it is awaited then; a promise that is rejected is answered with 500 and reported.
 *
 * The socket of an upgrade is a `Duplex` likewise, and is all of the connection: the package `ws` speaks WebSocket on it.
 * The server waits for its `close`, and destroys it when its grace is over.
 *
 * @throws TypeError if it is not given functions
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const hello = nodeHandler((request, response) => {
 *     response.setHeader("Content-Type", "text/plain");
 *     response.end(`hello from ${request.url}`);
 *   });
 *   const server = yield* serve({ host: "127.0.0.1", port: 0 }, hello);
 *   const answer = yield* fromPromise(fetch(`http://127.0.0.1:${server.localAddress.port}/a`));
 *   console.log(yield* fromPromise(answer.text())); // hello from /a
 *   yield* server.close();
 * });
 * await run(main());
 * ```
 */
export function nodeHandler(listener: NodeListener, options: NodeHandlerOptions = {}): Handler {
  if (typeof listener !== "function")
    throw new TypeError("nodeHandler needs a function: nodeHandler((request, response) => …)");
  const { upgrade } = options;
  if (upgrade === undefined) return (request, response) => new NodeExchange(listener, request, response);
  if (typeof upgrade !== "function")
    throw new TypeError("upgrade must be a function: (request, socket, head) => …");
  return (request, response) =>
    isUpgrade(request)
      ? upgradeExchange(upgrade, request, response)
      : new NodeExchange(listener, request, response);
}

/** A server may take a request for what it is without its wish to change the protocol (RFC 9110, 7.8): so with a body. */
function isUpgrade(request: HttpRequest): boolean {
  return request.upgrade !== null && request.method !== "CONNECT" && !request.hasBody;
}

/** For all requests: what was read is copied. */
const scratch = Buffer.allocUnsafeSlow(65_536);

/** One request with its response, as Node's objects, until the response is out. */
class NodeExchange extends Future<void> {
  private readonly request: HttpRequest;
  private readonly response: HttpResponse;
  private readonly incoming: IncomingMessage;
  private readonly outgoing: ServerResponse;
  private readonly channel: NodeChannel;
  private readonly listener: NodeListener;
  private waker: Waker | null;
  private hasBegun: boolean;
  /** The response is out as a whole. */
  private isSent: boolean;
  /** It is out, or the connection was destroyed. */
  private isDone: boolean;
  private isOver: boolean;
  /** What the listener has given, while that has not settled. */
  private isBusy: boolean;
  private failure: { readonly of: unknown } | null;
  private wantsBody: boolean;
  private whenTaken: (() => void) | null;

  constructor(listener: NodeListener, request: HttpRequest, response: HttpResponse) {
    super();
    this.request = request;
    this.response = response;
    this.listener = listener;
    this.waker = null;
    this.hasBegun = false;
    this.isSent = false;
    this.isDone = false;
    this.isOver = false;
    this.isBusy = false;
    this.failure = null;
    this.wantsBody = false;
    this.whenTaken = null;
    const channel = new NodeChannel(
      {
        write: (bytes) => this.write(bytes),
        whenTaken: (done) => {
          this.whenTaken = done;
          this.waker?.wake();
        },
        cut: () => this.cut(),
      },
      request.peerAddress,
      request.scheme === "https",
    );
    // In all that Node's messages use of it.
    const socket = channel as unknown as Socket;
    this.channel = channel;
    this.incoming = incomingOf(socket, request, () => this.readMore());
    this.outgoing = new ServerResponse(this.incoming);
    this.outgoing.shouldKeepAlive = response.keepsAlive;
    this.outgoing.assignSocket(socket);
    this.outgoing.on("finish", () => this.finished());
    channel.on("drain", () => drained(this.outgoing));
    channel.on("timeout", () => this.timedOut());
    channel.on("error", () => {}); // What the program has destroyed it with is known to the program.
  }

  override poll(cx: Context): Poll<void> {
    if (this.isOver) throw new PollAfterCompletionError("the handler of a request");
    this.waker = cx.waker;
    if (!this.hasBegun) this.begin();
    if (this.wantsBody) this.pollBody(cx);
    if (this.response.pollRaw(cx) !== Pending) this.taken();
    if (this.failure !== null) {
      this.leave();
      throw this.failure.of;
    }
    if (!this.isDone) return Pending;
    this.leave();
    return undefined;
  }

  private begin(): void {
    this.hasBegun = true;
    try {
      const given = this.listener(this.incoming, this.outgoing);
      if (!isThenable(given)) return;
      this.isBusy = true;
      given.then(
        () => this.settled(),
        (error: unknown) => {
          // It goes on although the response is out: nobody is there any more to be told but the host.
          if (this.isOver) void Promise.reject(error);
          this.failure ??= { of: error };
          this.settled();
        },
      );
    } catch (error) {
      this.failure = { of: error };
    }
  }

  private settled(): void {
    this.isBusy = false;
    this.waker?.wake();
  }

  private readMore(): void {
    this.wantsBody = true;
    this.waker?.wake();
  }

  private pollBody(cx: Context): void {
    const { request, incoming } = this;
    try {
      while (this.wantsBody) {
        const size = request.hasBody ? request.body.pollRead(cx, scratch) : 0;
        if (size === Pending) return;
        this.wantsBody = false;
        // It may ask for more within.
        if (size > 0) incoming.push(Buffer.from(scratch.subarray(0, size)));
        else complete(incoming, request);
      }
    } catch (error) {
      this.wantsBody = false;
      // It is the server's to answer, by the status of this.
      this.failure ??= { of: error };
    }
  }

  private write(bytes: string | Uint8Array): boolean {
    if (this.isOver) return true;
    const isTaken = this.response.writeRaw(bytes);
    this.waker?.wake();
    return isTaken;
  }

  private taken(): void {
    const done = this.whenTaken;
    this.whenTaken = null;
    done?.();
  }

  private finished(): void {
    if (this.isOver || this.isDone) return;
    this.isSent = true;
    this.isDone = true;
    this.response.endRaw(!isLast(this.outgoing));
    this.outgoing.detachSocket(this.channel as unknown as Socket); // As above.
    close(this.outgoing);
    this.waker?.wake();
  }

  private cut(): void {
    if (this.isOver || this.isDone) return;
    this.isDone = true;
    this.response.cutRaw();
    this.waker?.wake();
  }

  /** As `node:http` has it: who does not listen for it has the connection destroyed. */
  private timedOut(): void {
    const isHeard = !this.incoming.complete && this.incoming.emit("timeout", this.channel);
    if (!this.outgoing.emit("timeout", this.channel) && !isHeard) this.channel.destroy();
  }

  /** Nothing of it is of any more effect. */
  private leave(): void {
    this.isOver = true;
    this.waker = null;
    if (this.isSent) dump(this.incoming);
    else giveUp(this.incoming);
    this.channel.destroy();
    this.taken();
  }

  /** The client has gone: Node's objects tell it, and what the listener still does is awaited. */
  override cancel(cx: Context): Poll<void> {
    if (!this.isOver) this.leave();
    if (!this.isBusy) return undefined;
    this.waker = cx.waker;
    return Pending;
  }

  override inspect(): Inspection {
    return { op: "a node:http handler", outside: true };
  }
}

/** Whether the response has said that the connection ends with it. */
function isLast(outgoing: ServerResponse): boolean {
  const { _last } = outgoing as { _last?: boolean }; // Node's servers ask for it too.
  return _last === true || !outgoing.shouldKeepAlive;
}

/** Where Node's responses note that they were written to faster than the connection takes it. */
let needsDrain: symbol | undefined;

/** As a server of Node's does when its socket takes more. */
function drained(outgoing: ServerResponse): void {
  if (!outgoing.writableNeedDrain) return;
  needsDrain ??= Object.getOwnPropertySymbols(outgoing).find(
    ({ description }) => description === "kNeedDrain",
  );
  if (needsDrain !== undefined) Object.assign(outgoing, { [needsDrain]: false });
  outgoing.emit("drain");
}

/** What a server of Node's does behind a response. */
function close(outgoing: ServerResponse): void {
  process.nextTick(() => {
    outgoing.destroyed = true;
    Object.assign(outgoing, { _closed: true });
    outgoing.emit("close");
  });
}
