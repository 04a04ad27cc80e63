import { HttpError } from "./http-error.ts";

// RFC 3986, 3.2.2: a registered name or an IPv4 address, which are not told apart, or an address in brackets.
const HOST = /^(?:[\w\-.~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+(?::\d{0,5})?$/;
const BRACKETED = /^\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[\w\-.~!$&'()*+,;=:]+)\](?::\d{0,5})?$/;

/** Whether it is a host that is not empty, and perhaps a port. */
export function isHost(text: string): boolean {
  return text.length <= 512 && (HOST.test(text) || BRACKETED.test(text));
}

const ABSOLUTE = /^(https?):\/\/([^/?]*)(.*)$/i;

/**
 * Checks the form of a target (RFC 9112, 3.2), and that it agrees with the `Host` field.
 *
 * @throws HttpError
 */
export function checkTarget(method: string, target: string, host: string | null): void {
  if (method === "CONNECT") {
    if (!isHost(target) || !/:\d+$/.test(target)) throw bad("CONNECT needs a host and a port");
    if (host !== null && !isSame(target, host, "")) throw mismatch();
    return;
  }
  if (target.charCodeAt(0) === 0x2f) return;
  if (target === "*") {
    if (method === "OPTIONS") return;
    throw bad("the target * is for OPTIONS alone");
  }
  const absolute = ABSOLUTE.exec(target);
  if (absolute === null) throw bad("the target is neither a path nor an http URL");
  const [, scheme = "", authority = ""] = absolute;
  if (!isHost(authority)) throw bad("the target's authority is no host");
  const port = scheme.toLowerCase() === "http" ? ":80" : ":443";
  if (host !== null && !isSame(authority, host, port)) throw mismatch();
}

/** With the port of the scheme, where there is none. */
function isSame(one: string, other: string, port: string): boolean {
  return normal(one, port) === normal(other, port);
}

function normal(host: string, port: string): string {
  const lower = host.toLowerCase().replace(/:$/, "");
  return port !== "" && lower.endsWith(port) ? lower.slice(0, -port.length) : lower;
}

function bad(message: string): HttpError {
  return new HttpError(400, "HTTP_BAD_TARGET", message);
}

function mismatch(): HttpError {
  return new HttpError(400, "HTTP_BAD_HOST", "the target and the Host field name two different hosts");
}
