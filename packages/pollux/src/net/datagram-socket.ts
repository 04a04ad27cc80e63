import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { checkBytes } from "../io/check.ts";
import { ReadOperation, WriteOperation } from "../io/operation.ts";
import { Side } from "../io/side.ts";
import type { DatagramSource } from "../reactor/source.ts";
import { attempt } from "./attempt.ts";
import { type Interest, Readable, type Ready, WhenReady, Writable } from "./ready.ts";

/** A datagram that was received; its bytes are in the buffer. */
export interface Received<A> {
  /** How many bytes of it are in the buffer. */
  readonly size: number;
  /** Who has sent it. */
  readonly from: A;
  /** Whether it was longer than the buffer: the rest is lost. */
  readonly isTruncated: boolean;
}

/**
 * What sockets for datagrams have in common. A datagram comes whole, or cut at the end of the buffer, or not at all; an
 * empty one is one, too.
 *
 * Its two directions are independent: one task may receive while another one sends. In each, one operation at a time: a
 * second gets `FutureInUseError`.
 */
export abstract class DatagramSocket<A, S extends DatagramSource<A>> implements Disposable, AsyncDisposable {
  /** @internal */
  readonly reading: Side = new Side("receive");
  /** @internal */
  readonly writing: Side = new Side("send or connect");
  /** @internal */
  protected readonly source: S;

  /** @internal */
  constructor(source: S) {
    this.source = source;
  }

  /** @internal */
  abstract get inspected(): InspectionTarget;
  /** @internal */
  protected abstract get unnamed(): A;

  /** Receives, as far as that does not wait: see {@link recv}. */
  pollReceive(cx: Context, buf: Uint8Array, peek: boolean): Poll<number> {
    return this.source.pollReceive(cx, buf, peek);
  }

  /** Ready when `pollReceive` would be. */
  pollReadReady(cx: Context): Poll<void> {
    return this.source.pollReadReady(cx);
  }

  /** Whoever waits to receive waits no longer. Harmless if nobody does. */
  cancelRead(): void {
    this.source.cancelRead();
  }

  /** Sends, as far as that does not wait: see {@link send} and `sendTo`. */
  pollSend(cx: Context, buf: Uint8Array, to: A | null): Poll<number> {
    return this.source.pollSend(cx, buf, to);
  }

  /** Ready when `pollSend` would be. */
  pollWriteReady(cx: Context): Poll<void> {
    return this.source.pollWriteReady(cx);
  }

  /** @internal */
  pollConnect(cx: Context, to: A): Poll<void> {
    return this.source.pollConnect(cx, to);
  }

  /** Whoever waits to send or to connect waits no longer. Harmless if nobody does. */
  cancelWrite(): void {
    this.source.cancelWrite();
  }

  /** @internal */
  get readiness(): number {
    return this.source.readiness;
  }

  /** @internal */
  received(size: number): Received<A> {
    const { sender, sizeSent } = this.source;
    return { size, from: sender ?? this.unnamed, isTruncated: sizeSent > size };
  }

  /**
   * Waits for a datagram, from whoever the socket is connected to or else from anybody, and copies as much of it as fits
   * into `buf`. Gives the number of bytes, which may be 0. What does not fit is lost: {@link recvFrom} says whether.
   *
   * Fails with an error that the system has to tell (`ECONNREFUSED`: nobody receives what was sent to there); the socket
   * goes on.
   *
   * **Cancel safety.** Safe: a datagram that has arrived stays for the next.
   *
   * @throws TypeError if `buf` is no `Uint8Array`
   */
  recv(buf: Uint8Array): Future<number> {
    checkBytes(buf, "recv");
    return new Receive(this, buf, false);
  }

  /**
   * As {@link recv}, and says who has sent it and whether it was cut.
   *
   * **Cancel safety.** Safe: a datagram that has arrived stays for the next.
   *
   * @throws TypeError if `buf` is no `Uint8Array`
   */
  recvFrom(buf: Uint8Array): Future<Received<A>> {
    checkBytes(buf, "recvFrom");
    return new ReceiveFrom(this, buf, false);
  }

  /**
   * As {@link recv}, and leaves the datagram for the next.
   *
   * **Cancel safety.** Safe.
   */
  peek(buf: Uint8Array): Future<number> {
    checkBytes(buf, "peek");
    return new Receive(this, buf, true);
  }

  /**
   * As {@link recvFrom}, and leaves the datagram for the next.
   *
   * **Cancel safety.** Safe.
   */
  peekFrom(buf: Uint8Array): Future<Received<A>> {
    checkBytes(buf, "peekFrom");
    return new ReceiveFrom(this, buf, true);
  }

  /**
   * As {@link recv}, and does not wait.
   *
   * @throws WouldBlockError if none has arrived
   * @throws FutureInUseError while another operation waits for one
   */
  tryRecv(buf: Uint8Array): number {
    checkBytes(buf, "tryRecv");
    return attempt(this.reading, "received", () => this.source.tryReceive(buf, false));
  }

