/** One end of a connection. */
export interface SocketAddress {
  /** The numeric address. */
  readonly host: string;
  readonly port: number;
  readonly family: "IPv4" | "IPv6";
}

/**
 * What can be set on a socket. A back end refuses what it cannot do, with `UnsupportedError`; nothing is silently ignored.
 * The node reactor has `noDelay`, `keepAlive`, `linger` of 0 and, on newer versions of Node, `reusePort`.
 */
export interface SocketOptions {
  /** Whether small writes are sent at once rather than gathered (`TCP_NODELAY`). Default `true`. */
  noDelay: boolean;
  /**
   * Whether a silent peer is asked for signs of life (`SO_KEEPALIVE`); a number is the ms of silence before the first
   * question, which the system rounds to seconds. Default `false`.
   */
  keepAlive: boolean | number;
  /** How long a close waits for bytes that are unsent, in ms (`SO_LINGER`); 0 resets the connection. Default `null`: none. */
  linger: number | null;
  /** Whether an address can be bound whose old connections are not quite gone (`SO_REUSEADDR`). Default `true`. */
  reuseAddress: boolean;
  /** Whether several sockets share an address, among which the system divides what comes (`SO_REUSEPORT`). Default `false`. */
  reusePort: boolean;
  /** Bytes that the system holds before they are sent (`SO_SNDBUF`). */
  sendBufferSize: number;
  /** Bytes that the system holds before they are read (`SO_RCVBUF`). */
  recvBufferSize: number;
  /** How many hops a packet may take (`IP_TTL`). */
  ttl: number;
}

/** Where a socket listens, and how. `SocketOptions` are those of the connections that are accepted. */
export interface TcpListenOptions extends Partial<SocketOptions> {
  /** A name or an address; `"0.0.0.0"` and `"::"` stand for all interfaces. */
  host: string;
  /** 0 to 65,535; 0 lets the system choose. */
  port: number;
  /** How many connections the system holds ready for `accept`. Default 511; the system has a limit of its own. */
  backlog?: number;
  /** Whether `"::"` leaves IPv4 alone (`IPV6_V6ONLY`). Default `false`. */
  ipv6Only?: boolean;
  /** Whether a worker of `node:cluster` listens by itself rather than through the primary. Default `false`. */
  exclusive?: boolean;
  /**
   * How many connections may wait for `accept` where the back end cannot leave them with the system (Node cannot). What
   * comes beyond is reset and counted in `dropped`. Default: four times the backlog.
   */
  maxUnaccepted?: number;
}

/** Where a socket connects to, and how. */
export interface TcpConnectOptions extends Partial<SocketOptions> {
  /** A name or an address. */
  host: string;
  /** 1 to 65,535. */
  port: number;
  /** The address of our end. Default: the system's choice. */
  localAddress?: string;
  /** The port of our end. Default 0: the system's choice. */
  localPort?: number;
  /** Which addresses of a name are tried. Default `"any"`. */
  family?: "any" | "IPv4" | "IPv6";
  /**
   * Whether the addresses of a name are tried in turn, IPv6 and IPv4 by turns, rather than the first alone (RFC 8305,
   * "happy eyeballs"). Default `true`.
   */
  happyEyeballs?: boolean;
  /** How long one address is tried before the next, in ms; at least 10. Default 250. */
  attemptTimeout?: number;
}

/** Which addresses are looked up. */
export interface LookupOptions {
  /** Default `"any"`. */
  family?: "any" | "IPv4" | "IPv6";
}

/**
 * What can be set on a UDP socket. A back end refuses what it cannot do, with `UnsupportedError`; nothing is silently
 * ignored.
 */
export interface UdpSocketOptions {
  /** Whether datagrams may go to a broadcast address (`SO_BROADCAST`). Default `false`. */
  broadcast: boolean;
  /** How many hops a datagram may take (`IP_TTL`), 1 to 255. */
  ttl: number;
  /** The same for those to a group, 0 to 255 (`IP_MULTICAST_TTL`). The system's default is 1: the own network. */
  multicastTtl: number;
  /** Whether what is sent to a group comes back to its members on this machine (`IP_MULTICAST_LOOP`). Default `true`. */
  multicastLoop: boolean;
  /** The interface by which datagrams go to groups: its name, or its address of IPv4. Default: the system's choice. */
  multicastInterface: string;
  /** Bytes that the system holds before they are sent (`SO_SNDBUF`). */
  sendBufferSize: number;
  /** Bytes that the system holds before they are received (`SO_RCVBUF`); what comes beyond is lost. */
  recvBufferSize: number;
}

/** Where a UDP socket receives, and how. */
export interface UdpBindOptions extends Partial<UdpSocketOptions> {
  /** A name or an address; `"0.0.0.0"` and `"::"` stand for all interfaces. */
  host: string;
  /** 0 to 65,535; 0 lets the system choose. */
  port: number;
  /** Whether the address can be bound by several sockets, of which one receives (`SO_REUSEADDR`). Default `false`. */
  reuseAddress?: boolean;
  /** Whether several sockets share an address, among which the system divides what comes (`SO_REUSEPORT`). Default `false`. */
  reusePort?: boolean;
  /** Whether `"::"` leaves IPv4 alone (`IPV6_V6ONLY`). Default `false`. */
  ipv6Only?: boolean;
}

/** A group that datagrams are sent to. */
export interface MulticastOptions {
  /** The interface that is joined on: its name, or its address of IPv4. Default: the system's choice. */
  interface?: string;
  /** Only what this address sends (RFC 4607); IPv4 alone. */
  source?: string;
}

/** Where a Unix socket listens. */
export interface UnixListenOptions {
  /** A path, or an abstract name, which begins with `"\0"`. */
  path: string;
  /** How many connections the system holds ready for `accept`. Default 511; the system has a limit of its own. */
  backlog?: number;
  /** See {@link TcpListenOptions.maxUnaccepted}. */
  maxUnaccepted?: number;
}

/** Who is at the other end of a Unix socket, as of when it connected. */
export interface UnixCredentials {
  /** The number of its process. */
  readonly pid: number;
  /** Its effective user. */
  readonly uid: number;
  /** Its effective group. */
  readonly gid: number;
}

/** How a named pipe is opened. */
export type PipeMode =
  /** To read from. Nobody need write yet. */
  | "read"
  /** To write to. Somebody has to have it open to read from. */
  | "write"
  /** Both, so that neither the end nor the lack of a reader is met when the other side comes and goes (Linux). */
  | "readWrite";
