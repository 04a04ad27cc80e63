import type { RuntimeHandle } from "../core/context.ts";
import { UnsupportedError } from "../core/errors.ts";
import type { LocalReactor } from "../reactor/reactor.ts";
import { reactorOf } from "../reactor/reactor-of.ts";

/**
 * @throws UnsupportedError on a reactor that has none
 * @internal
 */
export function localReactor(runtime: RuntimeHandle, what: string): LocalReactor {
  const { local, name } = reactorOf(runtime);
  if (local !== null) return local;
  throw new UnsupportedError(`${what} on the ${name} reactor`, "it has nothing of the machine below");
}
