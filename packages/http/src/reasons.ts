import { STATUS_CODES } from "node:http";

/** @internal */
export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? "";
}

const lines = new Map<number, string>();

/** The first line of a response. There are few of them. @internal */
export function statusLine(status: number): string {
  let line = lines.get(status);
  if (line === undefined) {
    line = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
    lines.set(status, line);
  }
  return line;
}

let second = 0;
let text = "";

/** The `Date` line of a response: it changes once a second. @internal */
export function dateLine(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    text = `Date: ${new Date(now * 1000).toUTCString()}\r\n`;
  }
  return text;
}
