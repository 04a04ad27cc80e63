import type { SocketOptions } from "../reactor/options.ts";
import { checkFlag, checkWhole } from "./check.ts";

/**
 * Whether the options make sense anywhere; whether they can be had on this reactor, it says itself.
 *
 * @internal
 */
export function checkSocketOptions(options: Partial<SocketOptions>): void {
  const { keepAlive, linger } = options;
  checkFlag("noDelay", options.noDelay);
  if (typeof keepAlive === "number") checkWhole("keepAlive", keepAlive, 1000, "ms");
  else if (keepAlive !== undefined && typeof keepAlive !== "boolean") {
    throw new TypeError(`keepAlive must be true, false or a number of ms; got ${typeof keepAlive}`);
  }
  if (linger !== null) checkWhole("linger", linger, 0, "ms");
  checkFlag("reuseAddress", options.reuseAddress);
  checkFlag("reusePort", options.reusePort);
  checkWhole("sendBufferSize", options.sendBufferSize, 1, "bytes");
  checkWhole("recvBufferSize", options.recvBufferSize, 1, "bytes");
  checkWhole("ttl", options.ttl, 1, "hops");
}
