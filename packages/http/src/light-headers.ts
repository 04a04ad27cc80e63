import type { Fields } from "./fields.ts";

const NativeHeaders = globalThis.Headers;

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The fields of a request as `Headers`: to ask for one makes no object of the Web's; whatever else is done does.
 *
 * @internal
 */
export class LightHeaders implements Iterable<[string, string]> {
  readonly #fields: Fields;
  #native: Headers | null;

  constructor(fields: Fields) {
    this.#fields = fields;
    this.#native = null;
  }

  #made(): Headers {
    if (this.#native === null) {
      this.#native = new NativeHeaders();
      for (const [name, value] of this.#fields) this.#native.append(name, value);
    }
    return this.#native;
  }

  get(name: string): string | null {
    if (this.#native !== null || typeof name !== "string" || !NAME.test(name)) return this.#made().get(name);
    // The one field that is a list with another mark between (RFC 9113, 8.2.3), as the Web's has it too.
    if (name.length === 6 && name.toLowerCase() === "cookie") {
      const values = this.#fields.getAll(name);
      return values.length === 0 ? null : values.join("; ");
    }
    return this.#fields.get(name) ?? null;
  }

  has(name: string): boolean {
    if (this.#native !== null || typeof name !== "string" || !NAME.test(name)) return this.#made().has(name);
    return this.#fields.has(name);
  }

  append(name: string, value: string): void {
    this.#made().append(name, value);
  }

  delete(name: string): void {
    this.#made().delete(name);
  }

  set(name: string, value: string): void {
    this.#made().set(name, value);
  }

  getSetCookie(): string[] {
    return this.#made().getSetCookie();
  }

  forEach(fn: (value: string, name: string, headers: Headers) => void, self?: unknown): void {
    for (const [name, value] of this.#made()) fn.call(self, value, name, this as unknown as Headers); // Its prototype says so.
  }

  keys(): IterableIterator<string> {
    return this.#made().keys();
  }

  values(): IterableIterator<string> {
    return this.#made().values();
  }

  entries(): IterableIterator<[string, string]> {
    return this.#made().entries();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#made().entries();
  }
}

Object.setPrototypeOf(LightHeaders.prototype, NativeHeaders.prototype);
