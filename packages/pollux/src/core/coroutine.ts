import { SUSPENDED } from "./ambient.ts";
import { BadYieldError, NotCompiledError } from "./errors.ts";
import { Frame } from "./frame.ts";
import { Future, type Suspend } from "./future.ts";
import { Pending, type Poll } from "./poll.ts";

/** A frame whose code is a generator. */
class GeneratorFrame<T> extends Frame<T> {
  private gen: Generator<Suspend, T, unknown> | null;

  constructor(gen: Generator<Suspend, T, unknown>) {
    super();
    this.gen = gen;
  }

  override get name(): string {
    return (this.gen && names.get(Object.getPrototypeOf(this.gen))) || "(anonymous)";
  }

  override step(): Poll<T> {
    return this.settle((this.gen as Generator<Suspend, T, unknown>).next());
  }

  override unwind(): Poll<T> {
    return this.settle((this.gen as Generator<Suspend, T, unknown>).return(undefined as T));
  }

  /** Throws into the generator, for as long as what it does instead is wrong too. */
  private raise(error: Error): Poll<T> {
    return this.settle((this.gen as Generator<Suspend, T, unknown>).throw(error));
  }

  private settle(result: IteratorResult<Suspend, T>): Poll<T> {
    if (result === SUSPENDED) {
      const error = this.adopt();
      return error === null ? Pending : this.raise(error);
    }
    return result.done === true ? result.value : this.raise(new BadYieldError(this.name, result.value));
  }

  protected override drop(): void {
    this.gen = null;
  }
}

/** A call whose parameters threw: the error is the future's. */
class FailedCall<T> extends Future<T> {
  readonly #error: unknown;

  constructor(error: unknown) {
    super();
    this.#error = error;
  }

  override poll(): never {
    throw this.#error;
  }
}

/** Names of coroutines by the prototype that their generators have: a frame needs no field for it. */
const names = new WeakMap<object, string>();

/**
 * Makes a coroutine: a function whose calls are lazy futures.
 *
 * In the body, `yield*` waits for a future and gives its value; it suspends only if the value is not there yet. A call
 * does nothing but evaluate the parameters; what those throw becomes the error of the future. Type parameters, `this`,
 * `name` and `length` are kept.
 *
 * The plain form `co(async …)` with `await` means the same and needs the compiler; uncompiled it throws
 * `NotCompiledError` here.
 *
 * **Cancel safety.** A cancelled coroutine first cancels what it waits for, and then runs its `finally` blocks, which may
 * wait themselves. Its `catch` blocks do not see a cancel.
 *
 * @example
 * ```ts
 * const greet = co(function* (name: string) {
 *   yield* sleep(10);
 *   return `Hello, ${name}`;
 * });
 * console.log(await run(greet("Castor")));
 * ```
 *
 * @throws NotCompiledError for an `async` function that no compiler has seen
 * @throws TypeError for anything else that is not a generator function
 */
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<Suspend, R, unknown>,
): (this: This, ...args: A) => Future<R>;
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Promise<R>,
): (this: This, ...args: A) => Future<R>;
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<Suspend, R, unknown> | Promise<R>,
): (this: This, ...args: A) => Future<R> {
  const kind = typeof fn === "function" ? Object.prototype.toString.call(fn) : "";
  if (kind === "[object AsyncFunction]" || kind === "[object AsyncGeneratorFunction]") throw new NotCompiledError(fn.name);
  if (kind !== "[object GeneratorFunction]") throw new TypeError("co needs a generator function: co(function* () { … })");
  const generator = fn as (this: This, ...args: A) => Generator<Suspend, R, unknown>;
  if (fn.name !== "") names.set(generator.prototype, fn.name);
  const coroutine = function (this: This, ...args: A): Future<R> {
    let gen: Generator<Suspend, R, unknown>;
    try {
      gen = generator.apply(this, args);
    } catch (error) {
      return new FailedCall<R>(error);
    }
    return new GeneratorFrame(gen);
  };
  Object.defineProperty(coroutine, "name", { value: fn.name, configurable: true });
  Object.defineProperty(coroutine, "length", { value: fn.length, configurable: true });
  return coroutine;
}
