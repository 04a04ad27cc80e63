import { type Handler, type HttpRequest, type HttpServer, serve as serveHttp } from "@pollux/http";
import { type CancellationToken, co, type Future, sleep } from "pollux";

/** The longest delay that may be asked for, in ms. */
const LONGEST_DELAY = 600_000;

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

/** Listens. `GET /{ms}/{message}` is answered with the message after that many milliseconds. */
export function listen(server: Server, address: { host: string; port: number }): Future<HttpServer> {
  return serveHttp(address, handlerOf(server));
}

/** Ends when it has been asked to stop, and every connection has ended: no task outlives it. */
export const serve = co(function* serve(server: Server, http: HttpServer) {
  yield* server.stop.cancelled();
  yield* http.close({ grace: server.grace });
});

function handlerOf(server: Server): Handler {
  return co(function* exchange(request, response) {
    const asked = route(request);
    let isAnswered = false;
    server.inFlight++;
    try {
      if ("ms" in asked) yield* sleep(asked.ms);
      const [status, body] = "ms" in asked ? [200, asked.message] : [asked.status, `${asked.reason}\n`];
      response.status = status;
      response.add("Content-Type", "text/plain; charset=utf-8");
      if (status === 405) response.add("Allow", "GET");
      // Only where the request was understood, and has no body to get past, is it clear where the next one begins.
      if (request.hasBody || ![200, 404, 405].includes(status)) response.close();
      response.send(body);
      isAnswered = true;
      server.answered++;
      server.onAnswer?.(`${request.method} ${request.target}`, status);
    } finally {
      server.inFlight--;
      if (!isAnswered && server.stop.isCancelled) server.cancelled++;
    }
  });
}

/** What a request asks for, or why that is nothing we have. */
function route(request: HttpRequest): { ms: number; message: string } | { status: number; reason: string } {
  const { method, target, fields } = request;
  if (method !== "GET") return { status: 405, reason: "only GET is answered here" };
  if (fields.has("transfer-encoding")) return { status: 411, reason: "a body needs a Content-Length" };
  if (Number(fields.get("content-length") ?? 0) > 0) return { status: 413, reason: "a GET needs no body" };
  // A target may name the server (RFC 9112, 3.2.2), and what follows a `?` means nothing here.
  const [path = ""] = target.replace(/^https?:\/\/[^/?]*/i, "").split("?");
  const parts = /^\/(\d+)\/(.+)$/.exec(path);
  if (parts === null) return { status: 404, reason: "try /{ms}/{message}, for example /500/hello" };
  const ms = Number(parts[1]);
  if (ms > LONGEST_DELAY) return { status: 400, reason: `the longest delay is ${LONGEST_DELAY} ms` };
  try {
    return { ms, message: decodeURIComponent(parts[2] ?? "") };
  } catch {
    return { status: 400, reason: "the message is not percent-encoded UTF-8" };
  }
}
