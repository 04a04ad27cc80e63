/** @internal */
export function checkHost(options: { host: string }, what: string): void {
  if (typeof options !== "object" || options === null) throw new TypeError(`${what} needs { host, port }`);
  const { host } = options;
  if (typeof host !== "string")
    throw new TypeError(`host must be a name or an address as a string; got ${typeof host}`);
  if (host === "")
    throw new RangeError(`host must not be empty: "127.0.0.1" is this machine, "0.0.0.0" all interfaces`);
}

/** @internal */
export function checkPort(port: number, lowest: number): void {
  if (typeof port !== "number") throw new TypeError(`port must be a number; got ${typeof port}`);
  if (!(Number.isInteger(port) && port >= lowest && port <= 65_535)) {
    throw new RangeError(`port must be a whole number from ${lowest} to 65535; got ${port}`);
  }
}

/** @internal */
export function checkFlag(name: string, flag: boolean | undefined): void {
  if (flag !== undefined && typeof flag !== "boolean") {
    throw new TypeError(`${name} must be true or false; got ${typeof flag}`);
  }
}
