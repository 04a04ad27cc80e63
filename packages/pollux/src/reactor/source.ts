import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";
import type {
  MulticastOptions,
  SocketAddress,
  SocketOptions,
  UdpSocketOptions,
  UnixCredentials,
} from "./options.ts";

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
  /** Connections that the back end had to refuse, since too many waited for `accept`. */
  readonly dropped: number;
}

/** A listening TCP socket. */
export interface TcpListenerSource extends AcceptSource<TcpStreamSource> {
  /** Known once listening. */
  readonly localAddress: SocketAddress;
}

/** Bytes both ways: a TCP connection; a Unix socket or a pipe has the same operations. */
export interface ByteSource extends Source {
  /** Copies what has arrived into `buf`, which is not empty; gives the number of bytes, 0 at the end of the stream. */
  tryRead(buf: Uint8Array): Poll<number>;
  /** As `tryRead`, and then has the caller wait. */
  pollRead(cx: Context, buf: Uint8Array): Poll<number>;
  /** As `tryRead`, into several buffers in their order, of which one at least is not empty. */
  tryReadVectored(bufs: readonly Uint8Array[]): Poll<number>;
  /** As `tryReadVectored`, and then has the caller wait. */
  pollReadVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number>;
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
  /**
   * As `tryWrite`, from an open file at its position: some bytes, at most `count`, which is not 0; gives their number, 0 at
   * the end of the file. The read of the disk is not waited for in another thread.
   */
  trySendFile(file: number, count: number): Poll<number>;
  /** As `trySendFile`, and then has the caller wait. */
  pollSendFile(cx: Context, file: number, count: number): Poll<number>;
  /** Ready when a `tryWrite` would take something, or fail. */
  pollWriteReady(cx: Context): Poll<void>;
  /** Ends the write side; ready when what was taken over has been handed to the system. */
  pollShutdown(cx: Context): Poll<void>;
  /** Takes back the waiter of the above. */
  cancelWrite(): void;
  /**
   * Closes, and leaves the descriptor open, to whoever is going to close it.
   *
   * @throws UnsupportedError where the back end cannot let go of it
   */
  detach(): number;
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

/**
 * Datagrams: whole, or cut at the buffer's end, and each for itself. `A` is an address.
 *
 * An error that the system tells of (nobody listens there) is thrown once, by the operation that meets it; the socket goes
 * on. On a back end that sends by itself that may be a later one.
 */
export interface DatagramSource<A> extends Source {
  /** Ready once it has its address. Its waiter is that of `cancelWrite`; given up by `close`. */
  pollBind(cx: Context): Poll<void>;
  /** Ready once it sends to this address, and hears of it alone. Its waiter is that of `cancelWrite`. */
  pollConnect(cx: Context, to: A): Poll<void>;
  /**
   * Copies the next datagram into `buf`, as much of it as fits; gives the number of bytes, which may be 0. `sender` and
   * `sizeSent` are then the datagram's. With `peek` it stays for the next.
   */
  tryReceive(buf: Uint8Array, peek: boolean): Poll<number>;
  /** As `tryReceive`, and then has the caller wait. */
  pollReceive(cx: Context, buf: Uint8Array, peek: boolean): Poll<number>;
  /** Who sent what was received last; `null` if that has no address. */
  readonly sender: A | null;
  /** How many bytes that had. */
  readonly sizeSent: number;
  /** Ready when a `tryReceive` would give something, be it an error. */
  pollReadReady(cx: Context): Poll<void>;
  /** Takes back the waiter of the above. */
  cancelRead(): void;
  /** Sends all of `buf`, to where the socket is connected if `to` is `null`; gives the number of bytes. */
  trySend(buf: Uint8Array, to: A | null): Poll<number>;
  /** As `trySend`, and then has the caller wait. */
  pollSend(cx: Context, buf: Uint8Array, to: A | null): Poll<number>;
  /** Ready when a `trySend` would send, or fail. */
  pollWriteReady(cx: Context): Poll<void>;
  /** Takes back the waiter of the above. */
  cancelWrite(): void;
  /** The bits of `Readiness`, as far as they are known. */
  readonly readiness: number;
  /** Known once bound, and still after the close. */
  readonly localAddress: A;
  /** Where it is connected; `null` if it is not. */
  readonly peerAddress: A | null;
}

/** A UDP socket; the hosts of its addresses are numeric. */
export interface UdpSource extends DatagramSource<SocketAddress> {
  /** The option as it is. */
  option<K extends keyof UdpSocketOptions>(name: K): UdpSocketOptions[K];
  /** @throws UnsupportedError for what the back end cannot set */
  setOption<K extends keyof UdpSocketOptions>(name: K, value: UdpSocketOptions[K]): void;
  /** @throws the system's error */
  join(group: string, options: MulticastOptions): void;
  /** @throws the system's error */
  leave(group: string, options: MulticastOptions): void;
}

/** The name of a Unix socket: a path, an abstract name with its leading `"\0"`, or `null` for one that has none. */
export type UnixAddress = string | null;

/** A connection of Unix sockets. */
export interface UnixStreamSource extends ByteSource {
  /** Ready once connected. Its waiter is that of `cancelWrite`; given up by `close`. */
  pollConnect(cx: Context): Poll<void>;
  readonly localAddress: UnixAddress;
  readonly peerAddress: UnixAddress;
  /** @throws UnsupportedError where the back end cannot ask */
  readonly peerCredentials: UnixCredentials;
}

/** A listening Unix socket. */
export interface UnixListenerSource extends AcceptSource<UnixStreamSource> {
  readonly localAddress: UnixAddress;
}

/** A Unix socket for datagrams. */
export type UnixDatagramSource = DatagramSource<UnixAddress>;
