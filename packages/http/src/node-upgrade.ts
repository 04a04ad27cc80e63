import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex as NodeStream } from "node:stream";
import { co, type Duplex, type Future, fromPromise, toNodeDuplex } from "pollux";
import { incomingOf } from "./node-incoming.ts";
import type { HttpRequest } from "./request.ts";
import type { HttpResponse } from "./response.ts";

/**
 * A function for the event `upgrade` of a server of `node:http`, such as `handleUpgrade` of a `WebSocketServer` of the
 * package `ws` in `noServer` mode: it sends the response, and the connection is its own. If it gives a promise that is
 * rejected, the connection is destroyed, and the failure is reported.
 */
export type NodeUpgradeListener = (request: IncomingMessage, socket: NodeStream, head: Buffer) => unknown;

/** Hands a connection to a listener; over when its socket has closed. @internal */
export const upgradeExchange: (
  listener: NodeUpgradeListener,
  request: HttpRequest,
  response: HttpResponse,
) => Future<void> = co(function* upgradeExchange(
  listener: NodeUpgradeListener,
  request: HttpRequest,
  response: HttpResponse,
) {
  const socket = socketOf(yield* response.takeOver(), request);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let failure: { readonly of: unknown } | null = null;
  try {
    // Whatever came behind the request, the socket gives.
    const given = listener(
      incomingOf(socket, request, () => {}),
      socket,
      Buffer.alloc(0),
    );
    if (isThenable(given)) {
      given.then(undefined, (error: unknown) => {
        failure = { of: error };
        socket.destroy();
      });
    }
    yield* fromPromise(closed);
  } finally {
    socket.destroy();
    yield* fromPromise(closed);
  }
  // The callback has set it, which the compiler does not see.
  const failed = failure as { readonly of: unknown } | null;
  if (failed !== null) throw failed.of;
});

function socketOf(stream: Duplex, request: HttpRequest): Socket {
  // In all that is asked of the socket of an upgrade: bytes both ways, whose they are, and whether they are secure.
  const socket = toNodeDuplex(stream) as unknown as Socket;
  const { peerAddress, scheme } = request;
  Object.assign(socket, {
    remoteAddress: peerAddress?.host,
    remotePort: peerAddress?.port,
    remoteFamily: peerAddress?.family,
    encrypted: scheme === "https",
  });
  // A client that resets the connection is no failure of the program: `close` tells it.
  socket.on("error", () => {});
  return socket;
}

/** @internal */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
