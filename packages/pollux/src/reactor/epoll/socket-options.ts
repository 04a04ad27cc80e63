import type { SocketOptions } from "../options.ts";
import {
  AF_INET6,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_UNICAST_HOPS,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_KEEPIDLE,
  TCP_NODELAY,
} from "./constants.ts";
import type { Native } from "./native.ts";
import { systemError } from "./system-error.ts";

/** A socket whose options are asked for. */
export interface OptionSocket {
  readonly native: Native;
  readonly fd: number;
  readonly family: number;
}

/** Room for the largest value: `struct linger`, two integers. */
const bytes = new Uint8Array(8);
const words = new Int32Array(bytes.buffer);
const firstWord = bytes.subarray(0, 4);

/** @throws the system's error */
export function setInteger(socket: OptionSocket, level: number, name: number, value: number): void {
  words[0] = value;
  setBytes(socket, level, name, firstWord);
}

/** @throws the system's error */
export function setBytes({ native, fd }: OptionSocket, level: number, name: number, value: Uint8Array): void {
  const result = native.setOption(fd, level, name, value);
  if (result < 0) throw systemError(result, "setsockopt");
}

/** @throws the system's error */
export function getInteger({ native, fd }: OptionSocket, level: number, name: number): number {
  const result = native.getOption(fd, level, name, firstWord);
  if (result < 0) throw systemError(result, "getsockopt");
  return words[0] as number; // It has two elements.
}

/** How an option is read from a socket and written to it. */
interface Option<V> {
  get(socket: OptionSocket): V;
  set(socket: OptionSocket, value: V): void;
}

function flag(level: number, name: number): Option<boolean> {
  return {
    get: (socket) => getInteger(socket, level, name) !== 0,
    set: (socket, value) => setInteger(socket, level, name, value ? 1 : 0),
  };
}

/** The system doubles what it is told, for its own bookkeeping, and tells the double. */
function bufferSize(name: number): Option<number> {
  return {
    get: (socket) => getInteger(socket, SOL_SOCKET, name) / 2,
    set: (socket, value) => setInteger(socket, SOL_SOCKET, name, value),
  };
}

const seconds = (ms: number): number => Math.ceil(ms / 1000);

const OPTIONS: { readonly [K in keyof SocketOptions]: Option<SocketOptions[K]> } = {
  noDelay: flag(IPPROTO_TCP, TCP_NODELAY),
  reuseAddress: flag(SOL_SOCKET, SO_REUSEADDR),
  reusePort: flag(SOL_SOCKET, SO_REUSEPORT),
  sendBufferSize: bufferSize(SO_SNDBUF),
  recvBufferSize: bufferSize(SO_RCVBUF),
  keepAlive: {
    get: (socket) => getInteger(socket, SOL_SOCKET, SO_KEEPALIVE) !== 0,
    set: (socket, value) => {
      setInteger(socket, SOL_SOCKET, SO_KEEPALIVE, value === false ? 0 : 1);
      if (typeof value === "number" && value > 0)
        setInteger(socket, IPPROTO_TCP, TCP_KEEPIDLE, seconds(value));
    },
  },
  linger: {
    get: ({ native, fd }) => {
      const result = native.getOption(fd, SOL_SOCKET, SO_LINGER, bytes);
      if (result < 0) throw systemError(result, "getsockopt");
      return words[0] === 0 ? null : (words[1] as number) * 1000; // It has two elements.
    },
    set: ({ native, fd }, value) => {
      words[0] = value === null ? 0 : 1;
      words[1] = value === null ? 0 : seconds(value);
      const result = native.setOption(fd, SOL_SOCKET, SO_LINGER, bytes);
      if (result < 0) throw systemError(result, "setsockopt");
    },
  },
  ttl: {
    get: (socket) => getInteger(socket, ...ttlOf(socket)),
    set: (socket, value) => setInteger(socket, ...ttlOf(socket), value),
  },
};

function ttlOf({ family }: OptionSocket): [level: number, name: number] {
  return family === AF_INET6 ? [IPPROTO_IPV6, IPV6_UNICAST_HOPS] : [IPPROTO_IP, IP_TTL];
}

/** @throws the system's error */
export function getOption<K extends keyof SocketOptions>(socket: OptionSocket, name: K): SocketOptions[K] {
  return OPTIONS[name].get(socket);
}

/** @throws the system's error */
export function setOption<K extends keyof SocketOptions>(
  socket: OptionSocket,
  name: K,
  value: SocketOptions[K],
): void {
  OPTIONS[name].set(socket, value);
}

/**
 * Sets what was asked for, and what is on by default. Before a socket is bound, since some options count only then; what
 * a listening socket has, the connections that it accepts inherit.
 *
 * @throws the system's error
 */
export function setOptions(socket: OptionSocket, options: Partial<SocketOptions>): void {
  const { noDelay = true } = options;
  if (noDelay) setOption(socket, "noDelay", true);
  for (const name of Object.keys(OPTIONS) as (keyof SocketOptions)[]) {
    const value = options[name];
    // `noDelay: false` is the system's default.
    if (value !== undefined && name !== "noDelay") OPTIONS[name].set(socket, value as never); // The option's own type.
  }
}
