/** A bounded channel over promises, as one writes it: who finds it full or empty leaves the function that wakes it. */
export class PromiseChannel<T> {
  readonly #capacity: number;
  readonly #values: T[] = [];
  readonly #senders: (() => void)[] = [];
  readonly #receivers: ((value: T) => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async send(value: T): Promise<void> {
    while (this.#values.length >= this.#capacity) {
      await new Promise<void>((resolve) => this.#senders.push(resolve));
    }
    const receiver = this.#receivers.shift();
    if (receiver === undefined) this.#values.push(value);
    else receiver(value);
  }

  async recv(): Promise<T> {
    const value = this.#values.shift();
    if (value === undefined) return new Promise((resolve) => this.#receivers.push(resolve));
    this.#senders.shift()?.();
    return value;
  }
}
