import { lookup } from "node:dns";
import { isIPv4, isIPv6 } from "node:net";
import type { Context } from "../core/context.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { LookupOptions, SocketAddress } from "./options.ts";
import type { LookupSource } from "./source.ts";
import { type KeepsAlive, Waiting } from "./waiting.ts";

/** @internal */
export const LOOK_UPS = "look-ups of names";

type Addresses = readonly Omit<SocketAddress, "port">[];

const FAMILIES = { any: 0, IPv4: 4, IPv6: 6 } as const;

/**
 * A name that the system's resolver is asked for (`getaddrinfo`), in a thread of libuv's. It cannot be called back: one
 * that was given up goes on, keeps its thread and the process until it ends, and nobody looks at its result.
 */
export class DnsLookup implements LookupSource, KeepsAlive {
  readonly isExternal = true;
  readonly needsNodeLoop: string = LOOK_UPS;
  private readonly host: string;
  private readonly options: LookupOptions;
  private readonly waiting = new Waiting(this);
  private begun = false;
  private addresses: Addresses | null = null;
  private error: Error | null = null;

  constructor(host: string, options: LookupOptions) {
    this.host = host;
    this.options = options;
  }

  pollLookup(cx: Context): Poll<Addresses> {
    if (!cx.takeBudget()) return Pending;
    if (!this.begun) {
      requireNodeLoop(cx.runtime, LOOK_UPS);
      this.begin();
    }
    if (this.error !== null) throw this.error;
    if (this.addresses !== null) return this.addresses;
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  private begin(): void {
    this.begun = true;
    ask(this.host, this.options.family ?? "any", (error, found) => {
      this.error = error;
      this.addresses = found;
      this.waiting.wake();
    });
  }

  cancelLookup(): void {
    this.waiting.end();
  }

  keepAlive(): void {
    // libuv does so itself until its thread is done.
  }

  letGo(): void {
    // As above.
  }
}

function ask(
  host: string,
  family: keyof typeof FAMILIES,
  done: (error: Error | null, found: Addresses) => void,
): void {
  lookup(host, { all: true, family: FAMILIES[family] }, (error, found) => {
    if (error !== null) done(error, []);
    else
      done(
        null,
        found.map(({ address, family }) => ({ host: address, family: family === 6 ? "IPv6" : "IPv4" })),
      );
  });
}

/** How a look-up ends: the addresses in the order in which they are to be tried, or what it has failed with. */
export type Resolved = { readonly hosts: readonly string[] } | { readonly error: Error };

/** Looks up the addresses to connect to; one that is an address already is given at once. */
export function resolve(
  host: string,
  family: keyof typeof FAMILIES,
  done: (resolved: Resolved) => void,
): void {
  const isAddress =
    family === "IPv4" ? isIPv4(host) : family === "IPv6" ? isIPv6(host) : isIPv4(host) || isIPv6(host);
  if (isAddress) done({ hosts: [host] });
  else ask(host, family, (error, found) => done(error === null ? { hosts: interleave(found) } : { error }));
}

/** Alternates between the families, beginning with the one that the resolver prefers (RFC 8305, section 4). */
function interleave(found: Addresses): string[] {
  const preferred = found.filter(({ family }) => family === found[0]?.family);
  const others = found.filter(({ family }) => family !== found[0]?.family);
  const hosts: string[] = [];
  for (let i = 0; i < found.length; i++)
    for (const address of [preferred[i], others[i]]) if (address !== undefined) hosts.push(address.host);
  return hosts;
}
