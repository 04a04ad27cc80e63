import { Buffer } from "node:buffer";
import { co, type Duplex, type Future, TcpStream, UnixStream } from "pollux";
import { HeadParser } from "../head-parser.ts";
import { HttpError } from "../http-error.ts";
import { Inbox } from "../inbox.ts";
import type { ClientSettings } from "./client-options.ts";
import type { Endpoint, ProxyEndpoint } from "./endpoint.ts";

/**
 * Opens a connection on which requests to this endpoint can be sent: to its host, to the Unix socket, or to the proxy, and
 * through that; with TLS where the URL says `https:`.
 *
 * **Cancel safety.** Safe: it is closed again.
 *
 * @internal
 */
export const dial: (to: Endpoint, settings: ClientSettings) => Future<Duplex> = co(function* dial(
  to: Endpoint,
  settings: ClientSettings,
) {
  const { host, port, proxy, isSecure } = to;
  const { socketPath } = settings;
  let stream: Duplex =
    socketPath !== null
      ? yield* UnixStream.connect(socketPath)
      : yield* TcpStream.connect({
          host: proxy?.host ?? host,
          port: proxy?.port ?? port,
          ...(settings.family === undefined ? {} : { family: settings.family }),
        });
  let isOpen = false;
  try {
    if (isSecure) {
      if (proxy !== null) yield* tunnel(stream, to, proxy, settings);
      const secured = yield* settings.connector().connect(stream, host);
      stream = secured;
      // A server that knows nothing of ALPN speaks HTTP/1.1 on the port of HTTPS.
      if (secured.alpnProtocol !== null && secured.alpnProtocol !== "http/1.1")
        throw new HttpError(502, "HTTP_BAD_VERSION", `the server insists on ${secured.alpnProtocol}`);
    }
    isOpen = true;
    return stream;
  } finally {
    if (!isOpen) stream.close();
  }
});

/** Has the proxy connect the stream to the endpoint (RFC 9110, 9.3.6). */
const tunnel = co(function* tunnel(
  stream: Duplex,
  to: Endpoint,
  proxy: ProxyEndpoint,
  settings: ClientSettings,
) {
  const name = to.host.includes(":") ? `[${to.host}]:${to.port}` : `${to.host}:${to.port}`;
  const head = `CONNECT ${name} HTTP/1.1\r\nHost: ${name}\r\n${proxy.authorization}\r\n`;
  yield* stream.writeAll(Buffer.from(head, "latin1"));
  const inbox = new Inbox();
  const parser = new HeadParser(settings.limits);
  const buf = new Uint8Array(4096);
  for (;;) {
    const answer = inbox.length > 0 ? parser.response(inbox, "CONNECT") : null;
    if (answer === null) {
      const size = yield* stream.read(buf);
      if (size === 0) throw refused("the proxy ended the connection");
      inbox.push(buf, size);
    } else if (answer.status >= 200) {
      if (answer.status >= 300) throw refused(`the proxy answers ${answer.status} ${answer.reason}`);
      // In TLS it is the client that speaks first.
      if (inbox.length > 0) throw refused("the proxy sends more than its answer");
      return;
    }
  }
});

function refused(message: string): HttpError {
  return new HttpError(502, "HTTP_PROXY_REFUSED", message);
}
