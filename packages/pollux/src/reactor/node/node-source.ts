import { ClosedError } from "../../core/errors.ts";
import type { Linked, LinkedList } from "../../core/list.ts";
import type { Source } from "../reactor.ts";
import type { KeepsAlive } from "../waiting.ts";

/** What Node's servers and sockets have in common for us. */
export interface NodeHandle {
  ref(): unknown;
  unref(): unknown;
}

/**
 * A source over an object of `node:net`.
 *
 * Invariants:
 * - `list !== null` exactly while it has a handle that holds a descriptor, or is about to get one;
 * - the handle is referenced exactly while `waits > 0`, and from the opening until that has ended.
 */
export abstract class NodeSource implements Source, KeepsAlive, Linked<NodeSource> {
  before: NodeSource | null = null;
  after: NodeSource | null = null;
  list: LinkedList<NodeSource> | null = null;
  isClosed = false;
  /** How many directions somebody waits on. */
  private waits = 0;
  private failure: Error | null = null;
  private failureSeen = false;
  private readonly what: string;

  /** @param what - names the source in errors */
  constructor(what: string) {
    this.what = what;
  }

  abstract close(): void;

  /** The open handle; `null` before, while opening (when Node keeps it referenced) and after. */
  protected abstract get handle(): NodeHandle | null;

  keepAlive(): void {
    if (this.waits++ === 0) this.handle?.ref();
  }

  letGo(): void {
    if (--this.waits === 0) this.handle?.unref();
  }

  /** The handle has just been opened: from here on it is referenced only for those who wait. */
  protected opened(handle: NodeHandle): void {
    if (this.waits === 0) handle.unref();
  }

  protected fail(error: Error): void {
    this.failure ??= error;
  }

  /** Throws if the source is closed or has failed: the system's own error once. */
  protected check(): void {
    if (this.isClosed) throw new ClosedError(this.what);
    const { failure } = this;
    if (failure === null) return;
    if (this.failureSeen) throw new ClosedError(this.what, { cause: failure });
    this.failureSeen = true;
    throw failure;
  }
}
