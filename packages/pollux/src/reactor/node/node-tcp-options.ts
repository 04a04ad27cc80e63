import { UnsupportedError } from "../../core/errors.ts";
import type { SocketOptions } from "../options.ts";

/** The part of `listen`'s and `connect`'s options that Node 20's types do not have. */
export interface NewerListenOptions {
  reusePort?: boolean;
}

/** Options that Node gives no access to at all. */
const NEVER = ["sendBufferSize", "recvBufferSize", "ttl"] as const;

/** @throws UnsupportedError for the first option that Node's sockets do not have */
export function checkNodeOptions(kind: "listener" | "stream", options: Partial<SocketOptions>): void {
  for (const name of NEVER) {
    if (options[name] !== undefined)
      refuse(name, "Node's sockets have no access to it: leave it to the system");
  }
  if (options.linger !== undefined && options.linger !== null && options.linger !== 0) {
    refuse(
      `linger of ${options.linger} ms`,
      "Node's sockets can only reset (0) or send what is left in the background (null)",
    );
  }
  if (options.reuseAddress === false)
    refuse("reuseAddress: false", "Node's sockets always reuse addresses (SO_REUSEADDR)");
  if (options.reusePort === true) {
    if (kind === "stream") refuse("reusePort", "Node's sockets have it for listening alone");
    if (!canReusePort(process.versions.node))
      refuse("reusePort", `it needs Node 22.12 or 23.1; this is ${process.versions.node}`);
  }
}

function refuse(what: string, instead: string): never {
  throw new UnsupportedError(`${what} on the node reactor`, instead);
}

/** Whether `listen` of this version of Node knows the option; older ones would ignore it without a word. */
export function canReusePort(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major >= 24 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
}

/** Node's two arguments for keep-alive, in its own words: whether, and the ms of silence before (0 is the system's). */
export function keepAliveOf(option: boolean | number): [on: boolean, delay: number] {
  return typeof option === "number" ? [true, option] : [option, 0];
}
