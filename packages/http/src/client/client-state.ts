import type { ClientConnection } from "./client-connection.ts";
import type { ClientSettings } from "./client-options.ts";
import type { Exchange } from "./exchange.ts";
import type { Pool } from "./pool.ts";

/**
 * What a request needs of its client.
 *
 * @internal
 */
export interface ClientState {
  readonly settings: ClientSettings;
  readonly pool: Pool<ClientConnection>;
  /** Requests under way. */
  readonly active: Set<Exchange>;
  readonly isClosed: boolean;
  /** A connection has become idle. */
  keepsIdle(): void;
  /** A request is over. */
  ended(exchange: Exchange): void;
}
