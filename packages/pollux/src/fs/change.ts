import type { Future } from "../core/future.ts";
import type { FilePath } from "./path.ts";
import { Request } from "./request.ts";

/** How Node says that something was done, or not. */
export type DoneCallback = (error: Error | null) => void;

/**
 * An operation that changes something and gives nothing: a cancel waits for it.
 *
 * @internal
 */
export function change(op: string, path: FilePath, call: (done: DoneCallback) => void): Future<void> {
  return new Request<void>({
    op,
    about: String(path),
    finishes: true,
    start: (done) => call((error) => done(error, undefined)),
  });
}
