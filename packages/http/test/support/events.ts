import { BodyDecoder } from "../../src/body-decoder.ts";
import type { RequestHead, ResponseHead } from "../../src/head.ts";
import { HeadParser } from "../../src/head-parser.ts";
import { HttpError } from "../../src/http-error.ts";
import { Inbox } from "../../src/inbox.ts";
import { type ParserLimits, parserLimits } from "../../src/limits.ts";

/** What a parser makes of bytes, with the data of a body joined: so it is the same however they come in. */
export type Event =
  | { head: Omit<RequestHead | ResponseHead, "fields"> & { fields: [string, string][] } }
  | { body: string; trailers: [string, string][] }
  | { error: string; status: number }
  /** What is left over: the bytes of a message that is not whole. */
  | { unfinished: true };

/** The events of these pieces of a connection, one message after the other. */
export function events(
  kind: "request" | "response",
  pieces: readonly Uint8Array[],
  limits?: Partial<ParserLimits>,
  atEnd = false,
): Event[] {
  const inbox = new Inbox();
  const parser = new HeadParser(parserLimits(limits));
  const body = new BodyDecoder(parserLimits(limits));
  const found: Event[] = [];
  const buf = new Uint8Array(7);
  let text = "";
  let hasHead = false;
  const step = (): void => {
    for (;;) {
      if (!hasHead) {
        const head = kind === "request" ? parser.request(inbox) : parser.response(inbox);
        if (head === null) return;
        const { fields, ...rest } = head;
        found.push({ head: { ...rest, fields: [...fields] } });
        hasHead = true;
        text = "";
        body.begin(head.bodyLength);
      }
      for (let size: number; (size = body.take(inbox, buf)) > 0; ) {
        text += Buffer.from(buf.subarray(0, size)).toString("latin1");
      }
      if (!body.isDone) return;
      found.push({ body: text, trailers: [...body.trailers] });
      hasHead = false;
    }
  };
  try {
    for (const piece of pieces) {
      inbox.push(piece);
      step();
    }
    if (hasHead && atEnd) {
      body.ended();
      found.push({ body: text, trailers: [] });
    } else if (hasHead || inbox.length > 0 || parser.hasBegun) {
      found.push({ unfinished: true });
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    found.push({ error: error.code, status: error.status });
  }
  return found;
}

/** The events of a text that comes in one piece. */
export function eventsOf(
  kind: "request" | "response",
  text: string,
  limits?: Partial<ParserLimits>,
): Event[] {
  return events(kind, [Buffer.from(text, "latin1")], limits);
}

/** The code of the error that a text ends with, and its status; else `null`. */
export function errorOf(
  kind: "request" | "response",
  text: string,
  limits?: Partial<ParserLimits>,
): string | null {
  const last = eventsOf(kind, text, limits).at(-1);
  return last !== undefined && "error" in last ? `${last.status} ${last.error}` : null;
}
