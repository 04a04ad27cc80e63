/**
 * The fields of a message, in the order in which they were sent. A name is looked for in any case. Nothing is made of
 * the text of a head before something is asked for.
 *
 * @example
 * ```ts
 * const fields = new Fields("Accept: text/html\r\nX-Id: 1\r\nX-Id: 2");
 * console.log(fields.get("accept"), fields.get("x-id"), fields.getAll("X-ID").length); // text/html 1, 2 2
 * ```
 */
export class Fields implements Iterable<[name: string, value: string]> {
  private readonly text: string;
  /** Lower-case names and values in turn; `null` until something is asked for. */
  private items: string[] | null;

  /** @param text - lines that the parser has found right, with CR LF between them */
  constructor(text = "") {
    this.text = text;
    this.items = null;
  }

  private parsed(): readonly string[] {
    if (this.items !== null) return this.items;
    const items = this.raw();
    // A table of pairs.
    for (let at = 0; at < items.length; at += 2) items[at] = (items[at] as string).toLowerCase();
    this.items = items;
    return items;
  }

  /** Names, as they were sent, and values in turn. @internal */
  raw(): string[] {
    const { text } = this;
    const items: string[] = [];
    for (let start = 0; start < text.length; ) {
      let end = text.indexOf("\r\n", start);
      if (end === -1) end = text.length;
      const colon = text.indexOf(":", start);
      items.push(text.slice(start, colon), trim(text, colon + 1, end));
      start = end + 2;
    }
    return items;
  }

  /** The value of a field; where it was sent several times, all of them with a comma between; else `undefined`. */
  get(name: string): string | undefined {
    const items = this.parsed();
    const lower = name.toLowerCase();
    let found: string | undefined;
    for (let at = 0; at < items.length; at += 2) {
      if (items[at] !== lower) continue;
      const value = items[at + 1] as string; // Names and values come in pairs.
      found = found === undefined ? value : `${found}, ${value}`;
    }
    return found;
  }

  /** The values of a field that was sent several times, one for each. */
  getAll(name: string): string[] {
    const items = this.parsed();
    const lower = name.toLowerCase();
    const found: string[] = [];
    for (let at = 0; at < items.length; at += 2) {
      if (items[at] === lower) found.push(items[at + 1] as string); // As above.
    }
    return found;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** How many there are. */
  get size(): number {
    return this.parsed().length / 2;
  }

  /** Lower-case names with their values. */
  *[Symbol.iterator](): Iterator<[name: string, value: string]> {
    const items = this.parsed();
    for (let at = 0; at < items.length; at += 2) {
      yield [items[at] as string, items[at + 1] as string]; // As above.
    }
  }
}

/** Without the optional whitespace around it, which is space and tab alone. */
function trim(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
