/** A name or an address, and a port. */
export interface HostPort {
  host: string;
  port: number;
}

/**
 * Reads `"host:port"`: the host is a name or an address; one of IPv6 stands in brackets.
 *
 * @throws TypeError if it is no string
 * @throws RangeError if it cannot be read: without a port, with a port that is none, with brackets that do not close
 *
 * @example
 * ```ts
 * console.log(parseHostPort("127.0.0.1:8080").port); // 8080
 * console.log(parseHostPort("[::1]:80").host); // "::1"
 * ```
 */
export function parseHostPort(text: string): HostPort {
  if (typeof text !== "string")
    throw new TypeError(`an address is a string such as "127.0.0.1:8080"; got ${typeof text}`);
  const [, bracketed, bare, port] = /^(?:\[([^[\]]+)\]|([^[\]:]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? bare;
  if (host === undefined || port === undefined) throw new RangeError(unreadable(text));
  if (bracketed !== undefined && !bracketed.includes(":"))
    throw new RangeError(`${JSON.stringify(text)}: brackets are for IPv6 addresses, as in "[::1]:80"`);
  if (Number(port) > 65_535)
    throw new RangeError(`${JSON.stringify(text)}: a port is a whole number from 0 to 65535`);
  return { host, port: Number(port) };
}

/**
 * Options that were given as an object, or as `"host:port"` with the others apart.
 *
 * @internal
 */
export function withHostPort<O extends HostPort>(
  target: O | string,
  others: Omit<O, "host" | "port">,
  what: string,
): O {
  // What `O` has beside the two is in `others`.
  if (typeof target === "string") return { ...others, ...parseHostPort(target) } as O;
  if (typeof target !== "object" || target === null) {
    throw new TypeError(`${what} needs { host, port } or "host:port"; got ${String(target)}`);
  }
  return { ...target };
}

function unreadable(text: string): string {
  const shown = JSON.stringify(text);
  if (/^[^[\]]*:[^[\]]*:/.test(text))
    return `${shown}: an IPv6 address stands in brackets before its port, as in "[::1]:80"`;
  if (!text.includes(":")) return `${shown} has no port: write "host:port"`;
  return `${shown} is no address: write "host:port", as in "127.0.0.1:8080", "localhost:80" or "[::1]:80"`;
}
