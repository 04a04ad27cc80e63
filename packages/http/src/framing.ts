import { CHUNKED, type RequestHead } from "./head.ts";
import { dateLine, statusLine } from "./reasons.ts";

/**
 * How the response of the exchange under way is framed, and whether the connection is of use behind it.
 *
 * @internal
 */
export class Framing {
  /** Whether the connection is of use after this exchange. */
  keepAlive: boolean;
  /** Whether the request was a `HEAD`: the response has no body. */
  isHead: boolean;
  /** Whether the response has chunked coding. */
  isChunked: boolean;
  /** The client waits for a `100 Continue` before it sends the body. */
  owesContinue: boolean;
  /** Whether a head was made for the response. */
  hasBegun: boolean;
  /** No further request is taken on this connection. */
  isClosing: boolean;
  private minor: number;

  constructor() {
    this.keepAlive = true;
    this.isHead = false;
    this.isChunked = false;
    this.owesContinue = false;
    this.hasBegun = false;
    this.isClosing = false;
    this.minor = 1;
  }

  begin(head: RequestHead): void {
    this.keepAlive = head.keepAlive;
    this.isHead = head.method === "HEAD";
    this.isChunked = false;
    this.owesContinue = head.expectsContinue;
    this.hasBegun = false;
    this.minor = head.minor;
  }

  /** The text of a head, with what only the connection knows: `length` is `CHUNKED`, or `null` for no body at all. */
  head(status: number, lines: string, hasDate: boolean, length: number | null): string {
    this.hasBegun = true;
    // A body that the client was never asked for does not come; one that is too long is not waited for.
    if (this.isClosing || this.owesContinue) this.keepAlive = false;
    let text = statusLine(status) + lines;
    if (!hasDate) text += dateLine();
    if (length === CHUNKED) {
      if (this.minor === 0) this.keepAlive = false;
      else {
        this.isChunked = true;
        text += "Transfer-Encoding: chunked\r\n";
      }
    } else if (length !== null) text += `Content-Length: ${length}\r\n`;
    if (!this.keepAlive) return `${text}Connection: close\r\n\r\n`;
    return this.minor === 0 ? `${text}Connection: keep-alive\r\n\r\n` : `${text}\r\n`;
  }
}
