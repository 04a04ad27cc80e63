/** Says when all tasks of a memory case have come as far as the line before they wait. */
export class Gathering {
  readonly #kept: unknown[] = [];
  #missing = 0;
  #complete: () => void = () => {};

  /** Starts so many tasks, each of which calls {@link arrive}, and resolves once all wait. */
  async gather(tasks: number, start: () => unknown): Promise<void> {
    this.#missing = tasks;
    const complete = new Promise<void>((resolve) => {
      this.#complete = resolve;
    });
    this.keep(start());
    await complete;
    // The last to arrive does not wait yet.
    await new Promise((resolve) => setImmediate(resolve));
  }

  arrive(): void {
    if (--this.#missing === 0) this.#complete();
  }

  /** Keeps what a program would: without it, a task that nobody can wake is garbage. */
  keep(value: unknown): void {
    this.#kept.push(value);
  }
}
