import { callWith } from "../core/call-with.ts";
import type { Context, Waker } from "../core/context.ts";
import { blockFuture } from "../core/coroutine.ts";
import { ClosedError, PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { type Linked, LinkedList } from "../core/list.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { Body } from "../sync/with-guard.ts";

/**
 * Gives a value to whoever takes from a stream, in the body of {@link Stream.make}: waits until they want the next one.
 *
 * @typeParam T - what the stream gives
 */
export type Emit<T> = (value: T) => Future<void>;

/** Not polled yet; in the queue; given, and the next one not wanted yet; wanted; the end. */
const New = 0;
const Offered = 1;
const Given = 2;
const Wanted = 3;
const Done = 4;

/** One value, from the call of `emit` until the next one is wanted. */
class Emission<T> extends Future<void> implements Linked<Emission<T>> {
  before: Emission<T> | null = null;
  after: Emission<T> | null = null;
  list: LinkedList<Emission<T>> | null = null;
  readonly value: T;
  waker: Waker | null = null;
  state: number = New;
  private readonly stream: Make<T>;

  constructor(stream: Make<T>, value: T) {
    super();
    this.value = value;
    this.stream = stream;
  }

  override poll(cx: Context): Poll<void> {
    if (this.state === Wanted) {
      this.state = Done;
      return undefined;
    }
    if (this.state === Done) throw new PollAfterCompletionError("this `emit`");
    if (!(this.state === New ? this.stream.takesMore : this.stream.isOpen)) {
      this.cancel();
      throw new ClosedError("the stream of this `emit`");
    }
    this.waker = cx.waker;
    if (this.state === New) {
      this.state = Offered;
      this.stream.offer(this);
    }
    return Pending;
  }

  override cancel(): Poll<void> {
    this.stream.withdraw(this);
    this.state = Done;
    this.waker = null;
  }

  /** The next value is wanted: whoever emitted this one goes on. */
  proceed(polled: Waker): void {
    const { waker } = this;
    this.state = Wanted;
    this.waker = null;
    // The body is polled right after this: one that awaits its `emit` itself needs no wake.
    if (waker !== polled) waker?.wake();
  }

  override inspect(): Inspection {
    return {
      op: "emit",
      state: this.state === Given ? "the next value is not wanted yet" : "its value is not wanted yet",
    };
  }
}

/**
 * The values that a body emits. It runs while the stream is polled, and only then: there is no task and no channel.
 *
 * A value is handed from `emit` to the poll under way. `emit` may be awaited anywhere: by the body itself, in a join
 * inside of it, or in a task of a scope. So the emissions that wait form a queue, with a waker each.
 *
 * Invariant: `given` is the emission whose value was given last, until the next one is wanted.
 */
export class Make<T> implements StreamSource<T> {
  /** `null` once it has been called. */
  private fn: ((emit: Emit<T>) => Body<unknown>) | null;
  private body: Future<unknown> | null;
  private readonly queue: LinkedList<Emission<T>>;
  private given: Emission<T> | null;
  /** Of the latest poll that gave nothing. */
  private waker: Waker | null;
  private polling: boolean;
  /** Whether an emission that waits is given before the body is polled again. */
  private isQueueTurn: boolean;
  /** Set once the body has ended: what it has emitted by then is given first. */
  private outcome: { readonly error?: unknown } | null;
  /** Whether there are values to come. */
  isOpen: boolean;

  constructor(fn: (emit: Emit<T>) => Body<unknown>) {
    this.fn = fn;
    this.body = null;
    this.queue = new LinkedList();
    this.given = null;
    this.waker = null;
    this.polling = false;
    this.isQueueTurn = false;
    this.outcome = null;
    this.isOpen = true;
  }

  /** Whether values can be emitted. */
  get takesMore(): boolean {
    return this.isOpen && this.outcome === null;
  }

  pollNext(cx: Context): Poll<T | End> {
    if (!this.isOpen) return End;
    if (!cx.takeBudget()) return Pending;
    if (this.given !== null) {
      const { given } = this;
      this.given = null;
      given.proceed(cx.waker);
    }
    // What was emitted beside the value before, or by another task. The body has its turn in between: those who emit anew
    // each time would keep it from going on.
    const isTurn = this.isQueueTurn;
    this.isQueueTurn = !isTurn;
    if (this.queue.first !== null && (isTurn || this.outcome !== null)) return this.take();
    if (this.outcome === null) this.advance(cx);
    if (this.queue.first !== null) return this.take();
    const { outcome } = this;
    if (outcome !== null) {
      this.end();
      if ("error" in outcome) throw outcome.error;
      return End;
    }
    cx.refundBudget();
    this.waker = cx.waker;
    return Pending;
  }

  private advance(cx: Context): void {
    this.isQueueTurn = true;
    this.polling = true;
    try {
      if ((this.body ?? this.begin(cx)).poll(cx) !== Pending) this.outcome = {};
    } catch (error) {
      this.outcome = { error };
    } finally {
      this.polling = false;
    }
  }

  private begin(cx: Context): Future<unknown> {
    const fn = this.fn as (emit: Emit<T>) => Body<unknown>;
    this.fn = null;
    const body = blockFuture(callWith(cx, fn, this.emit), "Stream.make");
    body.claim(this);
    this.body = body;
    return body;
  }

  private readonly emit = (value: T): Future<void> => new Emission(this, value);

  private take(): T {
    // Only called when there is one.
    const emission = this.queue.shift() as Emission<T>;
    emission.state = Given;
    this.given = emission;
    return emission.value;
  }

  offer(emission: Emission<T>): void {
    this.queue.pushBack(emission);
    if (!this.polling) this.waker?.wake();
  }

  withdraw(emission: Emission<T>): void {
    emission.list?.remove(emission);
    if (this.given === emission) this.given = null;
  }

  private end(): void {
    this.isOpen = false;
    this.fn = null;
    this.body = null;
    this.outcome = null;
    this.waker = null;
    const { given } = this;
    this.given = null;
    // Of a task that the body has left behind: it is told.
    given?.waker?.wake();
    for (let first = this.queue.shift(); first !== null; first = this.queue.shift()) first.waker?.wake();
  }

  cancelNext(): void {
    this.waker = null;
  }

  /** Cancels the body: its `finally` blocks run, and cannot emit any more. */
  cancel(cx: Context): Poll<void> {
    const { body, outcome } = this;
    this.isOpen = false;
    if (body !== null && outcome === null) {
      try {
        if (body.cancel(cx) === Pending) return Pending;
      } catch (error) {
        this.end();
        throw error;
      }
    }
    this.end();
    return undefined;
  }

  inspectNext(): Inspection {
    return around("make", this.body);
  }
}
