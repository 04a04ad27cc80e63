import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import type { SocketAddress, SocketOptions } from "./options.ts";

/** What the system has opened for us. */
export interface Source {
  readonly isClosed: boolean;
  /** Gives everything back and wakes whoever waits. Idempotent. */
  close(): void;
}

/**
 * What waits for connections; `S` is what it accepts.
 *
 * Each operation comes twice: as a `try…`, which gives its result, or `Pending` with nobody left waiting, and as a
 * `poll…`, which then has the caller wait.
 */
export interface AcceptSource<S> extends Source {
  /** Ready once connections can arrive. Given up by `close`. */
  pollListen(cx: Context): Poll<void>;
  /** The next connection, the oldest first. */
  tryAccept(): Poll<S>;
  /** As `tryAccept`, and then has the caller wait. */
  pollAccept(cx: Context): Poll<S>;
  /** Takes back the waiter of `pollAccept` or `pollListen`. */
  cancelAccept(): void;
}

/** A listening TCP socket. */
export interface TcpListenerSource extends AcceptSource<TcpStreamSource> {
  /** Known once listening. */
  readonly localAddress: SocketAddress;
  /** Connections that the back end had to refuse, since too many waited for `accept`. */
  readonly dropped: number;
}

/** Bytes both ways: a TCP connection; a Unix socket or a pipe has the same operations. */
export interface ByteSource extends Source {
  /** Copies what has arrived into `buf`, which is not empty; gives the number of bytes, 0 at the end of the stream. */
  tryRead(buf: Uint8Array): Poll<number>;
  /** As `tryRead`, and then has the caller wait. */
  pollRead(cx: Context, buf: Uint8Array): Poll<number>;
  /** As `tryRead`, and leaves the bytes where they are. */
  tryPeek(buf: Uint8Array): Poll<number>;
  /** As `tryPeek`, and then has the caller wait. */
  pollPeek(cx: Context, buf: Uint8Array): Poll<number>;
  /** Ready when a `tryRead` would give something, be it an error. */
  pollReadReady(cx: Context): Poll<void>;
  /** Takes back the waiter of the above. */
  cancelRead(): void;
  /** Takes over some bytes from the start of `buf`, at least one unless it is empty; gives their number. */
  tryWrite(buf: Uint8Array): Poll<number>;
  /** As `tryWrite`, and then has the caller wait. */
  pollWrite(cx: Context, buf: Uint8Array): Poll<number>;
  /** As `tryWrite`, from several buffers in their order; gives the number of bytes in all. */
  tryWriteVectored(bufs: readonly Uint8Array[]): Poll<number>;
  /** As `tryWriteVectored`, and then has the caller wait. */
  pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number>;
  /** Ready when a `tryWrite` would take something, or fail. */
  pollWriteReady(cx: Context): Poll<void>;
  /** Ends the write side; ready when what was taken over has been handed to the system. */
  pollShutdown(cx: Context): Poll<void>;
  /** Takes back the waiter of the above. */
  cancelWrite(): void;
  /** The bits of `Readiness`, as far as they are known. */
  readonly readiness: number;
  /** Bytes that reads have given. */
  readonly bytesRead: number;
  /** Bytes that writes have taken over. */
  readonly bytesWritten: number;
}

/** A TCP connection. */
export interface TcpStreamSource extends ByteSource {
  /** Ready once connected. Its waiter is that of `cancelWrite`; given up by `close`. */
  pollConnect(cx: Context): Poll<void>;
  /** Closes without sending what is left: the peer's next operation fails with `ECONNRESET`. */
  reset(): void;
  /** The option as it is. */
  option<K extends keyof SocketOptions>(name: K): SocketOptions[K];
  /** @throws UnsupportedError for what the back end cannot set */
  setOption<K extends keyof SocketOptions>(name: K, value: SocketOptions[K]): void;
  /** Known once connected, and still after the close. */
  readonly localAddress: SocketAddress;
  readonly peerAddress: SocketAddress;
}

/** The addresses of a name, being asked for. */
export interface LookupSource {
  /** The addresses, in the resolver's order; at least one. */
  pollLookup(cx: Context): Poll<readonly Omit<SocketAddress, "port">[]>;
  /** Nobody waits any more. */
  cancelLookup(): void;
}
