/** @internal */
export function checkHost(host: string, name = "host"): void {
  if (typeof host !== "string")
    throw new TypeError(`${name} must be a name or an address as a string; got ${typeof host}`);
  if (host === "")
    throw new RangeError(`${name} must not be empty: "127.0.0.1" is this machine, "0.0.0.0" all interfaces`);
}

/** @internal */
export function checkPort(port: number, lowest: number, name = "port"): void {
  if (typeof port !== "number") throw new TypeError(`${name} must be a number; got ${typeof port}`);
  if (!(Number.isInteger(port) && port >= lowest && port <= 65_535)) {
    throw new RangeError(`${name} must be a whole number from ${lowest} to 65535; got ${port}`);
  }
}

/** @internal */
export function checkFlag(name: string, flag: boolean | undefined): void {
  if (flag !== undefined && typeof flag !== "boolean") {
    throw new TypeError(`${name} must be true or false; got ${typeof flag}`);
  }
}

/**
 * Of a count, a size or a time.
 *
 * @internal
 */
export function checkWhole(name: string, value: number | undefined, lowest: number, unit: string): void {
  if (value === undefined) return;
  if (typeof value !== "number") throw new TypeError(`${name} must be a number; got ${typeof value}`);
  if (!(Number.isSafeInteger(value) && value >= lowest))
    throw new RangeError(`${name} must be a whole number of ${unit}, ${lowest} or more; got ${value}`);
}

/** @internal */
export function checkFamily(family: string | undefined): void {
  if (family !== undefined && family !== "any" && family !== "IPv4" && family !== "IPv6")
    throw new TypeError(`family must be "any", "IPv4" or "IPv6"; got ${String(family)}`);
}
