/** What every primitive of this folder may be given. */
export interface SyncOptions {
  /** Names it in errors and dumps, such as `"connection pool"`. */
  name?: string;
}
