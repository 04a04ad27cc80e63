import { STATUS_CODES } from "node:http";

/** @internal */
export function reasonOf(status: number): string {
  return STATUS_CODES[status] ?? "";
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
