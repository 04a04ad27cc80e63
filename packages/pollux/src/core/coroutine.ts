import { SUSPENDED } from "./ambient.ts";
import type { Context } from "./context.ts";
import { BadYieldError, describe, NotCompiledError, PollAfterCompletionError } from "./errors.ts";
import { Frame } from "./frame.ts";
import { Future, isFuture, type Suspend } from "./future.ts";
import { Pending, type Poll } from "./poll.ts";

// Constants of this module: V8 folds them into optimised code, while it would load an import at each use.
const PENDING: Pending = Pending;
const SUSPEND = SUSPENDED;

/**
 * What drives every generator, called directly: each generator function has a prototype of its own, so V8 would see as many
 * classes as a program has coroutines where it looks for `next`.
 */
const {
  next: resume,
  return: leave,
  throw: raise,
}: Generator<Suspend, unknown, unknown> = Object.getPrototypeOf(function* () {}).prototype;

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

  override step(cx: Context): Poll<T> {
    return this.settle(cx, resume.call(this.gen) as IteratorResult<Suspend, T>);
  }

  /** A generator that ends at once has made the result that its caller wants. */
  protected override begin(cx: Context): IteratorResult<Suspend, T> {
    const result = resume.call(this.gen) as IteratorResult<Suspend, T>;
    if (result.done === true) return result;
    const poll = this.settle(cx, result);
    return poll === PENDING ? SUSPEND : { done: true, value: poll };
  }

  override unwind(cx: Context): Poll<T> {
    return this.settle(cx, leave.call(this.gen, undefined) as IteratorResult<Suspend, T>);
  }

  /** Throws into the generator, for as long as what it does instead is wrong too. */
  private raise(cx: Context, error: Error): Poll<T> {
    return this.settle(cx, raise.call(this.gen, error) as IteratorResult<Suspend, T>);
  }

  private settle(cx: Context, result: IteratorResult<Suspend, T>): Poll<T> {
    if (result === SUSPEND) {
      this.adopt(cx);
      return PENDING;
    }
    return result.done === true ? result.value : this.raise(cx, new BadYieldError(this.name, result.value));
  }

  protected override drop(): void {
    this.gen = null;
  }
}

/**
 * The future of a block of code that was passed as a function, from what a call of it gave: a future as it is, a
 * generator as a coroutine's. So `scope(function* (s) { … })` needs no `co`.
 *
 * @param who - names the callee in the error, such as `"scope"`
 * @throws TypeError for anything else
 * @internal
 */
export function blockFuture<T>(given: Future<T> | Generator<Suspend, T, unknown>, who: string): Future<T> {
  if (Object.prototype.toString.call(given) === "[object Generator]") {
    return new GeneratorFrame(given as Generator<Suspend, T, unknown>);
  }
  if (isFuture(given)) return given as Future<T>;
  throw new TypeError(
    `${who} needs a generator function, or one that returns a future; the function returned ${describe(given)}`,
  );
}

/**
 * A call whose parameters threw: the error is the future's.
 *
 * @internal
 */
export class FailedCall<T> extends Future<T> {
  #failure: { error: unknown } | null;

  constructor(error: unknown) {
    super();
    this.#failure = { error };
  }

  override poll(): never {
    if (this.#failure === null) throw new PollAfterCompletionError();
    const { error } = this.#failure;
    this.#failure = null;
    throw error;
  }
}

/** Names of coroutines by the prototype that their generators have: a frame needs no field for it. */
const names = new WeakMap<object, string>();

/** How the compiler is to make a coroutine. */
export interface CoOptions {
  /**
   * Lets others run in the middle of a long loop, once the coop budget is spent. Code between two awaits is not atomic
   * then. It needs the compiler.
   */
  readonly preemptive?: boolean;
}

/**
 * Makes a coroutine: what `co` of `stream/co.ts` does, for all that it may be given but for what becomes a stream.
 *
 * @throws NotCompiledError for an `async` function or generator that no compiler has seen
 * @throws TypeError for anything else that is not a generator function
 * @internal
 */
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<Suspend, R, unknown>,
  options?: CoOptions,
): (this: This, ...args: A) => Future<R>;
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Promise<R>,
  options?: CoOptions,
): (this: This, ...args: A) => Future<R>;
export function co<This, A extends unknown[], R>(
  fn: (this: This, ...args: A) => Generator<Suspend, R, unknown> | Promise<R>,
  options?: CoOptions,
): (this: This, ...args: A) => Future<R> {
  if (options?.preemptive === true) throw new NotCompiledError(fn.name);
  const kind = typeof fn === "function" ? Object.prototype.toString.call(fn) : "";
  if (kind === "[object AsyncFunction]") throw new NotCompiledError(fn.name);
  if (kind === "[object AsyncGeneratorFunction]") throw new NotCompiledError(fn.name, true);
  if (kind !== "[object GeneratorFunction]")
    throw new TypeError("co needs a generator function: co(function* () { … })");
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
