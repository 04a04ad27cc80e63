import type { NodeMessagePort } from "../node/node-types.ts";
import { loadNative } from "../reactor/epoll/native.ts";

/**
 * An end of a channel between threads, on its way to another one: `detach` gives it, and `crossSender` or `crossReceiver`
 * takes it there. A plain object that `postMessage` can send, if its `port` is transferred; a call of `blocking` does that by
 * itself.
 *
 * @typeParam T - what the channel carries
 */
export interface CrossEnd<T> {
  readonly kind: "sender" | "receiver";
  readonly port: NodeMessagePort;
  /** See {@link FREE}, {@link CLOSED} and {@link WAKER}. */
  readonly state: Int32Array;
  readonly capacity: number;
  /** Only for the types. */
  readonly carries?: (value: T) => T;
}

/** The place in the state of a channel that counts the places that are free for whoever comes. */
export const FREE = 0;

/** The place in the state of a channel that is 1 once the receiver is closed. */
export const CLOSED = 1;

/** The place in the state of a channel that has the id of what wakes the receiver's thread, while that may be parked; else 0. */
export const WAKER = 2;

/** Asks nothing of who gets it: it is there to be sent. */
export const PROBE: { readonly kind: "probe" } = { kind: "probe" };

/** What a sender says. */
export type ToReceiver =
  /** Whether the place was a granted one, or one of the free ones. */
  | { readonly kind: "value"; readonly value: unknown; readonly granted: boolean }
  /** It has found no free place, and is to be granted the next one; `waker` is 0, or wakes its thread, which may be parked. */
  | { readonly kind: "want"; readonly waker: number }
  /** A place comes back unused. */
  | { readonly kind: "refund"; readonly granted: boolean }
  /** Another sender, which is at the other end of this port. */
  | { readonly kind: "clone"; readonly port: NodeMessagePort }
  | { readonly kind: "close" }
  | typeof PROBE;

/** What the receiver says to a sender. */
export type ToSender = { readonly kind: "grant" } | { readonly kind: "closed" } | typeof PROBE;

/** Wakes a thread that may be parked; 0 is none. Where that cannot be, the thread looks by itself after a while. */
export function wakeThread(waker: number): void {
  if (waker === 0) return;
  const loaded = loadNative();
  if ("native" in loaded) loaded.native.signal(waker);
}

/** Takes one of the free places, if there is any. */
export function tryTakePlace(state: Int32Array): boolean {
  for (;;) {
    const free = Atomics.load(state, FREE);
    if (free <= 0) return false;
    if (Atomics.compareExchange(state, FREE, free, free - 1) === free) return true;
  }
}
