import type { Context, Waker } from "../../src/core/context.ts";
import { Future } from "../../src/core/future.ts";
import { Pending, type Poll } from "../../src/core/poll.ts";

class Adopted<T> extends Future<T> {
  readonly #promise: PromiseLike<T>;
  #begun = false;
  #waker: Waker | undefined;
  #outcome: { value: T } | undefined;

  constructor(promise: PromiseLike<T>) {
    super();
    this.#promise = promise;
  }

  override poll(cx: Context): Poll<T> {
    this.#waker = cx.waker;
    if (!this.#begun) {
      this.#begun = true;
      const { runtime } = cx;
      runtime.outstanding++;
      this.#promise.then((value) => {
        runtime.outstanding--;
        this.#outcome = { value };
        this.#waker?.wake();
      });
    }
    return this.#outcome === undefined ? Pending : this.#outcome.value;
  }
}

/** Waits for a promise that will be fulfilled: something outside of the runtime, and counted as such. */
export function fromPromise<T>(promise: PromiseLike<T>): Future<T> {
  return new Adopted(promise);
}
