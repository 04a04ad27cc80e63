import type { MessagePort } from "node:worker_threads";
import type { Context } from "../core/context.ts";
import { ClosedError, FutureInUseError, NotCloneableError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import type { OwnedThread } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { type KeepsAlive, Waiting } from "../reactor/waiting.ts";
import { checkCount } from "../sync/count.ts";
import { ReceiverIterator, receiveEach } from "../sync/receiving.ts";
import { RingBuffer } from "../sync/ring-buffer.ts";
import type { Body } from "../sync/with-guard.ts";
import {
  CLOSED,
  type CrossEnd,
  FREE,
  type ToReceiver,
  type ToSender,
  tryTakePlace,
  WAKER,
  wakeThread,
} from "./cross-messages.ts";
import { CrossRecv, CrossRecvMany } from "./cross-recv.ts";
import { TakenPort } from "./taken-port.ts";
import { transfer } from "./transfer.ts";

/** A sender, as the receiver knows it. */
interface Peer {
  readonly port: MessagePort;
  /** Places that it was granted, and that it has neither used nor given back. */
  granted: number;
  /** What wakes its thread, if that may be parked; else 0. */
  waker: number;
  readonly taken: TakenPort;
}

/** What has arrived: a value, or why there is none. */
type Arrived<T> = { readonly value: T } | { readonly error: Error };

/**
 * The receiving half of a {@link crossMpsc} channel. What one sender sends comes in the order in which it was sent.
 *
 * It listens from its first use on; what is sent before stays with the channel. One at a time can wait on it: a second gets
 * `FutureInUseError`.
 *
 * Invariants:
 * - each place of the channel is free, granted, on its way with a value, in `values`, or, after `close`, in `kept`;
 * - places are granted while anybody wants one: none of those becomes free for all.
 */
export class CrossReceiver<T> implements StreamSource<T>, AsyncIterable<T>, Disposable, KeepsAlive {
  /** @internal */
  readonly isExternal = true;
  /** @internal */
  readonly needsNodeLoop = null;
  /** All places: the capacity that the channel was made with. */
  readonly maxCapacity: number;
  private readonly port: MessagePort;
  private readonly state: Int32Array;
  private readonly peers: Set<Peer>;
  private readonly values: RingBuffer<Arrived<T>>;
  /** Those that have asked for a place, first come, first served; one that has asked twice stands here twice. */
  private wanting: Peer[];
  private readonly wait: Waiting;
  /** The `recv` that waits, or the receiver itself. */
  private waiter: object | null;
  private hasBegun: boolean;
  private detached: boolean;
  private closed: boolean;
  /** Places that have come back since it was closed. */
  private kept: number;
  /** Set while it is waited on in a thread that a runtime owns. */
  private stopLooking: (() => void) | null;

  /** @internal */
  constructor({ port, state, capacity }: CrossEnd<T>) {
    this.maxCapacity = capacity;
    this.port = port;
    this.state = state;
    this.peers = new Set();
    this.values = new RingBuffer();
    this.wanting = [];
    this.wait = new Waiting(this);
    this.waiter = null;
    this.hasBegun = false;
    this.detached = false;
    this.closed = false;
    this.kept = 0;
    this.stopLooking = null;
  }

  /**
   * Waits for the next value.
   *
   * **Cancel safety.** Safe: no value is lost.
   *
   * @throws ClosedError (the future) when the channel is closed and everything was received
   */
  recv(): Future<T> {
    return new CrossRecv(this);
  }

  /**
   * Waits until there is a value, and then moves those that have arrived to the end of `buffer`, `limit` at the most. Gives
   * how many: 0 when the channel is closed and everything was received, or at once if `limit` is 0.
   *
   * **Cancel safety.** Safe: no value is lost.
   *
   * @throws RangeError or TypeError if `limit` is no integer of 0 or more
   *
   * @example
   * ```ts
   * const [tx, rx] = crossMpsc<string>(2);
   * for (const value of ["a", "b"]) tx.trySend(value);
   * tx.close();
   * const main = co(function* () {
   *   const got: string[] = [];
   *   while ((yield* rx.recvMany(got, 100)) > 0);
   *   console.log(got); // ["a", "b"]
   * });
   * await run(main());
   * ```
   */
  recvMany(buffer: T[], limit: number): Future<number> {
    if (!Array.isArray(buffer) || !Object.isExtensible(buffer))
      throw new TypeError("recvMany needs an array that can grow, to which it adds what it receives");
    checkCount("limit", limit, 0, Number.MAX_SAFE_INTEGER);
    return new CrossRecvMany(this, buffer, limit);
  }

  /**
   * Takes the next value if there is one.
   *
   * @throws WouldBlockError if there is none yet
   * @throws ClosedError when the channel is closed and everything was received
   */
  tryRecv(): T {
    this.begin();
    if (this.values.size === 0) this.takeArrived();
    if (this.values.size > 0) return this.take();
    if (this.isOver) throw this.closedError();
    throw new WouldBlockError("the channel between threads is empty: wait with `recv`");
  }

  /** Polls, for the stream of it: `Stream.from(rx)`. */
  pollNext(cx: Context): Poll<T | End> {
    return this.pollValue(cx, this);
  }

  /**
   * As {@link CrossReceiver.recv}, for who writes a future of their own: polls, and has the context woken.
   *
   * @throws ClosedError when the channel is closed and everything was received
   */
  pollRecv(cx: Context): Poll<T> {
    const poll = this.pollValue(cx, this);
    if (poll === End) throw this.closedError();
    return poll;
  }

  /** Whoever waits in {@link CrossReceiver.pollNext} or {@link CrossReceiver.pollRecv} waits no longer. */
  cancelNext(): void {
    this.leave(this);
  }

  /** Gives the receiver up, as its stream does: the same as to dispose of it. */
  cancel(): Poll<void> {
    this.leave(this);
    this[Symbol.dispose]();
  }

  /**
   * Calls `fn` with each value until the channel is closed and everything was received. `fn` may be a generator function, or
   * return a future; the next value is received after that has ended.
   *
   * **Cancel safety.** Values that `fn` was not called with stay in the channel.
   *
   * @throws whatever `fn` throws
   */
  forEach(fn: (value: T) => Body<unknown>): Future<void>;
  forEach(fn: (value: T) => void): Future<void>;
  forEach(fn: (value: T) => unknown): Future<void> {
    return receiveEach(() => this.recv(), fn);
  }

  /** The values until the channel is closed, for code outside of the runtime. Leaving the loop leaves it open. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    return new ReceiverIterator(() => this.recv());
  }

  /**
   * Takes this receiver out of this thread, for another one, which makes one of it again with `crossReceiver`.
   *
   * @throws ClosedError if it is closed
   * @throws TypeError if it has been used here: what has arrived cannot be sent back
   */
  detach(): CrossEnd<T> {
    if (this.closed || this.detached) throw this.closedError();
    if (this.hasBegun) throw new TypeError("this receiver has received here: detach it before its first use");
    this.detached = true;
    const { port, state, maxCapacity: capacity } = this;
    return transfer({ kind: "receiver", port, state, capacity }, [port]);
  }

  /**
   * Accepts nothing more: senders that wait, and all later ones, get `ClosedError`. What was sent can still be received.
   */
  close(): void {
    if (this.closed || this.detached) return;
    this.acceptNoMore();
    for (const peer of this.peers) say(peer, { kind: "closed" });
    this.wait.wake();
  }

  private acceptNoMore(): void {
    this.begin();
    this.closed = true;
    Atomics.store(this.state, CLOSED, 1);
    // From here on nobody finds a free place: what is on its way is what has not come back.
    this.kept += Atomics.exchange(this.state, FREE, 0);
    this.wanting = [];
  }

  /** Closes the receiver for good: what was sent and not received is lost. */
  [Symbol.dispose](): void {
    if (this.detached) return;
    // The end of its port tells a sender. A message before that would keep a port for ever that nobody listens to: that of
    // an end which never got to its thread.
    if (!this.closed) this.acceptNoMore();
    while (this.values.size > 0) this.values.shift();
    for (const peer of [...this.peers]) this.dropPeer(peer);
    this.wait.wake();
  }

  /** Values that have arrived. */
  get len(): number {
    return this.values.size;
  }

  get isEmpty(): boolean {
    return this.values.size === 0;
  }

  /** Places that were free a moment ago: other threads take and free them meanwhile. */
  get capacity(): number {
    return Math.max(0, Atomics.load(this.state, FREE));
  }

  /** Whether nothing more can be sent: this is closed, or every sender is. */
  get isClosed(): boolean {
    return this.closed || this.detached || (this.hasBegun && this.peers.size === 0);
  }

  /** Whether nothing can come any more. */
  private get isOver(): boolean {
    return this.peers.size === 0 || (this.closed && this.kept >= this.maxCapacity);
  }

  /** @internal */
  closedError(): ClosedError {
    return new ClosedError("the channel between threads");
  }

  /** @internal */
  inspectWait(): Inspection {
    const target = { kind: "channel between threads", key: this.state };
    return { op: "receive from", target, state: `empty, ${this.peers.size} senders`, outside: true };
  }

  /**
   * The next value, or `End` when none can come.
   *
   * @internal
   */
  pollValue(cx: Context, waiter: object): Poll<T | End> {
    if (this.detached) throw this.closedError();
    if (!cx.takeBudget()) return Pending;
    this.begin();
    const { ownedThread } = cx.runtime;
    if (ownedThread !== null && this.values.size === 0) this.takeArrived();
    if (this.values.size > 0) {
      this.leave(waiter);
      return this.take();
    }
    if (this.isOver) {
      this.leave(waiter);
      return End;
    }
    cx.refundBudget();
    if (this.waiter !== null && this.waiter !== waiter)
      throw new FutureInUseError("this receiver is waited on elsewhere");
    this.waiter = waiter;
    this.wait.begin(cx);
    // Within the wait, whose end takes it back: the next one may be in another runtime, which its waker must wake.
    if (ownedThread !== null) this.lookIn(ownedThread);
    return Pending;
  }

  /** @internal */
  leave(waiter: object): void {
    if (this.waiter !== waiter) return;
    this.waiter = null;
    this.wait.end();
  }

  /**
   * Moves values that have arrived, up to one that could not be read: that is for the next one who receives.
   *
   * @internal
   */
  takeMany(buffer: T[], limit: number): number {
    let count = 0;
    for (; count < limit && this.values.size > 0 && !("error" in this.values.peek()); count++)
      buffer.push(this.take());
    return count;
  }

  private take(): T {
    const arrived = this.values.shift();
    this.release();
    if ("error" in arrived) throw arrived.error;
    return arrived.value;
  }

  private begin(): void {
    if (this.hasBegun) return;
    if (this.detached) throw this.closedError();
    this.hasBegun = true;
    this.listen(this.port);
  }

  /** Takes what no event of Node's has brought. */
  private takeArrived(): void {
    for (const { taken } of this.peers) taken.take();
  }

  /** In a thread that a runtime owns: takes what has come, and goes on to do so until the wait ends. */
  private lookIn(thread: OwnedThread): void {
    if (this.stopLooking === null) {
      const stop = thread.onUnpark(() => {
        for (const { taken } of this.peers) taken.look();
      });
      // Stored before the ports are looked at: what is sent later than that wakes the thread.
      Atomics.store(this.state, WAKER, thread.wakerId);
      this.stopLooking = () => {
        Atomics.store(this.state, WAKER, 0);
        stop();
      };
    }
    this.takeArrived();
  }

  private listen(port: MessagePort): void {
    const taken = new TakenPort(port, {
      onMessage: (message) => this.onMessage(peer, message as ToReceiver), // Nobody else has the other end.
      onMessageError: (cause) => this.arrive({ error: new NotCloneableError("the value", { cause }) }),
      onGone: () => this.dropPeer(peer),
    });
    const peer: Peer = { port, granted: 0, waker: 0, taken };
    this.peers.add(peer);
    if (this.closed) say(peer, { kind: "closed" });
    port.on("message", (message: ToReceiver) => this.onMessage(peer, message));
    port.on("messageerror", (cause: unknown) =>
      this.arrive({ error: new NotCloneableError("the value", { cause }) }),
    );
    port.on("close", () => this.dropPeer(peer));
    if (!this.wait.isWaiting) port.unref();
  }

  private onMessage(peer: Peer, message: ToReceiver): void {
    switch (message.kind) {
      case "value":
        if (message.granted) peer.granted--;
        // What a clone of the value is, the types of the sender say.
        this.arrive({ value: message.value as T });
        break;
      case "want":
        peer.waker = message.waker;
        if (this.closed) break;
        if (this.wanting.length === 0 && tryTakePlace(this.state)) this.grant(peer);
        else this.wanting.push(peer);
        break;
      case "refund":
        if (message.granted) peer.granted--;
        this.release();
        this.wakeIfOver();
        break;
      case "clone":
        this.listen(message.port);
        break;
      case "close":
        this.dropPeer(peer);
        break;
    }
  }

  private arrive(arrived: Arrived<T>): void {
    this.values.push(arrived);
    this.wait.wake();
  }

  private grant(peer: Peer): void {
    peer.granted++;
    say(peer, { kind: "grant" });
  }

  /** A place has come free: for the first who wants one, or else for all. */
  private release(): void {
    if (this.closed) this.kept++;
    else {
      const next = this.wanting.shift();
      if (next === undefined) Atomics.add(this.state, FREE, 1);
      else this.grant(next);
    }
  }

  /** A sender is closed, or its thread has ended: with the places that it was granted and has not used. */
  private dropPeer(peer: Peer): void {
    if (!this.peers.delete(peer)) return;
    this.wanting = this.wanting.filter((each) => each !== peer);
    peer.port.close();
    for (; peer.granted > 0; peer.granted--) this.release();
    this.wakeIfOver();
  }

  private wakeIfOver(): void {
    if (this.isOver) this.wait.wake();
  }

  /** @internal */
  keepAlive(): void {
    for (const { port } of this.peers) port.ref();
  }

  /** @internal */
  letGo(): void {
    this.stopLooking?.();
    this.stopLooking = null;
    for (const { port } of this.peers) port.unref();
  }
}

function say(peer: Peer, message: ToSender): void {
  peer.port.postMessage(message);
  wakeThread(peer.waker);
}
