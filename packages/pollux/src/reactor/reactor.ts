import type {
  LookupOptions,
  PipeMode,
  SocketOptions,
  TcpConnectOptions,
  TcpListenOptions,
  UdpBindOptions,
  UnixListenOptions,
} from "./options.ts";
import type {
  ByteSource,
  LookupSource,
  TcpListenerSource,
  TcpStreamSource,
  UdpSource,
  UnixAddress,
  UnixDatagramSource,
  UnixListenerSource,
  UnixStreamSource,
} from "./source.ts";

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
 * 5. While somebody waits for what comes from outside of the runtime, the source keeps the process alive and is counted in
 *    `runtime.outstanding`; no longer.
 * 6. A failure of the system is thrown as Node shapes it, exactly once, by the operation that waits or else by the next
 *    one; bytes that arrived before it are read first. Later operations throw `ClosedError` with the failure as cause.
 * 7. `close` gives everything back and wakes whoever waits, who then sees `ClosedError`. It is idempotent.
 *
 * A back end writes what *tries*; `ByteStream`, `Datagrams` and `Acceptor` make the polls of it, and so keep 3 to 6 for all of them.
 */
export interface Reactor {
  /** `"epoll"`, `"node"`, … */
  readonly name: string;
  /** Why it is this one, where another would have been better. */
  readonly why?: string | undefined;
  /** Sources that are open: each holds a descriptor. */
  readonly openSources: number;
  /** A socket that is going to listen. */
  tcpListener(options: TcpListenOptions): TcpListenerSource;
  /** A socket that is going to be connected. */
  tcpStream(options: TcpConnectOptions): TcpStreamSource;
  /** A UDP socket that is going to be bound; the host is numeric. */
  udpSocket(options: UdpBindOptions): UdpSource;
  /** What there is between the processes of one machine alone; `null` where that is nothing. */
  readonly local: LocalReactor | null;
  /** The addresses of a name. */
  lookup(host: string, options: LookupOptions): LookupSource;
  /**
   * Says at once whether these options can be set on a socket that is going to listen, or to be connected.
   *
   * @throws UnsupportedError for the first that cannot
   */
  checkOptions(kind: "listener" | "stream", options: Partial<SocketOptions>): void;
  /** Closes all sources: the runtime has ended. */
  close(): void;
}

/**
 * Unix sockets, pipes, and descriptors that were opened elsewhere. What a back end does not have throws
 * `UnsupportedError`. What gives an open source throws the system's error, too.
 */
export interface LocalReactor {
  /** A Unix socket that is going to listen. */
  unixListener(options: UnixListenOptions): UnixListenerSource;
  /** A Unix socket that is going to be connected. */
  unixStream(path: string): UnixStreamSource;
  /**
   * A Unix socket for datagrams that is going to be opened.
   *
   * @param name - where it is going to be bound
   */
  unixDatagram(name: UnixAddress): UnixDatagramSource;
  /** Two that are connected to each other. */
  unixStreamPair(): [UnixStreamSource, UnixStreamSource];
  /** As `unixStreamPair`, for datagrams. */
  unixDatagramPair(): [UnixDatagramSource, UnixDatagramSource];
  /** A pipe in the system's memory: what is written to the second can be read from the first. */
  pipe(): [ByteSource, ByteSource];
  /** A named pipe. */
  openPipe(path: string, mode: PipeMode): ByteSource;
  /** Takes over a descriptor of this process. It is the source's to close, and must be nobody else's. */
  adoptTcp(fd: number): TcpStreamSource;
  /**
   * Takes over a connected `net.Socket` of Node's, which stays what sends and receives.
   *
   * @throws TypeError for what is none
   */
  adoptSocket(socket: object): TcpStreamSource;
  /**
   * Accepts from a socket that another thread has opened, beside that and others: with a descriptor of its own, so that
   * what is in the queue stays there when one of them closes.
   */
  shareListener(fd: number, options: TcpListenOptions): TcpListenerSource;
  /** As `adoptTcp`, of a Unix socket. */
  adoptUnix(fd: number): UnixStreamSource;
  /** As `adoptTcp`, of an end of a pipe. */
  adoptPipe(fd: number, mode: "read" | "write"): ByteSource;
}
