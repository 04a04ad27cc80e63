import { lookup } from "node:dns";
import type { Context } from "../../core/context.ts";
import { Pending, type Poll } from "../../core/poll.ts";
import type { LookupOptions, SocketAddress } from "../options.ts";
import type { LookupSource } from "../source.ts";
import { type KeepsAlive, Waiting } from "../waiting.ts";

type Addresses = readonly Omit<SocketAddress, "port">[];

const FAMILIES = { any: 0, IPv4: 4, IPv6: 6 } as const;

/**
 * A name that the system's resolver is asked for (`getaddrinfo`), in a thread of libuv's. It cannot be called back: one
 * that was given up goes on, keeps its thread and the process until it ends, and nobody looks at its result.
 */
export class NodeLookup implements LookupSource, KeepsAlive {
  readonly isExternal = true;
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
    if (!this.begun) this.begin();
    if (this.error !== null) throw this.error;
    if (this.addresses !== null) return this.addresses;
    cx.refundBudget();
    this.waiting.begin(cx);
    return Pending;
  }

  private begin(): void {
    this.begun = true;
    const { family = "any" } = this.options;
    lookup(this.host, { all: true, family: FAMILIES[family] }, (error, found) => {
      this.error = error;
      if (error === null)
        this.addresses = found.map(({ address, family }) => ({
          host: address,
          family: family === 6 ? "IPv6" : "IPv4",
        }));
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
