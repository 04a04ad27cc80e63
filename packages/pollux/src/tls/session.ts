import type { Duplex } from "../io/duplex.ts";
import type { NodeTlsSocket } from "../node/node-types.ts";
import { TlsTransport } from "./tls-transport.ts";

/**
 * What is known of one connection, from before its handshake to its end: how it has come out, and what is told meanwhile.
 *
 * @internal
 */
export class Session {
  readonly transport: TlsTransport;
  /** The name that the client asked for, on its side. */
  readonly servername: string | null;
  /** How the handshake has ended. */
  outcome: { readonly socket: NodeTlsSocket } | { readonly error: unknown } | null;
  /** See `TlsStream.sessionTicket`. */
  ticket: Uint8Array | undefined;
  /** Whether what is under TLS has ended before TLS has. */
  isTruncated: boolean;
  private hasEnded: boolean;
  private socket: NodeTlsSocket | null;

  constructor(inner: Duplex, servername: string | null) {
    this.servername = servername;
    this.outcome = null;
    this.ticket = undefined;
    this.isTruncated = false;
    this.hasEnded = false;
    this.socket = null;
    this.transport = new TlsTransport(inner, () => {
      this.isTruncated = !this.hasEnded;
    });
  }

  /** Listens to what the socket tells. */
  follow(socket: NodeTlsSocket): void {
    this.socket = socket;
    // Whoever reads or writes is told; without a listener, one that nobody waits for would end the process.
    socket.on("error", (error) => this.fail(error));
    socket.on("session", (ticket) => {
      this.ticket = ticket;
    });
    // Node's end looks the same with and without the peer's `close_notify`. It comes here in the very call in which it is
    // read, so before the end of what is under TLS is.
    const push = socket.push.bind(socket);
    socket.push = (chunk, encoding) => {
      if (chunk === null) this.hasEnded = true;
      return push(chunk, encoding);
    };
  }

  succeed(socket: NodeTlsSocket): void {
    this.settle({ socket });
  }

  fail(error: unknown): void {
    this.settle({ error });
  }

  /** Gives up what there is, with the stream. */
  close(): void {
    this.socket?.destroy();
    this.transport.stream.destroy();
    this.transport.close();
  }

  private settle(outcome: { readonly socket: NodeTlsSocket } | { readonly error: unknown }): void {
    this.outcome ??= outcome;
    this.transport.reading.wake();
  }
}
