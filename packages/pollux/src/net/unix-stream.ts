import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { UnixCredentials } from "../reactor/options.ts";
import type { UnixAddress, UnixStreamSource } from "../reactor/source.ts";
import { checkWhole } from "./check.ts";
import { checkUnixPath } from "./check-path.ts";
import { localReactor } from "./local-reactor.ts";
import { Open, opened } from "./open.ts";
import { SocketStream } from "./socket-stream.ts";

/**
 * A connection of Unix sockets, between processes of one machine. It is used as a {@link TcpStream} is.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const listener = yield* UnixListener.bind("\0an abstract name, which needs no file");
 *   const [theirs, ours] = yield* join(listener.accept(), UnixStream.connect(listener.path));
 *   yield* ours.writeAll(new TextEncoder().encode("hello"));
 *   console.log(yield* theirs.read(new Uint8Array(16))); // 5
 *   for (const each of [ours, theirs, listener]) each.close();
 * });
 * await run(main());
 * ```
 */
export class UnixStream extends SocketStream<UnixStreamSource> {
  /**
   * Connects to a path, or to an abstract name, which begins with `"\0"`.
   *
   * Fails with the system's error: `ENOENT`, `ECONNREFUSED`, `EACCES`, `EMFILE`; `EAGAIN` where more connections wait for
   * an `accept` than the backlog allows.
   *
   * **Cancel safety.** Safe: the connection is closed again.
   *
   * @throws TypeError, RangeError for what is no path, or too long (107 bytes)
   */
  static connect(path: string): Future<UnixStream> {
    checkUnixPath(path, "UnixStream.connect");
    return new Open({
      what: "UnixStream.connect()",
      op: `connect to ${JSON.stringify(path)}`,
      make: (runtime) => localReactor(runtime, "UnixStream").unixStream(path),
      poll: (source, cx) => source.pollConnect(cx),
      done: (source) => new UnixStream(source),
    });
  }

  /**
   * Two streams that are connected to each other, without names (`socketpair`).
   *
   * Fails with the system's error (`EMFILE`), and with `UnsupportedError` on Node's reactor, which cannot make them.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const [a, b] = yield* UnixStream.pair();
   *   yield* a.writeAll(new Uint8Array(3));
   *   console.log(yield* b.read(new Uint8Array(16))); // 3
   *   a.close();
   *   b.close();
   * });
   * await run(main());
   * ```
   */
  static pair(): Future<[UnixStream, UnixStream]> {
    return opened("UnixStream.pair()", (runtime) => {
      const [a, b] = localReactor(runtime, "UnixStream.pair()").unixStreamPair();
      return [new UnixStream(a), new UnixStream(b)];
    });
  }

  /**
   * Takes over a connected Unix socket of this process: it is the stream's to close, and must be nobody else's, neither
   * Node's nor another stream's.
   *
   * Fails with the system's error (`EBADF`), and with `TypeError` for another kind of descriptor, which is left alone.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError, RangeError for what is no number of a descriptor
   */
  static fromFd(fd: number): Future<UnixStream> {
    checkWhole("a descriptor", fd, 0, "descriptors");
    return opened("UnixStream.fromFd()", (runtime) => {
      return new UnixStream(localReactor(runtime, "UnixStream.fromFd()").adoptUnix(fd));
    });
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    const path = this.peerAddress ?? this.localAddress;
    return { kind: "Unix stream", name: path === null ? undefined : JSON.stringify(path), key: this };
  }

  /** The path or abstract name of our end; `null` if it has none, as on the side that connects. */
  get localAddress(): UnixAddress {
    return this.source.localAddress;
  }

  /** That of the other end. */
  get peerAddress(): UnixAddress {
    return this.source.peerAddress;
  }

  /**
   * Who is at the other end, as of when it connected.
   *
   * @throws UnsupportedError on Node's reactor
   * @throws ClosedError after a close
   */
  get peerCredentials(): UnixCredentials {
    return this.source.peerCredentials;
  }
}
