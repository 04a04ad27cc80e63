interface Waiter {
  readonly wake: () => void;
  next: Waiter | null;
}

/** A count and a queue of resolvers, linked as in `yocto-queue`: with an array, each `shift` would move thousands. */
export class PromiseSemaphore {
  #permits: number;
  #first: Waiter | null = null;
  #last: Waiter | null = null;

  constructor(permits: number) {
    this.#permits = permits;
  }

  async acquire(): Promise<void> {
    if (this.#permits > 0) {
      this.#permits--;
      return;
    }
    await new Promise<void>((wake) => {
      const waiter: Waiter = { wake, next: null };
      if (this.#last === null) this.#first = waiter;
      else this.#last.next = waiter;
      this.#last = waiter;
    });
  }

  release(permits = 1): void {
    for (let i = 0; i < permits; i++) {
      const waiter = this.#first;
      if (waiter === null) this.#permits++;
      else {
        this.#first = waiter.next;
        if (waiter.next === null) this.#last = null;
        waiter.wake();
      }
    }
  }
}
