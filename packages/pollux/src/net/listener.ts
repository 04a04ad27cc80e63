import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Side } from "../io/side.ts";
import type { AcceptSource } from "../reactor/source.ts";
import { Stream } from "../stream/stream.ts";
import { Accept } from "./accept.ts";
import { Incoming } from "./incoming.ts";

/**
 * What sockets that listen have in common.
 *
 * @typeParam C - the connections
 * @typeParam S - what the reactor has for one
 * @typeParam L - what the reactor has for the listener
 */
export abstract class Listener<C, S, L extends AcceptSource<S>> implements Disposable, AsyncDisposable {
  /** @internal */
  readonly reading: Side = new Side("accept", "this listener");
  /** @internal */
  protected readonly source: L;

  /** @internal */
  constructor(source: L) {
    this.source = source;
  }

  /** @internal */
  abstract get inspected(): InspectionTarget;
  /** @internal */
  protected abstract connectionOf(source: S): C;

  /** @internal */
  pollAccept(cx: Context): Poll<C> {
    const source = this.source.pollAccept(cx);
    return source === Pending ? Pending : this.connectionOf(source);
  }

  /** @internal */
  cancelRead(): void {
    this.source.cancelAccept();
  }

  /**
   * Waits for the next connection, the oldest first. One task accepts at a time.
   *
   * **Cancel safety.** Safe: a connection that has arrived stays for the next `accept`.
   *
   * Fails with `ClosedError` when the listener is closed, `FutureInUseError` while another `accept` is waiting, and the
   * system's error where a connection cannot be accepted (`EMFILE`): the listener goes on.
   */
  accept(): Future<C> {
    return new Accept(this);
  }

  /**
   * The connections as they come, as a stream that ends when the listener is closed. It borrows the listener: giving the
   * stream up leaves that open. While it waits, no `accept` may.
   *
   * An error of the system is thrown by the `next` that meets it, and the stream goes on.
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const listener = yield* TcpListener.bind("127.0.0.1:0");
   *   const client = yield* TcpStream.connect(listener.localAddress);
   *   const incoming = listener.incoming();
   *   const stream = yield* incoming.next();
   *   if (stream !== End) stream.close();
   *   client.close();
   *   listener.close();
   *   console.log((yield* incoming.next()) === End); // true
   * });
   * await run(main());
   * ```
   */
  incoming(): Stream<C> {
    return new Stream(new Incoming(this));
  }

  /**
   * Connections that were reset because too many waited for an `accept`: see `maxUnaccepted`. Always 0 on a reactor that
   * leaves them with the system.
   */
  get dropped(): number {
    return this.source.dropped;
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  /**
   * Stops listening: what it listened at is free at once, connections that nobody has accepted are dropped, and an `accept`
   * that waits fails with `ClosedError`. Connections that were accepted stay. Idempotent.
   */
  close(): void {
    this.source.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
