import { Buffer } from "node:buffer";
import { type ClientSettings, checkProxy } from "./client-options.ts";

/** Where a connection leads, and what a request on it begins with. */
export interface Endpoint {
  /** The same for all requests that may share connections. */
  readonly key: string;
  readonly isSecure: boolean;
  /** A name or an address, without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
  /** Host and port, as in the `Host` field. */
  readonly authority: string;
  /** What stands before the path in the target: the origin, where a proxy is asked. */
  readonly prefix: string;
  /** The proxy's host, its port, and what it is told of who asks; `null` where none is. */
  readonly proxy: ProxyEndpoint | null;
}

export interface ProxyEndpoint {
  readonly host: string;
  readonly port: number;
  /** The line `Proxy-Authorization`; empty without a user. */
  readonly authorization: string;
}

/** What a URL comes to. */
export interface Resolved {
  readonly endpoint: Endpoint;
  readonly url: string;
  /** With the query. */
  readonly path: string;
}

/** URLs that were resolved last are known: most programs ask for few, again and again. */
const REMEMBERED = 256;

/** @internal */
export class Endpoints {
  private readonly settings: Pick<ClientSettings, "proxy" | "socketPath">;
  private readonly known: Map<string, Resolved>;

  constructor(settings: Pick<ClientSettings, "proxy" | "socketPath">) {
    this.settings = settings;
    this.known = new Map();
  }

  /** @throws TypeError for what is no URL of `http:` or `https:`, and for one with a user or a password */
  resolve(url: string | URL): Resolved {
    if (typeof url !== "string") return this.made(url);
    const known = this.known.get(url);
    if (known !== undefined) return known;
    const made = this.made(new URL(url));
    // A function may choose differently the next time.
    if (typeof this.settings.proxy !== "function") {
      if (this.known.size >= REMEMBERED) this.known.clear();
      this.known.set(url, made);
    }
    return made;
  }

  private made(url: URL): Resolved {
    const { protocol, hostname, port, host } = url;
    if (protocol !== "http:" && protocol !== "https:")
      throw new TypeError(`a request needs a URL of http: or https:, not ${protocol}`);
    if (url.username !== "" || url.password !== "")
      throw new TypeError("a URL with a user: send an Authorization field instead");
    const isSecure = protocol === "https:";
    const proxy = this.proxyFor(url);
    const endpoint: Endpoint = {
      key: proxy === null ? `${protocol}//${host}` : `${protocol}//${host} by ${proxy.href}`,
      isSecure,
      host: withoutBrackets(hostname),
      port: port === "" ? (isSecure ? 443 : 80) : Number(port),
      authority: host,
      prefix: proxy !== null && !isSecure ? `http://${host}` : "",
      proxy: proxy === null ? null : proxyEndpoint(proxy),
    };
    const path = url.pathname + url.search;
    return { endpoint, url: url.origin + path, path };
  }

  private proxyFor(url: URL): URL | null {
    const { proxy, socketPath } = this.settings;
    if (socketPath !== null || proxy === null) return null;
    const chosen = typeof proxy === "function" ? proxy(new URL(url.origin)) : proxy;
    return chosen === null ? null : checkProxy(chosen);
  }
}

function proxyEndpoint(url: URL): ProxyEndpoint {
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    host: withoutBrackets(url.hostname),
    port: url.port === "" ? 80 : Number(url.port),
    authorization:
      user === ":" ? "" : `Proxy-Authorization: Basic ${Buffer.from(user).toString("base64")}\r\n`,
  };
}

function withoutBrackets(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}
