import { isIPv4, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import type { SocketAddress } from "../options.ts";
import { AF_INET, AF_INET6 } from "./constants.ts";

/** How an address crosses to the native layer: its length in 4 bytes, and a `sockaddr_storage`. */
export const ADDRESS_BYTES = 132;

const IPV4_LENGTH = 16;
const IPV6_LENGTH = 28;
/** Where the `sockaddr` begins. */
const AT = 4;

/** Which order of bytes this machine has: the kernel's own fields are in it, those of the network are not. */
const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Writes an IP address and a port as the system wants them.
 *
 * @returns the address family
 * @throws TypeError if `host` is no IP address
 */
export function encodeAddress(host: string, port: number, into: Uint8Array): number {
  const view = new DataView(into.buffer, into.byteOffset, ADDRESS_BYTES);
  into.fill(0);
  view.setUint16(AT + 2, port);
  if (isIPv4(host)) {
    view.setUint32(0, IPV4_LENGTH, littleEndian);
    view.setUint16(AT, AF_INET, littleEndian);
    writeIPv4(host, into, AT + 4);
    return AF_INET;
  }
  if (!isIPv6(host)) throw new TypeError(`"${host}" is not an IP address`);
  view.setUint32(0, IPV6_LENGTH, littleEndian);
  view.setUint16(AT, AF_INET6, littleEndian);
  const [address = "", zone] = host.split("%");
  writeIPv6(address, view, AT + 8);
  if (zone !== undefined) view.setUint32(AT + 24, scopeId(zone), littleEndian);
  return AF_INET6;
}

/** Reads an address that the system has written; `null` for one that is not of the Internet's. */
export function decodeAddress(from: Uint8Array): SocketAddress | null {
  const view = new DataView(from.buffer, from.byteOffset, ADDRESS_BYTES);
  const port = view.getUint16(AT + 2);
  switch (view.getUint16(AT, littleEndian)) {
    case AF_INET:
      return { host: from.subarray(AT + 4, AT + 8).join("."), port, family: "IPv4" };
    case AF_INET6: {
      const scope = view.getUint32(AT + 24, littleEndian);
      const host = readIPv6(view, AT + 8);
      return { host: scope === 0 ? host : `${host}%${zoneName(scope)}`, port, family: "IPv6" };
    }
    default:
      return null;
  }
}

/**
 * An address in little memory: an IPv4 address and its port in one number, others as they are. Servers have many, and look
 * at few.
 */
export type PackedAddress = number | SocketAddress;

const PORTS = 0x1_0000;

/** As {@link decodeAddress}, packed. */
export function packAddress(from: Uint8Array): PackedAddress | null {
  const view = new DataView(from.buffer, from.byteOffset, ADDRESS_BYTES);
  if (view.getUint16(AT, littleEndian) !== AF_INET) return decodeAddress(from);
  return view.getUint32(AT + 4) * PORTS + view.getUint16(AT + 2);
}

export function unpackAddress(packed: PackedAddress): SocketAddress {
  if (typeof packed !== "number") return packed;
  const bits = Math.floor(packed / PORTS);
  const host = [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".");
  return { host, port: packed % PORTS, family: "IPv4" };
}

function writeIPv4(host: string, into: Uint8Array, offset: number): void {
  host.split(".").forEach((part, index) => {
    into[offset + index] = Number(part);
  });
}

function writeIPv6(host: string, view: DataView, offset: number): void {
  const [head = "", tail] = host.split("::");
  const first = groups(head);
  const last = tail === undefined ? [] : groups(tail);
  first.forEach((group, index) => {
    view.setUint16(offset + 2 * index, group);
  });
  last.forEach((group, index) => {
    view.setUint16(offset + 2 * (8 - last.length + index), group);
  });
}

/** The 16-bit groups of a part of an address; its last 32 bits may be written as an IPv4 address. */
function groups(part: string): number[] {
  if (part === "") return [];
  return part.split(":").flatMap((group) => {
    if (!group.includes(".")) return Number.parseInt(group, 16);
    const [a = 0, b = 0, c = 0, d = 0] = group.split(".").map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** As RFC 5952 writes it: the longest run of two or more zero groups is left out; the last 32 bits of a mapped one in dots. */
function readIPv6(view: DataView, offset: number): string {
  const all = Array.from({ length: 8 }, (_, index) => view.getUint16(offset + 2 * index));
  if (all.slice(0, 5).every((group) => group === 0) && all[5] === 0xffff) {
    const bytes = Array.from({ length: 4 }, (_, index) => view.getUint8(offset + 12 + index));
    return `::ffff:${bytes.join(".")}`;
  }
  let start = 0;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && all[end] === 0) end++;
    if (end - at > length) {
      start = at;
      length = end - at;
    }
  }
  const text = (part: number[]): string => part.map((group) => group.toString(16)).join(":");
  return length === 1 ? text(all) : `${text(all.slice(0, start))}::${text(all.slice(start + length))}`;
}

function scopeId(zone: string): number {
  if (/^\d+$/.test(zone)) return Number(zone);
  for (const info of networkInterfaces()[zone] ?? []) if (info.family === "IPv6") return info.scopeid;
  return 0;
}

function zoneName(scope: number): string {
  for (const [name, infos] of Object.entries(networkInterfaces()))
    for (const info of infos ?? []) if (info.family === "IPv6" && info.scopeid === scope) return name;
  return String(scope);
}
