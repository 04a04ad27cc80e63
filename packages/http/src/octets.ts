/** What an octet may be part of (RFC 9110, 5.6.2 and 5.5; RFC 9112, 3.2). */
export const TOKEN = 1;
export const VALUE = 2;
export const TARGET = 4;

export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const COLON = 0x3a;

/** For each octet, the bits above. */
export const KINDS: Uint8Array = kinds();

function kinds(): Uint8Array {
  const table = new Uint8Array(256);
  for (let octet = 0; octet < 256; octet++) {
    const isVisible = octet > SPACE && octet < 0x7f;
    const char = String.fromCharCode(octet);
    let kind = 0;
    if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(char)) kind |= TOKEN;
    if (isVisible || octet === SPACE || octet === TAB || octet > 0x7f) kind |= VALUE;
    // No fragment: it is never sent.
    if (isVisible && char !== "#") kind |= TARGET;
    table[octet] = kind;
  }
  return table;
}

/** Whether all octets from `start` to `end` are of a kind, of which there is at least one. */
export function areAll(buf: Uint8Array, start: number, end: number, kind: number): boolean {
  for (let at = start; at < end; at++) {
    // An octet indexes a table of 256.
    if (((KINDS[buf[at] as number] as number) & kind) === 0) return false;
  }
  return end > start;
}

/** Whether the octets from `start` on are `lower`, whose letters are lower-case, in any case. */
export function matches(buf: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let at = 0; at < lower.length; at++) {
    const octet = buf[start + at] as number; // The caller has compared the lengths.
    const folded = octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
    if (folded !== lower[at]) return false;
  }
  return true;
}
