import fc from "fast-check";
import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { ClosedError, FullError, WouldBlockError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { mpsc } from "./mpsc.ts";
import type { MpscPermits } from "./mpsc-permit.ts";
import type { MpscReceiver } from "./mpsc-receiver.ts";
import type { MpscSender } from "./mpsc-sender.ts";

/** Waits for places in the model; `value` is what a send is to send. */
interface Waiter {
  readonly want: number;
  got: number;
  refused: boolean;
  readonly value: number | undefined;
}

/** The channel as plainly as it can be said: everything is counted anew at each step. */
class Model {
  readonly capacity: number;
  values: number[] = [];
  waiters: Waiter[] = [];
  reserved = 0;
  senders = 1;
  deserted = false;
  ended = false;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get held(): number {
    return this.reserved + this.waiters.reduce((sum, { got }) => sum + got, 0);
  }

  get free(): number {
    return this.capacity - this.values.length - this.held;
  }

  get closed(): boolean {
    return this.deserted || this.ended;
  }

  get over(): boolean {
    return this.closed && this.values.length === 0 && this.held === 0;
  }

  /** Hands free places to those who wait, one after the other, and notices the end. */
  settle(): void {
    if (!this.deserted) {
      for (const waiter of this.waiters) {
        while (waiter.got < waiter.want && this.free > 0) waiter.got++;
      }
    }
    if (this.senders === 0 && this.held === 0 && this.waiters.length === 0) this.ended = true;
  }

  /** What a poll gives. */
  poll(waiter: Waiter): "ready" | "closed" | "pending" {
    if (waiter.refused || this.closed) return "closed";
    return waiter.got === waiter.want ? "ready" : "pending";
  }

  leave(waiter: Waiter): void {
    this.waiters = this.waiters.filter((other) => other !== waiter);
  }
}

/** A future that was polled and was not ready. */
interface Waiting {
  readonly future: Future<unknown>;
  readonly cx: TestContext;
  readonly model: Waiter;
}

/** Channel and model side by side: each step does the same to both, and compares what comes of it. */
class Pair {
  readonly model: Model;
  readonly rx: MpscReceiver<number>;
  readonly senders: MpscSender<number>[];
  readonly waiting: Waiting[] = [];
  readonly permits: MpscPermits<number>[] = [];
  recv: { future: Future<number>; cx: TestContext } | null = null;
  next = 0;

  constructor(capacity: number) {
    this.model = new Model(capacity);
    const [tx, rx] = mpsc<number>(capacity);
    this.senders = [tx];
    this.rx = rx;
  }

  acquire(kind: "send" | "reserveMany", tx: MpscSender<number>, want: number): void {
    const value = kind === "send" ? this.next++ : undefined;
    const future: Future<unknown> = value === undefined ? tx.reserveMany(want) : tx.send(value);
    const waiter: Waiter = { want, got: 0, refused: this.model.closed, value };
    this.model.waiters.push(waiter);
    this.model.settle();
    this.poll({ future, cx: new TestContext(), model: waiter });
  }

  poll(waiting: Waiting): void {
    const { future, cx, model: waiter } = waiting;
    const expected = this.model.poll(waiter);
    const at = this.waiting.indexOf(waiting);
    if (expected === "pending") {
      expect(future.poll(cx)).toBe(Pending);
      cx.takeWakes();
      if (at < 0) this.waiting.push(waiting);
      return;
    }
    if (at >= 0) this.waiting.splice(at, 1);
    this.model.leave(waiter);
    if (expected === "closed") expect(() => future.poll(cx)).toThrow(ClosedError);
    else {
      const result = future.poll(cx);
      if (waiter.value !== undefined) this.model.values.push(waiter.value);
      else {
        this.model.reserved += waiter.want;
        // A future that is no send is a `reserveMany`.
        this.permits.push(result as MpscPermits<number>);
      }
    }
  }

  cancel(waiting: Waiting): void {
    waiting.future.cancel(waiting.cx);
    this.waiting.splice(this.waiting.indexOf(waiting), 1);
    this.model.leave(waiting.model);
  }

  trySend(tx: MpscSender<number>): void {
    const value = this.next++;
    if (this.model.closed) expect(() => tx.trySend(value)).toThrow(ClosedError);
    else if (this.model.free === 0) expect(() => tx.trySend(value)).toThrow(FullError);
    else {
      tx.trySend(value);
      this.model.values.push(value);
    }
  }

  usePermit(permits: MpscPermits<number>): void {
    if (permits.remaining === 0) return;
    const value = this.next++;
    permits.send(value);
    this.model.reserved--;
    this.model.values.push(value);
  }

  release(permits: MpscPermits<number>): void {
    this.model.reserved -= permits.remaining;
    permits.release();
  }

  receive(): void {
    const { future, cx } = this.recv ?? { future: this.rx.recv(), cx: new TestContext() };
    this.recv = null;
    const value = this.model.values.shift();
    if (value !== undefined) expect(future.poll(cx)).toBe(value);
    else if (this.model.over) expect(() => future.poll(cx)).toThrow(ClosedError);
    else {
      expect(future.poll(cx)).toBe(Pending);
      cx.takeWakes();
      this.recv = { future, cx };
    }
  }

  cancelRecv(): void {
    this.recv?.future.cancel(this.recv.cx);
    this.recv = null;
  }

  tryRecv(): void {
    const value = this.model.values.shift();
    if (value !== undefined) expect(this.rx.tryRecv()).toBe(value);
    else expect(() => this.rx.tryRecv()).toThrow(this.model.over ? ClosedError : WouldBlockError);
  }

  recvMany(limit: number): void {
    if (this.recv !== null || (this.model.values.length === 0 && !this.model.over)) return;
    const buffer: number[] = [];
    const expected = this.model.values.splice(0, limit);
    expect(this.rx.recvMany(buffer, limit).poll(new TestContext())).toBe(expected.length);
    expect(buffer).toEqual(expected);
  }

  close(): void {
    this.rx.close();
    this.model.deserted = true;
    for (const waiter of this.model.waiters) waiter.refused = true;
  }

  closeSender(index: number): void {
    const [tx] = this.senders.splice(index, 1);
    if (tx === undefined) return;
    tx.close();
    this.model.senders--;
  }

  clone(tx: MpscSender<number>): void {
    this.senders.push(tx.clone());
    this.model.senders++;
  }

  /** After every step: the same counts, and nobody who could go on has not been woken. */
  check(): void {
    this.model.settle();
    const { model, rx } = this;
    expect([rx.len, rx.capacity, rx.isClosed]).toEqual([model.values.length, model.free, model.closed]);
    expect(rx.senderStrongCount).toBe(model.senders);
    for (const { cx, model: waiter } of this.waiting) {
      expect(cx.wakes).toBe(model.poll(waiter) === "pending" ? 0 : 1);
    }
    if (this.recv !== null && (model.values.length > 0 || model.over)) expect(this.recv.cx.wakes).toBe(1);
    if (this.recv !== null && model.values.length === 0 && !model.over) {
      // Woken for a value that a `tryRecv` has taken since: once at the most.
      expect(this.recv.cx.wakes).toBeLessThanOrEqual(1);
    }
  }
}

const step = fc.tuple(
  fc.constantFrom(
    ...([
      "send",
      "send",
      "trySend",
      "reserveMany",
      "poll",
      "poll",
      "cancel",
      "usePermit",
      "release",
    ] as const),
    ...([
      "recv",
      "recv",
      "recv",
      "cancelRecv",
      "tryRecv",
      "recvMany",
      "clone",
      "closeSender",
      "close",
    ] as const),
  ),
  fc.nat({ max: 7 }),
);

const pick = <T>(from: readonly T[], n: number): T | undefined => from[n % Math.max(1, from.length)];

function run(pair: Pair, action: string, n: number): void {
  const tx = pick(pair.senders, n);
  const waiting = pick(pair.waiting, n);
  const permits = pick(pair.permits, n);
  if (action === "send" && tx) pair.acquire("send", tx, 1);
  if (action === "reserveMany" && tx) pair.acquire("reserveMany", tx, 1 + (n % pair.model.capacity));
  if (action === "trySend" && tx) pair.trySend(tx);
  if (action === "clone" && tx) pair.clone(tx);
  if (action === "poll" && waiting) pair.poll(waiting);
  if (action === "cancel" && waiting) pair.cancel(waiting);
  if (action === "usePermit" && permits) pair.usePermit(permits);
  if (action === "release" && permits) pair.release(permits);
  if (action === "recv") pair.receive();
  if (action === "cancelRecv") pair.cancelRecv();
  if (action === "tryRecv") pair.tryRecv();
  if (action === "recvMany") pair.recvMany(1 + n);
  // Closing is for good: most runs are to see something before.
  if (action === "closeSender" && n < 4) pair.closeSender(n % Math.max(1, pair.senders.length));
  if (action === "close" && n === 0) pair.close();
}

test("mpsc: does what its model does, in any interleaving of all that both sides can do", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (capacity, steps) => {
      const pair = new Pair(capacity);
      for (const [action, n] of steps) {
        run(pair, action, n);
        pair.check();
      }
      // To the end: whoever waits is given up, the rest is received, and every place is free again.
      for (const waiting of [...pair.waiting]) pair.cancel(waiting);
      for (const permits of pair.permits) pair.release(permits);
      while (pair.senders.length > 0) pair.closeSender(0);
      pair.check();
      pair.cancelRecv();
      while (!pair.model.over) pair.receive();
      pair.receive();
      expect(pair.rx.capacity).toBe(capacity);
    }),
    { numRuns: 2000 },
  );
});
