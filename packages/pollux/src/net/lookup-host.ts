import type { Context } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { LookupOptions, SocketAddress } from "../reactor/options.ts";
import { reactorOf } from "../reactor/reactor-of.ts";
import type { LookupSource } from "../reactor/source.ts";
import { checkFamily, checkHost, checkPort } from "./check.ts";
import { type HostPort, withHostPort } from "./host-port.ts";

/**
 * All addresses of a name, in the order in which the system's resolver gives them; each can be given to
 * {@link TcpStream.connect}. A string is `"host:port"`.
 *
 * Fails with the resolver's error: `ENOTFOUND`, `EAI_AGAIN`.
 *
 * **Cancel safety.** Safe: nobody waits any more. The system cannot be told to stop: a thread of Node's pool, of which
 * there are four, is busy until it answers, and the process stays alive until then.
 *
 * @throws TypeError, RangeError for arguments that make no sense
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const [first] = yield* lookupHost("127.0.0.1:80");
 *   console.log(first); // { host: '127.0.0.1', port: 80, family: 'IPv4' }
 * });
 * await run(main());
 * ```
 */
export function lookupHost(name: string | HostPort, options: LookupOptions = {}): Future<SocketAddress[]> {
  const { host, port } = withHostPort(name, {}, "lookupHost");
  checkHost(host);
  checkPort(port, 0);
  checkFamily(options.family);
  return new Lookup(host, port, { ...options });
}

class Lookup extends Future<SocketAddress[]> {
  readonly #host: string;
  readonly #port: number;
  readonly #options: LookupOptions;
  #source: LookupSource | null = null;
  #over = false;

  constructor(host: string, port: number, options: LookupOptions) {
    super();
    this.#host = host;
    this.#port = port;
    this.#options = options;
  }

  override poll(cx: Context): Poll<SocketAddress[]> {
    if (this.#over) throw new PollAfterCompletionError("lookupHost()");
    this.#source ??= reactorOf(cx.runtime).lookup(this.#host, this.#options);
    let poll: ReturnType<LookupSource["pollLookup"]>;
    try {
      poll = this.#source.pollLookup(cx);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll === Pending) return Pending;
    this.cancel();
    return poll.map(({ host, family }) => ({ host, port: this.#port, family }));
  }

  override cancel(): void {
    this.#over = true;
    this.#source?.cancelLookup();
    this.#source = null;
  }

  override inspect(): Inspection {
    return { op: `look up ${this.#host}` };
  }
}
