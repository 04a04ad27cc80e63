import type { NodeTlsServer, NodeTlsSocket } from "../node/node-types.ts";
import type { Session } from "./session.ts";
import { codeOf } from "./tls-error.ts";

/**
 * Gives a connection to a server of Node, which takes any stream by its event `"connection"`, and has the session hear what
 * becomes of it. The server tells of all its connections by events that do not say which one was given to it. So it is given
 * to a view of the server, an object that inherits from it, which tells what the server would tell of this one.
 *
 * @internal
 */
export function serveOne(server: NodeTlsServer, session: Session): void {
  const view: NodeTlsServer = Object.create(server, {
    emit: {
      value: (event: string, ...args: unknown[]): boolean => {
        if (event === "secureConnection") {
          // By the documentation of both events.
          const [socket] = args as [NodeTlsSocket];
          session.follow(socket);
          session.succeed(socket);
          return true;
        }
        if (event === "tlsClientError") {
          const [error, { authorizationError }] = args as [unknown, NodeTlsSocket];
          session.fail(authorizationError ? untrusted(codeOf(authorizationError), error) : error);
          return true;
        }
        return Reflect.apply(server.emit, view, [event, ...args]);
      },
    },
  });
  view.emit("connection", session.transport.stream);
}

/** Node closes the connection to a client whose certificate it does not trust, and then says that it was reset. */
function untrusted(code: string, cause: unknown): Error {
  return Object.assign(new Error(`its certificate is not to be trusted (${code})`, { cause }), { code });
}
