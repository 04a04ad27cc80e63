import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { checkBytes } from "../io/check.ts";
import type { UnixAddress, UnixDatagramSource } from "../reactor/source.ts";
import { attempt } from "./attempt.ts";
import { checkUnixPath } from "./check-path.ts";
import { ConnectDatagrams, DatagramSocket, Send } from "./datagram-socket.ts";
import { localReactor } from "./local-reactor.ts";
import { Open, opened } from "./open.ts";

/**
 * A Unix socket for datagrams: none is lost or overtaken, and a full receiver has senders wait. Node's reactor has none:
 * `UnsupportedError`.
 *
 * Its file is made by `bind` and removed by `close`, as that of a {@link UnixListener} is.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const server = yield* UnixDatagram.bind("\0a server of datagrams");
 *   const client = yield* UnixDatagram.unbound();
 *   yield* client.sendTo(new TextEncoder().encode("ping"), server.localAddress ?? "");
 *   const { size, from } = yield* server.recvFrom(new Uint8Array(100));
 *   console.log(size, from); // 4 null
 *   server.close();
 *   client.close();
 * });
 * await run(main());
 * ```
 */
export class UnixDatagram extends DatagramSocket<UnixAddress, UnixDatagramSource> {
  /**
   * Opens a socket that receives at a path, or at an abstract name, which begins with `"\0"`.
   *
   * Fails with the system's error: `EADDRINUSE`, `EACCES`, `ENOENT` for a folder that there is not, `EMFILE`.
   *
   * **Cancel safety.** Safe: the socket is closed again.
   *
   * @throws TypeError, RangeError for what is no path, or too long (107 bytes)
   */
  static override bind(path: string): Future<UnixDatagram> {
    checkUnixPath(path, "UnixDatagram.bind");
    return UnixDatagram.at(path, "UnixDatagram.bind()");
  }

  /**
   * Opens a socket without a name, which can send, but that nobody can answer.
   *
   * Fails with the system's error (`EMFILE`).
   *
   * **Cancel safety.** Safe: the socket is closed again.
   */
  static unbound(): Future<UnixDatagram> {
    return UnixDatagram.at(null, "UnixDatagram.unbound()");
  }

  private static at(name: UnixAddress, what: string): Future<UnixDatagram> {
    return new Open({
      what,
      op: name === null ? what : `bind to ${JSON.stringify(name)}`,
      make: (runtime) => localReactor(runtime, "UnixDatagram").unixDatagram(name),
      poll: (source, cx) => source.pollBind(cx),
      done: (source) => new UnixDatagram(source),
    });
  }

  /**
   * Two sockets that are connected to each other, without names (`socketpair`).
   *
   * Fails with the system's error (`EMFILE`).
   *
   * **Cancel safety.** Safe: it does not wait.
   */
  static pair(): Future<[UnixDatagram, UnixDatagram]> {
    return opened("UnixDatagram.pair()", (runtime) => {
      const [a, b] = localReactor(runtime, "UnixDatagram.pair()").unixDatagramPair();
      return [new UnixDatagram(a), new UnixDatagram(b)];
    });
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    const { localAddress: name } = this;
    const shown = name === null ? undefined : JSON.stringify(name);
    return { kind: "Unix datagram socket", name: shown, key: this };
  }

  /** @internal */
  protected override get unnamed(): UnixAddress {
    return null;
  }

  /**
   * Sends there from now on, and receives from there alone.
   *
   * Fails with the system's error: `ENOENT`, `ECONNREFUSED`, `EACCES`.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError, RangeError for what is no path, or too long
   */
  connect(path: string): Future<void> {
    checkUnixPath(path, "connect");
    return new ConnectDatagrams<UnixAddress>(this, path);
  }

  /**
   * Sends `buf` as one datagram to a path or an abstract name, once the receiver has room for it; gives the number of bytes.
   *
   * Fails with the system's error: `ENOENT`, `ECONNREFUSED` if nobody receives there, `EMSGSIZE`.
   *
   * **Cancel safety.** Safe: a `sendTo` that was cancelled has sent nothing.
   *
   * @throws TypeError, RangeError for what is no path, or too long; TypeError if `buf` is no `Uint8Array`
   */
  sendTo(buf: Uint8Array, path: string): Future<number> {
    checkBytes(buf, "sendTo");
    checkUnixPath(path, "sendTo");
    return new Send<UnixAddress>(this, buf, path);
  }

  /**
   * As {@link sendTo}, and does not wait.
   *
   * @throws WouldBlockError if the receiver has no room for it
   * @throws FutureInUseError while another operation waits to send
   */
  trySendTo(buf: Uint8Array, path: string): number {
    checkBytes(buf, "trySendTo");
    checkUnixPath(path, "trySendTo");
    return attempt(this.writing, "sent", () => this.source.trySend(buf, path));
  }
}
