import type { NodeUpgradeListener } from "@pollux/http";
import { co, End, type Future, fromCallback, on, once, race, spawn } from "pollux";
import { type RawData, type WebSocket, WebSocketServer } from "ws";

/**
 * WebSocket by the package `ws`, for `nodeHandler(app, { upgrade: webSockets(converse) })`: `ws` does the handshake and the
 * frames, and each socket is a coroutine, which is cancelled when the other side has gone.
 */
export function webSockets(converse: (socket: WebSocket) => Future<unknown>): NodeUpgradeListener {
  const server = new WebSocketServer({ noServer: true });
  return (request, stream, head) =>
    new Promise<void>((resolve, reject) => {
      server.handleUpgrade(request, stream, head, (socket) => {
        const failed = (error: unknown): void => {
          if (socket.readyState === socket.CLOSED) reject(error);
          else socket.once("close", () => reject(error)).close(1011);
        };
        spawn(race([converse(socket), once(socket, "close")])).then(() => resolve(), failed);
      });
    });
}

/** Sends each message back, and reads on only when it is on its way. */
export const echo = co(function* echo(socket: WebSocket) {
  const messages = on<[data: RawData, isBinary: boolean]>(socket, "message", {
    capacity: 16,
    overflow: "pause",
  });
  for (;;) {
    const message = yield* messages.next();
    if (message === End) return;
    const [data, binary] = message;
    yield* fromCallback<void>((done) => socket.send(data, { binary }, done));
  }
});
