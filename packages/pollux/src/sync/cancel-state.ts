import { type Linked, LinkedList } from "../core/list.ts";

/** What wants to be told of a cancel: a future that waits, an `AbortSignal` that follows, a child that is listened to. */
export interface CancelListener extends Linked<CancelListener> {
  /** Called once, after it was taken out; `rest` are those who are told next. */
  onCancel(rest: LinkedList<CancelListener>): void;
}

/**
 * The state of a cancellation token, and its place in the tree.
 *
 * **Links exist while somebody listens.** A child knows its parent. The parent knows the child only while there are
 * listeners at the child, and an `AbortSignal` knows the token only while there are listeners at the token: so children
 * that come and go leave nothing behind, whether or not anybody disposes of them. One that nobody listens to finds out
 * by looking upward when it is asked.
 *
 * Invariants, while it is not cancelled:
 * - it stands in its parent's list, or listens to its signal, exactly while it has listeners.
 * - whoever is asked after a cancel of an ancestor says so, even where the listeners have not all been told yet.
 */
export class CancelState implements CancelListener {
  private cancelled = false;
  private cause: unknown = undefined;
  /** Both are `null` once it is known to be cancelled. */
  private parent: CancelState | null;
  private signal: AbortSignal | null;
  private listeners: LinkedList<CancelListener> | null = null;
  private onAbort: (() => void) | null = null;
  before: CancelListener | null = null;
  after: CancelListener | null = null;
  list: LinkedList<CancelListener> | null = null;

  /** Cancelled with its parent or with a signal, if it has one of them. */
  constructor(parent: CancelState | null, signal: AbortSignal | null) {
    this.parent = parent;
    this.signal = signal;
  }

  get isCancelled(): boolean {
    if (!this.cancelled) this.lookUpward();
    return this.cancelled;
  }

  /** Why; `undefined` until it is cancelled. */
  get reason(): unknown {
    return this.isCancelled ? this.cause : undefined;
  }

  cancel(reason: unknown): void {
    if (this.isCancelled) return;
    if (this.hasListeners) {
      this.unfollow();
      this.parent?.unlisten(this);
    }
    this.settle(reason);
    this.tell();
  }

  /** Adds a listener; it is not cancelled. A loop, since a chain of children may be longer than the stack is deep. */
  listen(listener: CancelListener): void {
    let below = listener;
    for (let state: CancelState | null = this; state !== null; state = state.parent) {
      const linked = state.hasListeners;
      state.listeners ??= new LinkedList();
      state.listeners.pushBack(below);
      if (linked) return;
      state.follow();
      below = state;
    }
  }

  /** Takes a listener out, told or not. */
  unlisten(listener: CancelListener): void {
    let below = listener;
    for (let state: CancelState | null = this; state !== null; state = state.parent) {
      below.list?.remove(below);
      if (state.hasListeners) return;
      state.unfollow();
      below = state;
    }
  }

  /** The parent was cancelled. */
  onCancel(rest: LinkedList<CancelListener>): void {
    this.lookUpward();
    const listeners = this.listeners;
    if (listeners === null) return;
    for (let next = listeners.shift(); next !== null; next = listeners.shift()) rest.pushBack(next);
  }

  private get hasListeners(): boolean {
    return this.listeners !== null && this.listeners.first !== null;
  }

  private lookUpward(): void {
    let state: CancelState = this;
    while (!state.cancelled && state.signal?.aborted !== true) {
      if (state.parent === null) return;
      state = state.parent;
    }
    this.settle(state.cancelled ? state.cause : state.signal?.reason);
  }

  private settle(cause: unknown): void {
    this.cancelled = true;
    this.cause = cause;
    this.parent = null;
    this.signal = null;
  }

  /** Tells the listeners, those of children after those of the parent. A waker may come back and change the lists. */
  private tell(): void {
    if (!this.hasListeners) return;
    const rest = (this.listeners as LinkedList<CancelListener>).takeAll();
    for (let next = rest.shift(); next !== null; next = rest.shift()) next.onCancel(rest);
  }

  private follow(): void {
    if (this.signal === null) return;
    this.onAbort ??= () => {
      if (this.isCancelled) this.tell();
    };
    this.signal.addEventListener("abort", this.onAbort, { once: true });
  }

  private unfollow(): void {
    if (this.signal !== null && this.onAbort !== null) this.signal.removeEventListener("abort", this.onAbort);
  }
}
