import { NoContextError } from "../core/errors.ts";
import { surroundings } from "./in-thread.ts";
import { transfer, transfersOf } from "./transfer.ts";

/** What may be a service: a function whose outcome, be it a future, a promise or a value, answers a thread. */
// biome-ignore lint/suspicious/noExplicitAny: only so does a function of any parameters fit
export type Services = Readonly<Record<string, (...args: any[]) => unknown>>;

/**
 * The services of a {@link Services} object as a thread sees them: each stands still until the answer is there, and gives it.
 *
 * @typeParam S - the object of services
 */
export type OnMain<S extends Services> = {
  readonly [K in keyof S]: (...args: Parameters<S[K]>) => Awaited<ReturnType<S[K]>>;
};

/**
 * The calling runtime's services, for code that runs in a thread of its pool. To call one *blocks* this thread: it sleeps
 * until the future that the service made has ended over there, within the task that made the call, and gives its value.
 * So code without a `yield*` and without an `await` can use what tasks offer.
 *
 * If the call is cancelled, so is the service, and it throws an error with the code `"POLLUX_CANCELLED"` here.
 *
 * @typeParam S - what `blocking` was given as `services`
 * @throws NoContextError (the service, when it is called) in a thread that is none of a pool
 *
 * @example
 * ```ts no-run
 * // In work.ts, which exports it, and which the other side calls by
 * //   blocking<typeof import("./work.js")>(url, { services: { price: (item: string) => map(sleep(5), () => 3) } })
 * const total = (items: string[]): number => {
 *   const main = onMain<{ price(item: string): Future<number> }>();
 *   return items.reduce((sum, item) => sum + main.price(item), 0);
 * };
 * ```
 */
export function onMain<S extends Services>(): OnMain<S> {
  const cached = new Map<string, (...args: unknown[]) => unknown>();
  const get = (_target: object, name: string | symbol): unknown => {
    // Whoever looks whether it is a promise is told that it is none.
    if (typeof name === "symbol" || name === "then") return undefined;
    let service = cached.get(name);
    if (service === undefined) {
      service = (...args) => ask(name, args);
      cached.set(name, service);
    }
    return service;
  };
  // The type is the one that the user says the other side offers: nothing here can know.
  return new Proxy(Object.freeze({}), { get }) as OnMain<S>;
}

function ask(name: string, args: readonly unknown[]): unknown {
  const around = surroundings();
  if (around === undefined) throw new NoContextError(`the service ${name} of the calling runtime`);
  return around.ask(name, transfer(args, args.flatMap(transfersOf)));
}
