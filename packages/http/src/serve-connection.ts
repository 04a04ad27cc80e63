import { Duplex, type Future, TcpStream } from "pollux";
import { Connection, type Handler } from "./connection.ts";
import { type StreamOptions, serverSettings } from "./server-options.ts";

/**
 * Serves a connection that somebody else has accepted: of a Unix socket, of TLS, of a pipe in a test, of any stream that
 * carries bytes both ways. The stream is taken over; this ends with it.
 *
 * **Cancel safety.** The handler under way is cancelled, its cleanup is awaited, and the stream is closed.
 *
 * @throws TypeError, RangeError for what is no stream or no handler, and for options that make no sense
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const [client, server] = duplex(1024);
 *   const served = spawn(serveConnection(server, (request, response) => response.send(request.target)));
 *   yield* client.writeAll(Buffer.from("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
 *   const text = yield* client.readToString();
 *   console.log(text.slice(0, 15), text.slice(-2)); // HTTP/1.1 200 OK /a
 *   client.close();
 *   yield* served;
 * });
 * await run(main());
 * ```
 */
export function serveConnection(stream: Duplex, handler: Handler, options: StreamOptions = {}): Future<void> {
  if (!(stream instanceof Duplex)) throw new TypeError("serveConnection needs a Duplex, such as a TcpStream");
  if (typeof handler !== "function")
    throw new TypeError("serveConnection needs a handler: serveConnection(stream, handler)");
  const { scheme = "http", peerAddress = stream instanceof TcpStream ? stream.peerAddress : null } = options;
  if (scheme !== "http" && scheme !== "https") throw new TypeError('scheme must be "http" or "https"');
  return new Connection(stream, peerAddress, handler, serverSettings(options, scheme), () => {});
}
