import cluster from "node:cluster";
import { UnsupportedError } from "../../core/errors.ts";
import type { SocketOptions, TcpListenOptions } from "../options.ts";

/** @throws UnsupportedError for what our own sockets cannot or should not do */
export function checkEpollOptions(kind: "listener" | "stream", options: Partial<SocketOptions>): void {
  const { linger } = options;
  if (typeof linger === "number" && linger > 0) {
    throw new UnsupportedError(
      `linger of ${linger} ms on the epoll reactor`,
      "a close would stop the whole thread for as long. It can reset (0), or send what is left in the background (null)",
    );
  }
  const { exclusive }: Partial<TcpListenOptions> = options;
  if (kind === "listener" && cluster.isWorker && exclusive !== true) {
    throw new UnsupportedError(
      "listening through the primary of node:cluster on the epoll reactor",
      'only Node\'s sockets can. Use reactor: "node", or exclusive: true, with reusePort where several listen on one port',
    );
  }
}
