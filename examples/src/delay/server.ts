import {
  type CancellationToken,
  ClosedError,
  co,
  type Scope,
  scope,
  sleep,
  type TcpListener,
  type TcpStream,
  TimeoutError,
  timeout,
} from "pollux";
import { encodeResponse, HttpError, MessageReader, parseRequest, type Request, readHead } from "./http.ts";

/** The longest delay that may be asked for, in ms. */
const LONGEST_DELAY = 600_000;

/** How long a connection may be idle, or take to send a head, in ms. */
const IDLE_LIMIT = 60_000;

/** How long we listen on when we have said our last word, in ms, and for how many bytes: a close cuts off what is sent. */
const LAST_WORDS = { ms: 500, bytes: 1_000_000 };

/** One server: what it was told, and what it has done. */
export interface Server {
  /** Cancelled to shut down: accepting stops, and requests in flight are answered. */
  readonly stop: CancellationToken;
  /** How long that may take, in ms; then they are cancelled. */
  readonly grace: number;
  /** Called when a request has been answered. */
  readonly onAnswer?: (request: string, status: number) => void;
  /** Requests that have been read and not been answered yet. */
  inFlight: number;
  answered: number;
  cancelled: number;
}

/**
 * The delay server: `GET /{ms}/{message}` is answered with the message after that many milliseconds. Ends when it has
 * been asked to stop, and every connection has ended: no task outlives it.
 */
export const serve = co(function* serve(server: Server, listener: TcpListener) {
  yield* scope(function* (s) {
    const connections = s.spawn(acceptUntilStopped(server, listener), { name: "connections" });
    yield* server.stop.cancelled();
    try {
      yield* timeout(server.grace, connections);
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error;
      server.cancelled = server.inFlight;
      connections.abort("the grace is over");
    }
  });
});

const acceptUntilStopped = co(function* acceptUntilStopped(server: Server, listener: TcpListener) {
  yield* scope(function* (s) {
    const acceptor = s.spawn(accept(server, listener, s), { name: "acceptor" });
    yield* server.stop.cancelled();
    acceptor.abort();
    // The scope ends with its last connection.
  });
});

const accept = co(function* accept(server: Server, listener: TcpListener, connections: Scope) {
  try {
    for (let n = 1; ; n++) {
      const stream = yield* listener.accept();
      connections.spawn(converse(server, stream), { name: `connection ${n}` });
    }
  } finally {
    listener.close();
  }
});

/** Answers the requests of one connection, one after another: so pipelined ones are answered in order. */
const converse = co(function* converse(server: Server, stream: TcpStream) {
  try {
    const from = new MessageReader(stream);
    while (yield* exchange(server, from)) {
      // As long as both sides keep the connection alive.
    }
    yield* sayGoodbye(stream);
  } catch (error) {
    // The peer has gone, and nothing is owed to it. All else is a mistake of ours, and ends the server.
    if (!isGone(error)) throw error;
  } finally {
    stream.close();
  }
});

function isGone(error: unknown): boolean {
  return error instanceof ClosedError || (error instanceof Error && "syscall" in error);
}

/** Reads a request and answers it; gives whether the connection is still good for another one. */
const exchange = co(function* exchange(server: Server, from: MessageReader) {
  const { stop } = server;
  let request: Request | undefined;
  let response: { status: number; body: string };
  try {
    try {
      // Between two requests nothing is owed to anybody, so here a shutdown ends the connection.
      const head = yield* stop.runUntilCancelled(timeout(IDLE_LIMIT, readHead(from)));
      if (head === undefined) return false;
      request = parseRequest(head);
      server.inFlight++;
      const { ms, message } = route(request);
      yield* sleep(ms);
      response = { status: 200, body: message };
    } catch (error) {
      if (error instanceof TimeoutError && !from.hasBegun) return false;
      response = explain(error);
    }
    // Only where the request was understood, and has no body to get past, is it clear where the next one begins.
    const understood =
      request !== undefined && request.bodyLength === 0 && [200, 404, 405].includes(response.status);
    const keepAlive = understood && request?.keepAlive === true && !stop.isCancelled;
    yield* from.stream.writeAll(encodeResponse({ ...response, keepAlive }, request?.method));
    server.answered++;
    server.onAnswer?.(request === undefined ? "?" : `${request.method} ${request.target}`, response.status);
    return keepAlive;
  } finally {
    if (request !== undefined) server.inFlight--;
  }
});

function explain(error: unknown): { status: number; body: string } {
  if (error instanceof TimeoutError) return { status: 408, body: "the request took too long to arrive\n" };
  if (error instanceof HttpError) return { status: error.status, body: `${error.message}\n` };
  throw error;
}

/** What a request asks for; throws `HttpError` if that is nothing we have. */
function route({ method, target, bodyLength }: Request): { ms: number; message: string } {
  if (method !== "GET") throw new HttpError(405, "only GET is answered here");
  if (bodyLength > 0) throw new HttpError(413, "a GET needs no body");
  // A target may name the server (RFC 9112, 3.2.2), and what follows a `?` means nothing here.
  const [path = ""] = target.replace(/^https?:\/\/[^/?]*/i, "").split("?");
  const parts = /^\/(\d+)\/(.+)$/.exec(path);
  if (parts === null) throw new HttpError(404, "try /{ms}/{message}, for example /500/hello");
  const ms = Number(parts[1]);
  if (ms > LONGEST_DELAY) throw new HttpError(400, `the longest delay is ${LONGEST_DELAY} ms`);
  try {
    return { ms, message: decodeURIComponent(parts[2] ?? "") };
  } catch {
    throw new HttpError(400, "the message is not percent-encoded UTF-8");
  }
}

/**
 * Ends our side, and reads on until the peer has ended its own, within limits. A connection that is closed while there
 * is something to read is reset, and the peer might lose our answer.
 */
const sayGoodbye = co(function* sayGoodbye(stream: TcpStream) {
  yield* stream.shutdown();
  try {
    yield* timeout(LAST_WORDS.ms, discard(stream, LAST_WORDS.bytes));
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
});

const discard = co(function* discard(stream: TcpStream, limit: number) {
  const buf = new Uint8Array(16_384);
  for (let size = 0, n = 1; n > 0 && size < limit; size += n) n = yield* stream.read(buf);
});
