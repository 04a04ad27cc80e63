import { expect, test } from "vitest";
import { type Context, co, Future, Pending, type Poll, run, type Waker } from "../../src/index.ts";

/**
 * A leaf future of one's own: ready when somebody calls `resolve`. All that a leaf has to do is to keep the waker of the
 * latest poll, and to wake it when there is progress to make.
 */
class Callback<T> extends Future<T> {
  #value: { value: T } | undefined;
  #waker: Waker | undefined;

  readonly resolve = (value: T): void => {
    this.#value = { value };
    this.#waker?.wake();
  };

  override poll(cx: Context): Poll<T> {
    if (this.#value !== undefined) return this.#value.value;
    this.#waker = cx.waker;
    return Pending;
  }

  override cancel(): void {
    this.#waker = undefined;
  }
}

test("example: a leaf future by subclassing waits for a callback", async () => {
  const main = co(function* () {
    const callback = new Callback<string>();
    setTimeout(callback.resolve, 1, "called back");
    return yield* callback;
  });
  expect(await run(main())).toBe("called back");
});

test("example: a leaf future that is ready before it is polled", async () => {
  const callback = new Callback<number>();
  callback.resolve(7);
  expect(await run(callback)).toBe(7);
});
