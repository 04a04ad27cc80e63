import { interfaceOf } from "../interfaces.ts";
import type { MulticastOptions } from "../options.ts";
import {
  AF_INET6,
  IP_ADD_MEMBERSHIP,
  IP_ADD_SOURCE_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_DROP_SOURCE_MEMBERSHIP,
  IP_MULTICAST_IF,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_ADD_MEMBERSHIP,
  IPV6_DROP_MEMBERSHIP,
  IPV6_MULTICAST_IF,
} from "./constants.ts";
import { ADDRESS_BYTES, encodeAddress } from "./socket-address.ts";
import { type OptionSocket, setBytes } from "./socket-options.ts";

/** Where an address lies in its `sockaddr`, with the 4 bytes before that. */
const IPV4_AT = 8;
const IPV6_AT = 12;

/** The bytes of a numeric address. */
function rawAddress(host: string, family: number): Uint8Array {
  const address = new Uint8Array(ADDRESS_BYTES);
  if (encodeAddress(host, 0, address) !== family)
    throw new RangeError(`${host} is not of the socket's family of addresses`);
  return family === AF_INET6 ? address.slice(IPV6_AT, IPV6_AT + 16) : address.slice(IPV4_AT, IPV4_AT + 4);
}

/** In the machine's order of bytes. */
function integer(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

/**
 * Joins or leaves a group.
 *
 * @throws RangeError for an interface that there is not, and for addresses of another family
 * @throws the system's error
 */
export function setMembership(
  socket: OptionSocket,
  isJoin: boolean,
  group: string,
  options: MulticastOptions,
): void {
  const { interface: name, source } = options;
  const found = name === undefined ? null : interfaceOf(name);
  const address = rawAddress(group, socket.family);
  if (socket.family === AF_INET6) {
    // struct ipv6_mreq
    const request = Buffer.concat([address, integer(found?.index ?? 0)]);
    setBytes(socket, IPPROTO_IPV6, isJoin ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP, request);
    return;
  }
  const on = rawAddress(found?.address ?? "0.0.0.0", socket.family);
  if (source === undefined) {
    // struct ip_mreq
    const request = Buffer.concat([address, on]);
    setBytes(socket, IPPROTO_IP, isJoin ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, request);
    return;
  }
  // struct ip_mreq_source
  const request = Buffer.concat([address, on, rawAddress(source, socket.family)]);
  setBytes(socket, IPPROTO_IP, isJoin ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP, request);
}

/**
 * By which interface datagrams go to groups.
 *
 * @throws RangeError for an interface that there is not
 * @throws the system's error
 */
export function setMulticastInterface(socket: OptionSocket, name: string): void {
  const found = interfaceOf(name);
  if (socket.family === AF_INET6) {
    setBytes(socket, IPPROTO_IPV6, IPV6_MULTICAST_IF, integer(found.index));
  } else setBytes(socket, IPPROTO_IP, IP_MULTICAST_IF, rawAddress(found.address, socket.family));
}
