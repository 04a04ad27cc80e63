import { Buffer } from "node:buffer";
import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { HttpRequest } from "./request.ts";

/** Node's request for one of ours; `more` asks for a part of its body. @internal */
export function incomingOf(socket: Socket, request: HttpRequest, more: () => void): IncomingMessage {
  const incoming = new IncomingMessage(socket);
  incoming.method = request.method;
  incoming.url = request.target;
  incoming.httpVersionMajor = 1;
  incoming.httpVersionMinor = request.minor;
  incoming.httpVersion = `1.${request.minor}`;
  addLines(incoming, request.fields.raw());
  // Its own, and not a subclass's: Express gives requests another prototype.
  incoming._read = (size) => {
    // It notes that somebody reads: until then, nothing is read ahead.
    IncomingMessage.prototype._read.call(incoming, size);
    const whole = request.hasBody ? request.takeWhole() : NOTHING;
    if (whole === null) {
      more();
      return;
    }
    if (whole.length > 0) incoming.push(Buffer.from(whole));
    complete(incoming, request);
  };
  return incoming;
}

/** All of its body has been read. @internal */
export function complete(incoming: IncomingMessage, request: HttpRequest): void {
  incoming.complete = true;
  addLines(incoming, request.trailers.raw());
  incoming.push(null);
}

/** The response is out, and nobody need read the rest, which the connection reads over. @internal */
export function dump(incoming: IncomingMessage): void {
  if (incoming.complete) return;
  incoming.complete = true;
  incoming.push(null);
  incoming.resume();
}

/** As `node:http` does when the client has gone in the middle. @internal */
export function giveUp(incoming: IncomingMessage): void {
  const error = Object.assign(new Error("aborted"), { code: "ECONNRESET" });
  // Nobody need listen for it, as the response has its `close`.
  incoming.destroy(incoming.listenerCount("error") > 0 ? error : undefined);
}

/** Fields, or trailers once it is complete; the object of them is made when somebody asks for it. */
function addLines(incoming: IncomingMessage, lines: readonly string[]): void {
  // So Node's own parser does it; its type has it not.
  (incoming as unknown as Lines)._addHeaderLines(lines, lines.length);
}

interface Lines {
  _addHeaderLines(lines: readonly string[], count: number): void;
}

const NOTHING = Buffer.alloc(0);
