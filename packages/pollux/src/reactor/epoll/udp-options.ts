import type { UdpSocketOptions } from "../options.ts";
import {
  AF_INET6,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_LOOP,
  SO_BROADCAST,
  SOL_SOCKET,
} from "./constants.ts";
import { setMulticastInterface } from "./multicast.ts";
import { getInteger, getOption, type OptionSocket, setInteger, setOption } from "./socket-options.ts";

/** The options that are an integer, and are asked for where they are set. */
type Readable = Exclude<keyof UdpSocketOptions, "multicastInterface">;

function multicastTtlOf({ family }: OptionSocket): [level: number, name: number] {
  return family === AF_INET6 ? [IPPROTO_IPV6, IPV6_MULTICAST_HOPS] : [IPPROTO_IP, IP_MULTICAST_TTL];
}

function multicastLoopOf({ family }: OptionSocket): [level: number, name: number] {
  return family === AF_INET6 ? [IPPROTO_IPV6, IPV6_MULTICAST_LOOP] : [IPPROTO_IP, IP_MULTICAST_LOOP];
}

/** @throws the system's error */
export function getUdpOption(socket: OptionSocket, name: Readable): number | boolean {
  switch (name) {
    case "broadcast":
      return getInteger(socket, SOL_SOCKET, SO_BROADCAST) !== 0;
    case "multicastTtl":
      return getInteger(socket, ...multicastTtlOf(socket));
    case "multicastLoop":
      return getInteger(socket, ...multicastLoopOf(socket)) !== 0;
    default:
      return getOption(socket, name);
  }
}

/**
 * @throws RangeError for an interface that there is not
 * @throws the system's error
 */
export function setUdpOption<K extends keyof UdpSocketOptions>(
  socket: OptionSocket,
  name: K,
  value: UdpSocketOptions[K],
): void {
  setUdpOptions(socket, { [name]: value });
}

/** As {@link setUdpOption}, of those that are there. */
export function setUdpOptions(socket: OptionSocket, options: Partial<UdpSocketOptions>): void {
  const { broadcast, ttl, multicastTtl, multicastLoop, multicastInterface } = options;
  if (broadcast !== undefined) setInteger(socket, SOL_SOCKET, SO_BROADCAST, broadcast ? 1 : 0);
  if (ttl !== undefined) setOption(socket, "ttl", ttl);
  if (multicastTtl !== undefined) setInteger(socket, ...multicastTtlOf(socket), multicastTtl);
  if (multicastLoop !== undefined) setInteger(socket, ...multicastLoopOf(socket), multicastLoop ? 1 : 0);
  if (multicastInterface !== undefined) setMulticastInterface(socket, multicastInterface);
  for (const name of ["sendBufferSize", "recvBufferSize"] as const) {
    const size = options[name];
    if (size !== undefined) setOption(socket, name, size);
  }
}
