import type { NodeTlsServer, NodeTlsSocket } from "../node/node-types.ts";
import type { Session } from "./session.ts";

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
          session.fail(args[0]);
          return true;
        }
        return Reflect.apply(server.emit, view, [event, ...args]);
      },
    },
  });
  view.emit("connection", session.transport.stream);
}
