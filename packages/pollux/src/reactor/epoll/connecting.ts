import type { TimerDriver } from "../../core/context.ts";
import { TimerEntry } from "../../core/timer-entry.ts";
import type { TcpConnectOptions } from "../options.ts";
import {
  EINPROGRESS,
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  SO_ERROR,
  SOCK_STREAM,
  SOL_SOCKET,
} from "./constants.ts";
import type { Epoll, Registered } from "./epoll.ts";
import { ADDRESS_BYTES, encodeAddress } from "./socket-address.ts";
import { getInteger, type OptionSocket, setOptions } from "./socket-options.ts";
import { systemError } from "./system-error.ts";

/** The interest that a connection is registered with, for good. */
export const CONNECTION: number = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

/** How long one address may take until the next is tried beside it, in ms (RFC 8305, section 5). */
const ATTEMPT_TIMEOUT = 250;

/** Who is told how it ends; one of the two, once. */
export interface Connector {
  onConnected(socket: OptionSocket, slot: number, events: number): void;
  onFailed(error: Error): void;
}

/** A socket that is being connected to one address. */
class Attempt implements Registered {
  private readonly connecting: Connecting;
  readonly socket: OptionSocket;
  readonly host: string;
  slot = -1;

  constructor(connecting: Connecting, socket: OptionSocket, host: string) {
    this.connecting = connecting;
    this.socket = socket;
    this.host = host;
  }

  onEvents(events: number): void {
    this.connecting.settled(this, events);
  }
}

/**
 * Connects to the first address of several that answers: one after the other, each a while after the one before or as
 * soon as that has failed ("happy eyeballs", RFC 8305).
 */
export class Connecting extends TimerEntry {
  private readonly epoll: Epoll;
  private readonly timers: TimerDriver;
  private readonly options: TcpConnectOptions;
  private readonly connector: Connector;
  private readonly hosts: string[];
  private readonly attempts = new Set<Attempt>();
  private firstError: Error | null = null;

  constructor(
    epoll: Epoll,
    timers: TimerDriver,
    hosts: readonly string[],
    options: TcpConnectOptions,
    connector: Connector,
  ) {
    super();
    this.epoll = epoll;
    this.timers = timers;
    this.options = options;
    this.connector = connector;
    this.hosts = options.happyEyeballs === false ? hosts.slice(0, 1) : [...hosts];
  }

  /** Tries the next address. The first call begins it all. */
  next(): void {
    for (let host = this.hosts.shift(); host !== undefined; host = this.hosts.shift()) {
      try {
        this.attempts.add(this.attempt(host));
        break;
      } catch (error) {
        this.firstError ??= error as Error; // Of the system: nothing else is thrown.
      }
    }
    if (this.attempts.size === 0) this.fail();
    else if (this.hosts.length > 0) {
      const { attemptTimeout = ATTEMPT_TIMEOUT } = this.options;
      this.timers.arm(this, this.timers.now() + attemptTimeout);
    }
  }

  override fire(): void {
    this.next();
  }

  private attempt(host: string): Attempt {
    const { native } = this.epoll;
    const { port, localAddress, localPort } = this.options;
    const address = new Uint8Array(ADDRESS_BYTES);
    const family = encodeAddress(host, port, address);
    const fd = native.socket(family, SOCK_STREAM, 0);
    if (fd < 0) throw systemError(fd, "connect", { host, port });
    const socket = { native, fd, family };
    const attempt = new Attempt(this, socket, host);
    try {
      setOptions(socket, this.options);
      if (localAddress !== undefined || localPort !== undefined) {
        const local = new Uint8Array(ADDRESS_BYTES);
        const any = host.includes(":") ? "::" : "0.0.0.0";
        const [from, at] = [localAddress ?? any, localPort ?? 0];
        encodeAddress(from, at, local);
        const bound = native.bind(fd, local);
        if (bound < 0) throw systemError(bound, "bind", { host: from, port: at });
      }
      const result = native.connect(fd, address);
      if (result < 0 && result !== -EINPROGRESS) throw systemError(result, "connect", { host, port });
      // Only now: before, epoll reports a socket that is not connected as hung up. If it is connected already, the event
      // that says so comes at once.
      attempt.slot = this.epoll.register(fd, attempt, CONNECTION);
      return attempt;
    } catch (error) {
      native.close(fd);
      throw error;
    }
  }

  /** @internal */
  settled(attempt: Attempt, events: number): void {
    this.attempts.delete(attempt);
    const errno = getInteger(attempt.socket, SOL_SOCKET, SO_ERROR);
    if (errno === 0) {
      this.cancel();
      this.connector.onConnected(attempt.socket, attempt.slot, events);
      return;
    }
    const { port } = this.options;
    this.firstError ??= systemError(-errno, "connect", { host: attempt.host, port });
    this.drop(attempt);
    if (this.hosts.length > 0) this.next();
    else if (this.attempts.size === 0) this.fail();
  }

  private fail(): void {
    const error = this.firstError ?? new TypeError("there is no address to connect to");
    this.cancel();
    this.connector.onFailed(error);
  }

  private drop(attempt: Attempt): void {
    this.epoll.leave(attempt.slot);
    this.epoll.native.close(attempt.socket.fd);
  }

  /** Gives up: what has been begun is closed. */
  cancel(): void {
    if (this.list !== null) this.timers.disarm(this);
    this.hosts.length = 0;
    for (const attempt of this.attempts) this.drop(attempt);
    this.attempts.clear();
  }
}
