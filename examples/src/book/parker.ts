/** What all threads that know a parker share: 0, or 1 while there is a token. */
const TOKEN = 0;

/**
 * Stops a thread until another one wakes it. It holds one token: `unpark` leaves it there, `park` takes it, and waits only if
 * there is none. So an `unpark` that comes before the `park` that it was meant for is not lost. Several count as one: to be
 * woken means to look at what there is to do, and one look sees it all.
 */
export class Parker {
  /** To be given to other threads, which make a parker of it. */
  readonly memory: SharedArrayBuffer;
  private readonly cells: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(4)) {
    this.memory = memory;
    this.cells = new Int32Array(memory);
  }

  park(): void {
    // To look for the token and to take it is one step: of two that look, one would else take what the other has seen. And
    // `wait` compares once more: a token that comes between the two does not let it fall asleep.
    while (Atomics.exchange(this.cells, TOKEN, 0) === 0) Atomics.wait(this.cells, TOKEN, 0);
  }

  unpark(): void {
    // The token first: who is woken before it is there would fall asleep again.
    Atomics.store(this.cells, TOKEN, 1);
    Atomics.notify(this.cells, TOKEN);
  }
}
