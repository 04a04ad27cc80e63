/**
 * A `for … of` loop with an `await` in it: the iterator, and whether the loop has to close it when it is left.
 *
 * @internal
 */
export class Iteration {
  private readonly iterator: Iterator<unknown>;
  private readonly nextMethod: unknown;
  /** It may have more to give: leaving now means closing it. */
  private isOpen = true;
  value: unknown = undefined;

  constructor(iterable: unknown) {
    const method = (iterable as Partial<Iterable<unknown>>)[Symbol.iterator];
    if (typeof method !== "function") throw new TypeError(`${describe(iterable)} is not iterable`);
    const iterator: unknown = Reflect.apply(method, iterable, []);
    if (!isObject(iterator)) throw new TypeError(`Result of the Symbol.iterator method is not an object`);
    this.iterator = iterator as unknown as Iterator<unknown>;
    this.nextMethod = this.iterator.next;
  }

  /** Steps on; false at the end. */
  next(): boolean {
    this.isOpen = false;
    const { nextMethod } = this;
    if (typeof nextMethod !== "function") throw new TypeError(`${describe(nextMethod)} is not a function`);
    const result: unknown = Reflect.apply(nextMethod, this.iterator, []);
    if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
    if (result["done"]) {
      this.value = undefined;
      return false;
    }
    this.value = result["value"];
    this.isOpen = true;
    return true;
  }

  /** The next value of a pattern such as `[a, b] = …`: `undefined` once there are no more. */
  step(): unknown {
    if (this.ended) return undefined;
    this.ended = true; // Stays so if `next` throws.
    if (this.next()) this.ended = false;
    return this.value;
  }
  private ended = false;

  /** What a pattern's `...rest` gets. */
  rest(): unknown[] {
    const rest: unknown[] = [];
    for (;;) {
      const value = this.step();
      if (this.ended) return rest;
      rest.push(value);
    }
  }

  /** The loop ends by an error: what closing the iterator throws is not of interest. */
  fail(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    try {
      const method = this.iterator.return as unknown;
      if (typeof method === "function") Reflect.apply(method, this.iterator, []);
    } catch {
      // The loop's own error is the one that counts.
    }
  }

  /** The loop ends; if it was left before the iterator ended, closes that. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const method = this.iterator.return as unknown;
    if (method === undefined || method === null) return;
    if (typeof method !== "function") throw new TypeError(`${describe(method)} is not a function`);
    const result: unknown = Reflect.apply(method, this.iterator, []);
    if (!isObject(result)) throw new TypeError(`${String(result)} is not an object`);
  }
}

/** The keys of a `for … in` loop with an `await` in it, in the language's own order, without those deleted meanwhile. */
export function* keysOf(object: unknown): Generator<string> {
  for (const key in object as object) yield key;
}

export function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function describe(value: unknown): string {
  return typeof value === "string"
    ? JSON.stringify(value)
    : typeof value === "symbol"
      ? String(value)
      : `${typeof value}`;
}
