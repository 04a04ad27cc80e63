import type { Context } from "../core/context.ts";
import type { Poll } from "../core/poll.ts";

/**
 * The seam between what users open (`net/`) and the back ends that talk to the system. A back end that learns of
 * readiness (epoll), one that learns of completion (Node's sockets, io_uring) and a simulated one fit it equally.
 *
 * What every back end promises, so that no program can tell which one it runs on:
 * 1. A source does nothing before its first poll: making one opens nothing.
 * 2. A buffer is borrowed for the call alone. Who needs memory for longer copies.
 * 3. Each poll takes one unit of the coop budget before any effect, and gives it back when it returns `Pending`.
 * 4. One waiter a direction: whoever polls last is woken. `cancelRead` and its kin take the waiter back; what the
 *    operation had obtained already (bytes, a connection) stays with the source for the next one.
 * 5. While somebody waits, the source keeps the process alive and is counted in `runtime.outstanding`; no longer.
 * 6. A failure of the system is thrown as Node shapes it, exactly once, by the operation that waits or else by the next
 *    one; bytes that arrived before it are read first. Later operations throw `ClosedError` with the failure as cause.
 * 7. `close` gives everything back and wakes whoever waits, who then sees `ClosedError`. It is idempotent.
 */
export interface Reactor {
  /** `"node"`, `"epoll"`, … */
  readonly name: string;
  /** Sources that are open: each holds a descriptor. */
  readonly openSources: number;
  /** A socket that is going to listen. */
  tcpListener(options: TcpListenOptions): TcpListenerSource;
  /** A socket that is going to be connected. */
  tcpStream(options: TcpConnectOptions): TcpStreamSource;
  /** Closes all sources: the runtime has ended. */
  close(): void;
}

/** Where a socket listens. */
export interface TcpListenOptions {
  /** A name or an address; `"0.0.0.0"` and `"::"` stand for all interfaces. */
  host: string;
  /** 0 to 65,535; 0 lets the system choose. */
  port: number;
  /** How many connections the system holds ready for `accept`. Default 511; the system has a limit of its own. */
  backlog?: number;
  /** Whether accepted connections send small writes at once rather than gather them (`TCP_NODELAY`). Default `true`. */
  noDelay?: boolean;
}

/** Where a socket connects to. */
export interface TcpConnectOptions {
  /** A name or an address. */
  host: string;
  /** 1 to 65,535. */
  port: number;
  /** Whether small writes are sent at once rather than gathered (`TCP_NODELAY`). Default `true`. */
  noDelay?: boolean;
}

/** One end of a connection. */
export interface SocketAddress {
  /** The numeric address. */
  readonly host: string;
  readonly port: number;
  readonly family: "IPv4" | "IPv6";
}

/** What the system has opened for us. */
export interface Source {
  readonly isClosed: boolean;
  close(): void;
}

export interface TcpListenerSource extends Source {
  /** Ready once connections can arrive. Given up by `close`. */
  pollListen(cx: Context): Poll<void>;
  /** The next connection, the oldest first. */
  pollAccept(cx: Context): Poll<TcpStreamSource>;
  /** Takes back the waiter of `pollAccept` or `pollListen`. */
  cancelAccept(): void;
  /** Known once listening. */
  readonly localAddress: SocketAddress;
}

export interface TcpStreamSource extends Source {
  /** Ready once connected. Given up by `close`. */
  pollConnect(cx: Context): Poll<void>;
  /** Copies what has arrived into `buf`, which is not empty; gives the number of bytes, 0 at the end of the stream. */
  pollRead(cx: Context, buf: Uint8Array): Poll<number>;
  cancelRead(): void;
  /** Takes over some bytes from the start of `buf`, at least one unless it is empty; gives their number. */
  pollWrite(cx: Context, buf: Uint8Array): Poll<number>;
  /** Ends the write side; ready when what was taken over has been handed to the system. */
  pollShutdown(cx: Context): Poll<void>;
  /** Takes back the waiter of `pollWrite`, `pollShutdown` or `pollConnect`. */
  cancelWrite(): void;
  setNoDelay(on: boolean): void;
  /** Known once connected, and still after the close. */
  readonly localAddress: SocketAddress;
  readonly peerAddress: SocketAddress;
}
