import type { Context } from "../core/context.ts";
import { FutureInUseError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection, InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AcceptSource } from "../reactor/source.ts";

/**
 * What connections come out of; `acceptor` is who asks, one at a time.
 *
 * @internal
 */
export interface Accepts<C> {
  pollAccept(cx: Context, acceptor: object): Poll<C>;
  acceptEnded(acceptor: object): void;
  readonly isClosed: boolean;
  /** What a dump calls it. */
  readonly inspected: InspectionTarget;
}

/**
 * The connections of a source, for one who asks at a time.
 *
 * @internal
 */
export class Acceptance<S, C> implements Accepts<C> {
  private readonly source: AcceptSource<S>;
  private readonly make: (source: S) => C;
  private readonly inspect: () => InspectionTarget;
  /** The `accept` that has begun and not ended. */
  private acceptor: object | null = null;

  /**
   * @param make - makes of a connection what users have
   * @param inspect - what a dump calls the listener
   */
  constructor(source: AcceptSource<S>, make: (source: S) => C, inspect: () => InspectionTarget) {
    this.source = source;
    this.make = make;
    this.inspect = inspect;
  }

  pollAccept(cx: Context, acceptor: object): Poll<C> {
    if (this.acceptor !== acceptor) {
      if (this.acceptor !== null) throw new FutureInUseError("another accept waits on this listener");
      this.acceptor = acceptor;
    }
    const source = this.source.pollAccept(cx);
    return source === Pending ? Pending : this.make(source);
  }

  acceptEnded(acceptor: object): void {
    if (this.acceptor !== acceptor) return;
    this.acceptor = null;
    this.source.cancelAccept();
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  get inspected(): InspectionTarget {
    return this.inspect();
  }
}

/** @internal */
export class Accept<C> extends Future<C> {
  #listener: Accepts<C> | null;

  constructor(listener: Accepts<C>) {
    super();
    this.#listener = listener;
  }

  override poll(cx: Context): Poll<C> {
    const listener = this.#listener;
    if (listener === null) throw new PollAfterCompletionError("accept()");
    let poll: Poll<C>;
    try {
      poll = listener.pollAccept(cx, this);
    } catch (error) {
      this.cancel();
      throw error;
    }
    if (poll !== Pending) this.cancel();
    return poll;
  }

  override cancel(): void {
    this.#listener?.acceptEnded(this);
    this.#listener = null;
  }

  override inspect(): Inspection {
    return this.#listener === null
      ? { op: "accept()" }
      : { op: "accept() on", target: this.#listener.inspected };
  }
}
