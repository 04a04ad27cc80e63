import type { Context } from "../core/context.ts";
import { PollAfterCompletionError, UnexpectedEofError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { requireNodeLoop } from "../core/owned-thread.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { Duplex } from "../io/duplex.ts";
import { inspectedOf } from "../io/inspected.ts";
import { timeout } from "../time/timeout.ts";
import { Session } from "./session.ts";
import { TlsError } from "./tls-error.ts";
import { TlsStream } from "./tls-stream.ts";

/** How a handshake is begun. */
interface Opening {
  /** Names it in errors: `TLS with "example.com"`. */
  readonly what: string;
  readonly servername: string | null;
  /** Has Node begin, and sees to it that the session learns how that ends. */
  readonly begin: (session: Session) => void;
}

/**
 * A handshake over a stream, which is its own from the first poll on: if it fails or is cancelled, the stream is closed.
 *
 * @internal
 */
export function handshake(inner: Duplex, limit: number, opening: Opening): Future<TlsStream> {
  return timeout(limit, new Handshake(inner, opening));
}

class Handshake extends Future<TlsStream> {
  private readonly inner: Duplex;
  private readonly opening: Opening;
  private session: Session | null;
  private isOver: boolean;

  constructor(inner: Duplex, opening: Opening) {
    super();
    this.inner = inner;
    this.opening = opening;
    this.session = null;
    this.isOver = false;
  }

  override poll(cx: Context): Poll<TlsStream> {
    if (this.isOver) throw new PollAfterCompletionError(`the handshake of ${this.opening.what}`);
    try {
      const session = this.session ?? this.begin(cx);
      while (session.outcome === null) {
        if (session.transport.hasEnded) throw new UnexpectedEofError("the TLS handshake");
        session.transport.requireSending();
        if (session.transport.pull(cx) === Pending) {
          session.transport.reading.begin(cx);
          return Pending;
        }
      }
      session.transport.cancelPull();
      const { outcome } = session;
      if ("error" in outcome && session.transport.isSending) {
        // The alert that tells the peer why.
        session.transport.writing.begin(cx);
        return Pending;
      }
      session.transport.writing.end();
      if ("error" in outcome) throw this.failureOf(outcome.error, session);
      this.isOver = true;
      return new TlsStream(outcome.socket, session);
    } catch (error) {
      this.cancel();
      throw error;
    }
  }

  override cancel(): void {
    this.isOver = true;
    const { session } = this;
    if (session === null) return;
    this.session = null;
    session.transport.cancelPull();
    session.transport.writing.end();
    session.abandon();
  }

  override inspect(): Inspection {
    return { op: "TLS handshake on", target: inspectedOf(this.inner), outside: true };
  }

  /** Node's client says of a peer that went away that it was reset, its server nothing. */
  private failureOf(error: unknown, { transport }: Session): Error {
    const { code } = (error ?? {}) as Partial<NodeJS.ErrnoException>;
    if (transport.hasEnded && code === "ECONNRESET") return new UnexpectedEofError("the TLS handshake");
    return new TlsError(this.opening.what, error);
  }

  private begin(cx: Context): Session {
    requireNodeLoop(cx.runtime, "TLS handshakes");
    const session = new Session(this.inner, this.opening.servername);
    session.transport.begin(cx);
    this.session = session;
    session.transport.within(cx, () => this.opening.begin(session));
    return session;
  }
}
