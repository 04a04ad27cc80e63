import { type Context, Duplex, Future, Pending, type Poll, PollAfterCompletionError } from "pollux";
import type { Connection } from "./connection.ts";
import type { Inbox } from "./inbox.ts";

/**
 * A connection that no longer speaks HTTP: what had arrived behind the request is read first.
 *
 * @internal
 */
export class UpgradedStream extends Duplex {
  private readonly stream: Duplex;
  private readonly inbox: Inbox;

  constructor(stream: Duplex, inbox: Inbox) {
    super();
    this.stream = stream;
    this.inbox = inbox;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.inbox.length === 0) return this.stream.pollRead(cx, buf);
    if (!cx.takeBudget()) return Pending;
    return this.inbox.take(buf);
  }

  override cancelRead(): void {
    this.stream.cancelRead();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.stream.pollWrite(cx, buf);
  }

  override get isWriteVectored(): boolean {
    return this.stream.isWriteVectored;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.stream.pollWriteVectored(cx, bufs);
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.stream.pollFlush(cx);
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.stream.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.stream.cancelWrite();
  }

  override close(): void {
    this.stream.close();
  }
}

/** The stream of a connection that is handed over, once all that was answered on it is sent. @internal */
export class Upgrade extends Future<Duplex> {
  private connection: Connection | null;

  constructor(connection: Connection) {
    super();
    this.connection = connection;
  }

  override poll(cx: Context): Poll<Duplex> {
    const { connection } = this;
    if (connection === null) throw new PollAfterCompletionError("upgrade()");
    if (connection.transport.pollSend(cx) === Pending) return Pending;
    this.connection = null;
    return connection.upgraded();
  }

  override cancel(): void {
    this.connection?.transport.stream.cancelWrite();
    this.connection = null;
  }
}
