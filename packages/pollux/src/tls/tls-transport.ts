import { Duplex as NodeStream } from "node:stream";
import type { Context, RuntimeHandle } from "../core/context.ts";
import { ClosedError, WriteZeroError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { Duplex } from "../io/duplex.ts";
import { inspectedOf } from "../io/inspected.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import type { NodeDuplex } from "../node/node-types.ts";
import { giveBuffer, takeBuffer } from "../node/spare-buffers.ts";
import { Waiting } from "../reactor/waiting.ts";

type Callback = (error?: Error | null) => void;

/**
 * What Node's TLS takes for its socket: a stream of Node over one of ours, driven by the polls of whoever reads and writes
 * the plain text. It reads only when it is told to, so nothing is ahead of its reader but the records of one read. What TLS
 * writes is sent within the poll that has caused it; what the stream does not take at once is sent by a task, so that it is
 * on its way even if nobody polls.
 *
 * Invariant: while `callback` or `ending` is not null and there is no failure, a task drains, or a poll is under way.
 *
 * @internal
 */
export class TlsTransport {
  readonly inner: Duplex;
  readonly stream: NodeDuplex;
  /** Whoever waits until more can be handed to Node, or for a failure of what is under it. */
  readonly reading: Waiting;
  /** Whoever waits until what was written has been sent. */
  readonly writing: Waiting;
  /** Whether TLS has seen all that there is, and its end. */
  hasEnded: boolean;
  /** Whether the end was read, and handed to Node. */
  private isAtEnd: boolean;
  /** Whether a read of the stream below was left waiting. */
  private isPulling: boolean;
  /** The context of the poll under way, with which what TLS writes is sent. */
  private cx: Context | null;
  private runtime: RuntimeHandle | null;
  /** What is to be sent, and what is to be called then. */
  private queue: Uint8Array[];
  private callback: Callback | null;
  private ending: Callback | null;
  private isDraining: boolean;
  /** Of a write. Node is not told: it would give up what has come in, too. */
  private failure: { readonly error: unknown; reported: boolean } | null;

  /** @param onEnd - called when what is under TLS has ended, and TLS has seen all that came before */
  constructor(inner: Duplex, onEnd: () => void) {
    this.inner = inner;
    this.reading = new Waiting(KEEPS_NOTHING_ALIVE);
    this.writing = new Waiting(KEEPS_NOTHING_ALIVE);
    this.hasEnded = false;
    this.isAtEnd = false;
    this.isPulling = false;
    this.cx = null;
    this.runtime = null;
    this.queue = [];
    this.callback = null;
    this.ending = null;
    this.isDraining = false;
    this.failure = null;
    this.stream = new NodeStream({
      read: () => this.reading.wake(),
      write: (chunk: Uint8Array, _encoding, callback) => this.send([chunk], callback),
      writev: (chunks, callback) => {
        // TLS writes buffers alone.
        const bufs = chunks.map(({ chunk }) => chunk as Uint8Array);
        this.send(bufs, callback);
      },
      final: (callback) => {
        this.ending = callback;
        this.advance();
      },
      // What is under it is closed by its owner: Node destroys this before an alert has been sent.
      destroy: (error, callback) => {
        this.reading.wake();
        callback(error);
      },
    });
    this.stream.on("end", () => {
      this.hasEnded = true;
      onEnd();
      this.reading.wake();
    });
  }

  /**
   * Takes the stream over: from now on its operations are refused to others.
   *
   * @throws FutureInUseError if one of them waits
   */
  begin(cx: Context): void {
    const { reading, writing } = this.inner;
    reading.begin(this);
    try {
      writing.begin(this);
    } catch (error) {
      reading.end(this);
      throw error;
    }
    this.runtime = cx.runtime;
  }

  /** Calls `poll`; what TLS writes meanwhile is sent with that context. */
  within<T>(cx: Context, poll: () => T): T {
    this.enter(cx);
    try {
      return poll();
    } finally {
      this.leave();
    }
  }

  enter(cx: Context): void {
    this.cx = cx;
    this.runtime = cx.runtime;
  }

  leave(): void {
    this.cx = null;
  }

  /**
   * Reads once, and hands to Node what there is. Pending if nothing is, or if Node is not done with what it was given: the
   * waker of `cx` is then woken.
   */
  pull(cx: Context): Poll<void> {
    const { stream, inner } = this;
    if (stream.readableLength > 0 || stream.destroyed || this.isAtEnd) {
      this.reading.begin(cx);
      return Pending;
    }
    this.isPulling = true;
    const buf = takeBuffer();
    // Node then takes, and decrypts, a chunk within the call; else it keeps it.
    const isTaken = stream.readableFlowing === true;
    try {
      const size = inner.pollRead(cx, buf);
      if (size === Pending) return Pending;
      this.cancelPull();
      this.isAtEnd = size === 0;
      const chunk = isTaken ? buf.subarray(0, size) : buf.slice(0, size);
      this.within(cx, () => stream.push(size === 0 ? null : chunk));
    } finally {
      if (!isTaken || stream.readableLength === 0) giveBuffer(buf);
    }
    return undefined;
  }

  /** Nobody waits for a {@link pull} any more. */
  cancelPull(): void {
    this.reading.end();
    if (!this.isPulling) return;
    this.isPulling = false;
    this.inner.cancelRead();
  }

  /** Whether something is on its way to the stream below, which may still take it. */
  get isSending(): boolean {
    return (this.callback !== null || this.ending !== null) && this.failure === null;
  }

  /** Throws the failure of a write: itself the first time, and as a cause from then on. */
  requireSending(): void {
    const { failure } = this;
    if (failure === null) return;
    if (failure.reported) throw new ClosedError("this TLS stream", { cause: failure.error });
    failure.reported = true;
    throw failure.error;
  }

  /** Closes the stream under it. Idempotent. */
  close(): void {
    this.inner.close();
    this.reading.wake();
    this.writing.wake();
  }

  private send(bufs: Uint8Array[], callback: Callback): void {
    this.queue = bufs;
    this.callback = callback;
    this.advance();
  }

  /** Sends at once what can be, and has a task send the rest. */
  private advance(): void {
    const { cx, runtime } = this;
    if (this.isDraining || this.failure !== null) return;
    if (cx !== null && this.drain(cx) !== Pending) return;
    this.isDraining = true;
    // Node calls it only after `begin`, which sets the runtime. A drain does not fail: it notes what has.
    runtime?.spawn(new Drain(this));
  }

  /** Ready when all has been sent, or nothing more can be. */
  drain(cx: Context): Poll<void> {
    try {
      return this.pollSend(cx);
    } catch (error) {
      this.fail(error);
      return undefined;
    }
  }

  /** The task that sends has ended, or was cancelled with its runtime. */
  endDrain(isCancelled: boolean): void {
    this.isDraining = false;
    this.writing.wake();
    if (!isCancelled) return;
    this.inner.cancelWrite();
    this.fail(new ClosedError("the runtime of this TLS stream"));
  }

  private fail(error: unknown): void {
    this.failure ??= { error, reported: false };
    this.writing.wake();
    this.reading.wake();
  }

  private pollSend(cx: Context): Poll<void> {
    const { inner } = this;
    while (this.callback !== null) {
      while (this.queue.length > 0) {
        const size = this.pollWrite(cx);
        if (size === Pending) return Pending;
        if (size === 0) throw new WriteZeroError();
        this.queue = rest(this.queue, size);
      }
      if (inner.pollFlush(cx) === Pending) return Pending;
      const { callback } = this;
      // Before the call, in which Node may write again.
      this.callback = null;
      callback();
    }
    const { ending } = this;
    if (ending === null) return undefined;
    if (inner.pollShutdown(cx) === Pending) return Pending;
    this.ending = null;
    ending();
    return undefined;
  }

  private pollWrite(cx: Context): Poll<number> {
    const [first, second] = this.queue;
    if (first === undefined) return 0;
    if (second === undefined || !this.inner.isWriteVectored) return this.inner.pollWrite(cx, first);
    return this.inner.pollWriteVectored(cx, this.queue);
  }
}

/** What is left of buffers of which so many bytes were taken. */
function rest(bufs: Uint8Array[], size: number): Uint8Array[] {
  let left = size;
  for (const [index, buf] of bufs.entries()) {
    if (left < buf.length) return [buf.subarray(left), ...bufs.slice(index + 1)];
    left -= buf.length;
  }
  return [];
}

/** Sends what TLS has written. It belongs to no task that reads or writes: one that is cancelled leaves no half record. */
class Drain extends Future<void> {
  private readonly transport: TlsTransport;

  constructor(transport: TlsTransport) {
    super();
    this.transport = transport;
  }

  override poll(cx: Context): Poll<void> {
    if (this.transport.drain(cx) === Pending) return Pending;
    this.transport.endDrain(false);
    return undefined;
  }

  override cancel(): void {
    this.transport.endDrain(true);
  }

  override inspect(): Inspection {
    return { op: "send what TLS has written on", target: inspectedOf(this.transport.inner) };
  }
}