  /** As {@link tryRecv}, and says who has sent it and whether it was cut. */
  tryRecvFrom(buf: Uint8Array): Received<A> {
    return this.received(this.tryRecv(buf));
  }

  /** As {@link tryRecvFrom}, and leaves the datagram for the next. */
  tryPeekFrom(buf: Uint8Array): Received<A> {
    checkBytes(buf, "tryPeekFrom");
    return this.received(attempt(this.reading, "received", () => this.source.tryReceive(buf, true)));
  }

  /**
   * Sends `buf` as one datagram to where the socket is connected, once the system has room for it; gives the number of
   * bytes. `buf` can be used again at once. That it was sent does not say that it arrives.
   *
   * Fails with the system's error: `EMSGSIZE` for what is too long, `EDESTADDRREQ` or `ENOTCONN` if it is not connected,
   * `ECONNREFUSED` if it has come out that nobody receives what was sent before; this one was not sent then. The node
   * reactor sends in the background: some errors come at the operation after the next turn of the loop.
   *
   * **Cancel safety.** Safe: a `send` that was cancelled has sent nothing.
   *
   * @throws TypeError if `buf` is no `Uint8Array`
   */
  send(buf: Uint8Array): Future<number> {
    checkBytes(buf, "send");
    return new Send(this, buf, null);
  }

  /**
   * As {@link send}, and does not wait.
   *
   * @throws WouldBlockError if the system has no room for it
   * @throws FutureInUseError while another operation waits to send
   */
  trySend(buf: Uint8Array): number {
    checkBytes(buf, "trySend");
    return attempt(this.writing, "sent", () => this.source.trySend(buf, null));
  }

  /**
   * Waits until there is something to receive: a datagram, or an error. It takes the place of a `recv`.
   *
   * **Cancel safety.** Safe.
   */
  readable(): Future<void> {
    return new Readable(this);
  }

  /**
   * Waits until something can be sent, or sending fails. It takes the place of a `send`.
   *
   * **Cancel safety.** Safe.
   */
  writable(): Future<void> {
    return new Writable(this);
  }

  /**
   * Waits until one of the directions is ready, and gives what is known of both.
   *
   * **Cancel safety.** Safe.
   *
   * @throws TypeError if neither is asked for
   */
  ready(interest: Interest): Future<Ready> {
    if (interest?.read !== true && interest?.write !== true) {
      throw new TypeError("ready needs { read: true }, { write: true } or both");
    }
    return new WhenReady(this, interest);
  }

  /** Where it receives. Known also after the close. */
  get localAddress(): A {
    return this.source.localAddress;
  }

  /** Where it is connected; `null` if it is not, or is closed. */
  get peerAddress(): A | null {
    return this.source.peerAddress;
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  /**
   * Gives the socket back to the system; operations that wait fail with `ClosedError`. What has arrived and was not received
   * is lost. Idempotent.
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

/** What the operations need of a socket. */
type Socket<A> = DatagramSocket<A, DatagramSource<A>>;

class Receive<A> extends ReadOperation<number, Socket<A>> {
  private readonly buf: Uint8Array;
  private readonly peek: boolean;

  constructor(socket: Socket<A>, buf: Uint8Array, peek: boolean) {
    super(socket);
    this.buf = buf;
    this.peek = peek;
  }

  protected override get what(): string {
    return this.peek ? "peek()" : "recv()";
  }

  protected override attempt(socket: Socket<A>, cx: Context): Poll<number> {
    return socket.pollReceive(cx, this.buf, this.peek);
  }
}

class ReceiveFrom<A> extends ReadOperation<Received<A>, Socket<A>> {
  private readonly buf: Uint8Array;
  private readonly peek: boolean;

  constructor(socket: Socket<A>, buf: Uint8Array, peek: boolean) {
    super(socket);
    this.buf = buf;
    this.peek = peek;
  }

  protected override get what(): string {
    return this.peek ? "peekFrom()" : "recvFrom()";
  }

  protected override attempt(socket: Socket<A>, cx: Context): Poll<Received<A>> {
    const size = socket.pollReceive(cx, this.buf, this.peek);
    return size === Pending ? Pending : socket.received(size);
  }
}

/** @internal */
export class Send<A> extends WriteOperation<number, Socket<A>> {
  private readonly buf: Uint8Array;
  private readonly to: A | null;

  constructor(socket: Socket<A>, buf: Uint8Array, to: A | null) {
    super(socket);
    this.buf = buf;
    this.to = to;
  }

  protected override get what(): string {
    return this.to === null ? "send()" : "sendTo()";
  }

  protected override attempt(socket: Socket<A>, cx: Context): Poll<number> {
    return socket.pollSend(cx, this.buf, this.to);
  }
}

/** @internal */
export class ConnectDatagrams<A> extends WriteOperation<void, Socket<A>> {
  private readonly to: A;

  constructor(socket: Socket<A>, to: A) {
    super(socket);
    this.to = to;
  }

  protected override get what(): string {
    return "connect()";
  }

  protected override attempt(socket: Socket<A>, cx: Context): Poll<void> {
    return socket.pollConnect(cx, this.to);
  }
}
