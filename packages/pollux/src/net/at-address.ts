import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { LookupOptions, SocketAddress } from "../reactor/options.ts";
import type { HostPort } from "./host-port.ts";
import { lookupHost } from "./lookup-host.ts";

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/**
 * The address that a host is, or `null` for a name.
 *
 * @internal
 */
export function numericAddress({ host, port }: HostPort): SocketAddress | null {
  if (host.includes(":")) return { host, port, family: "IPv6" };
  return IPV4.test(host) ? { host, port, family: "IPv4" } : null;
}

/**
 * What is made of an address, which may be a name: then of the first address of that.
 *
 * @internal
 */
export class AtAddress<T> extends Future<T> {
  readonly #what: string;
  readonly #make: (address: SocketAddress) => Future<T>;
  #lookup: Future<SocketAddress[]> | null;
  #future: Future<T> | null;
  #over = false;

  /** @param what - names it in errors: `"UdpSocket.bind()"` */
  constructor(
    what: string,
    target: HostPort,
    options: LookupOptions,
    make: (address: SocketAddress) => Future<T>,
  ) {
    super();
    const address = numericAddress(target);
    this.#what = what;
    this.#make = make;
    this.#lookup = address === null ? lookupHost(target, options) : null;
    this.#future = address === null ? null : make(address);
  }

  override poll(cx: Context): Poll<T> {
    if (this.#over) throw new PollAfterCompletionError(this.#what);
    try {
      const poll = this.#future === null ? this.#pollLookup(cx) : this.#future.poll(cx);
      if (poll !== Pending) this.#over = true;
      return poll;
    } catch (error) {
      this.#over = true;
      throw error;
    }
  }

  #pollLookup(cx: Context): Poll<T> {
    const found = this.#lookup?.poll(cx);
    if (found === Pending) return Pending;
    this.#lookup = null;
    const [first] = found ?? [];
    if (first === undefined) throw new RangeError("the name has no address");
    this.#future = this.#make(first);
    return this.#future.poll(cx);
  }

  override cancel(cx: Context): Poll<void> {
    if (this.#over) return undefined;
    const poll = this.#lookup?.cancel(cx) ?? this.#future?.cancel(cx);
    if (poll !== Pending) this.#over = true;
    return poll;
  }

  override inspect(): Inspection {
    return around(this.#what, this.#lookup ?? this.#future);
  }
}
