import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import { checkSize } from "./check.ts";
import { Duplex } from "./duplex.ts";
import { Pipe } from "./pipe.ts";

/** One end of a connection in memory; made by {@link duplex}. */
export class DuplexStream extends Duplex {
  private readonly incoming: Pipe;
  private readonly outgoing: Pipe;

  /** @internal */
  constructor(incoming: Pipe, outgoing: Pipe) {
    super();
    this.incoming = incoming;
    this.outgoing = outgoing;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.incoming.pollRead(cx, buf);
  }

  override cancelRead(): void {
    this.incoming.cancelRead();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.outgoing.pollWrite(cx, buf);
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.outgoing.pollWriteVectored(cx, bufs);
  }

  /** What was written can be read: nothing is held back. */
  override pollFlush(): Poll<void> {
    return undefined;
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.outgoing.pollEnd(cx);
  }

  override cancelWrite(): void {
    this.outgoing.cancelWrite();
  }

  /**
   * The other end reads what was written, and then the end; its writes fail with `ClosedError`. What it wrote and was not
   * read is lost. Idempotent.
   */
  override close(): void {
    this.outgoing.end();
    this.incoming.abandon();
  }
}

/**
 * A connection in memory: two ends, each of which reads what the other one writes. A writer waits while `capacity` bytes
 * of its have not been read. For tests of what takes a connection, and to connect two parts of a program.
 *
 * @param capacity - bytes in each direction, 1 or more
 * @throws TypeError, RangeError if it is no such number
 *
 * @example
 * ```ts
 * const [client, server] = duplex(64);
 * yield* client.writeAll(new TextEncoder().encode("ping"));
 * const buf = new Uint8Array(4);
 * yield* server.readExact(buf);
 * console.log(new TextDecoder().decode(buf)); // "ping"
 * ```
 */
export function duplex(capacity: number): [DuplexStream, DuplexStream] {
  checkSize("capacity", capacity, 1);
  const there = new Pipe(capacity);
  const back = new Pipe(capacity);
  return [new DuplexStream(back, there), new DuplexStream(there, back)];
}
