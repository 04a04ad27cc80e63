import type { ClientConnection } from "./client-connection.ts";
import type { ClientSettings } from "./client-options.ts";
import type { Pool } from "./pool.ts";

/**
 * A request under way: up to the head of its response an `Exchange`, from then on a `Reception`.
 *
 * @internal
 */
export interface ActiveRequest {
  /** Gives it up from outside: what waits for it fails with the reason. */
  stop(reason: unknown): void;
  /** The time for what its connection waited for is over. */
  expired(): void;
}

/**
 * What a request needs of its client.
 *
 * @internal
 */
export interface ClientState {
  readonly settings: ClientSettings;
  readonly pool: Pool<ClientConnection>;
  /** Requests under way. */
  readonly active: Set<ActiveRequest>;
  readonly isClosed: boolean;
  /** A connection has become idle. */
  keepsIdle(): void;
  /** A request is over. */
  ended(request: ActiveRequest): void;
}
