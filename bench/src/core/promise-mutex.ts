/** The common idiom: each waits for the promise that the one before it resolves. */
export class PromiseMutex {
  #last: Promise<void> = Promise.resolve();

  async lock(): Promise<() => void> {
    const before = this.#last;
    let unlock!: () => void;
    this.#last = new Promise((resolve) => {
      unlock = resolve;
    });
    await before;
    return unlock;
  }
}
