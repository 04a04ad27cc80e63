import { isHost } from "../host.ts";

/** The fields of a request: an object, or pairs, such as `Headers`, a `Map` or `Fields`. */
export type RequestFields =
  | Readonly<Record<string, string | number | readonly string[] | undefined>>
  | Iterable<readonly [name: string, value: string]>;

/** The fields that a request is made with, checked. */
export interface FieldLines {
  /** Each with its CR LF; without those that the client writes itself. */
  readonly text: string;
  /** What the field of this name says; `null` without one. */
  readonly host: string | null;
  readonly length: number | null;
  /** `Connection: close` */
  readonly close: boolean;
  /** `Expect: 100-continue` */
  readonly expectsContinue: boolean;
  readonly hasAcceptEncoding: boolean;
}

const NONE: FieldLines = {
  text: "",
  host: null,
  length: null,
  close: false,
  expectsContinue: false,
  hasAcceptEncoding: false,
};

const NAME = /^[\w!#$%&'*+\-.^`|~]+$/;
// What is no value: a control character but for the tab, and what is more than one byte.
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const NO_TARGET = /[^\x21\x22\x24-\x7e]/;

/** @throws TypeError for what would be another head than it says */
export function fieldLines(fields: RequestFields | undefined): FieldLines {
  if (fields === undefined) return NONE;
  if (typeof fields !== "object" || fields === null)
    throw new TypeError("the headers of a request are an object or pairs");
  const lines = new Lines();
  eachField(fields, (name, value) => lines.add(name, value));
  return lines;
}

/** The fields, one name and value each. */
export function pairsOf(fields: RequestFields | undefined): [name: string, value: string][] {
  const pairs: [string, string][] = [];
  if (fields !== undefined) eachField(fields, (name, value) => pairs.push([name, String(value)]));
  return pairs;
}

function eachField(fields: RequestFields, take: (name: string, value: string | number) => void): void {
  if (Symbol.iterator in fields) {
    // The object has the method, and so is what the type says of objects with it.
    for (const pair of fields as Iterable<readonly [string, string]>) take(pair[0], pair[1]);
    return;
  }
  for (const name of Object.keys(fields)) {
    // As above: without the method.
    const value = (fields as Record<string, string | number | readonly string[] | undefined>)[name];
    if (value === undefined) continue;
    if (Array.isArray(value)) for (const each of value) take(name, each);
    else take(name, value as string | number); // `isArray` does not know those that cannot be changed.
  }
}

class Lines implements FieldLines {
  text: string;
  host: string | null;
  length: number | null;
  close: boolean;
  expectsContinue: boolean;
  hasAcceptEncoding: boolean;

  constructor() {
    this.text = "";
    this.host = null;
    this.length = null;
    this.close = false;
    this.expectsContinue = false;
    this.hasAcceptEncoding = false;
  }

  add(name: string, given: string | number): void {
    const value = typeof given === "number" ? String(given) : given;
    if (typeof name !== "string" || !NAME.test(name))
      throw new TypeError(`${JSON.stringify(name)} is no name of a header`);
    if (typeof value !== "string" || NO_VALUE.test(value))
      throw new TypeError(`the value of the header ${name} has a character that cannot be sent`);
    // Only these lengths are those of fields that concern the client itself.
    const { length } = name;
    if ((length < 18 && length > 13) || length === 10 || length === 4 || length === 6 || length === 7) {
      if (!this.concerns(name.toLowerCase(), value.trim())) return;
    }
    this.text += `${name}: ${value}\r\n`;
  }

  /** Whether the field is to be sent as any other. */
  private concerns(name: string, value: string): boolean {
    switch (name) {
      case "host":
        if (this.host !== null || !isHost(value)) throw new TypeError("the header Host is one host");
        this.host = value;
        return false;
      case "content-length":
        if (this.length !== null || !/^\d{1,15}$/.test(value))
          throw new TypeError("the header Content-Length is one whole number");
        this.length = Number(value);
        return false;
      case "connection":
        if (!/^(?:close|keep-alive)$/i.test(value))
          throw new TypeError("the header Connection is close or keep-alive; for others there is upgrade");
        if (value.toLowerCase() === "close") this.close = true;
        return false;
      case "expect":
        if (value.toLowerCase() !== "100-continue") throw new TypeError("the header Expect is 100-continue");
        this.expectsContinue = true;
        return false;
      case "upgrade":
        throw new TypeError("to upgrade a connection, give upgrade: { upgrade: protocol }");
      case "transfer-encoding":
      case "keep-alive":
      case "proxy-connection":
        throw new TypeError(`the header ${name} is the client's own: leave it out`);
      case "accept-encoding":
        this.hasAcceptEncoding = true;
        return true;
      default:
        return true;
    }
  }
}

/** @throws TypeError for a method that is none, or that makes a tunnel */
export function checkMethod(method: string): string {
  if (method === "GET" || method === "POST") return method;
  if (typeof method !== "string" || !NAME.test(method))
    throw new TypeError(`${JSON.stringify(method)} is no method of HTTP`);
  if (method === "CONNECT") throw new TypeError("CONNECT is sent by the client itself: give it a proxy");
  return method;
}

/** @throws TypeError for what cannot be the target of a request */
export function checkTarget(target: string, method: string): string {
  if (target === "*" && method === "OPTIONS") return target;
  if (typeof target !== "string" || !target.startsWith("/") || NO_TARGET.test(target))
    throw new TypeError("the target of a request is a path, with what is no visible ASCII percent-encoded");
  return target;
}
