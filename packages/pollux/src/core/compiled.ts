import { Adopted } from "./adopted.ts";
import { type About, Code, type Run } from "./code.ts";
import type { Context } from "./context.ts";
import { blockFuture, FailedCall } from "./coroutine.ts";
import { BadYieldError } from "./errors.ts";
import { Future, isFuture } from "./future.ts";
import { Pending, type Poll } from "./poll.ts";

/** What compiled `await` waits for: a future as it is, a promise or another thenable adopted, anything else ready. */
export function future(value: unknown): Future<unknown> {
  return value instanceof Future ? value : foreign(value);
}

function foreign(value: unknown): Future<unknown> {
  if (isFuture(value)) return value;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return new Value(value);
  if (value instanceof Promise) return new Adopted(value);
  // Read once, as `await` does: it may be a getter, and what it throws is the await's error.
  const { then } = value as { then?: unknown };
  if (typeof then !== "function") return new Value(value);
  return new Adopted(new Promise((resolve, reject) => then.call(value, resolve, reject)));
}

/** A plain value that is awaited. It costs no budget: nothing is taken from anywhere. */
class Value extends Future<unknown> {
  private readonly value: unknown;

  constructor(value: unknown) {
    super();
    this.value = value;
  }

  override poll(): Poll<unknown> {
    return this.value;
  }
}

/** What compiled `yield*` waits for: a future, or a generator that itself yields from futures. */
export function delegate(value: unknown): Future<unknown> {
  if (value instanceof Future) return value;
  return blockFuture(value as Future<unknown>, "`yield*` in a coroutine");
}

/** Takes a unit of the coop budget, and is ready: with none left the task lets others run first. */
class Pulse extends Future<void> {
  override poll(cx: Context): Poll<void> {
    return cx.takeBudget() ? undefined : Pending;
  }
}

/** What a coroutine that is preemptive awaits when it is called, and in its loops. */
export function pulse(): Future<void> {
  return new Pulse();
}

/** A `yield` without the star in a coroutine. */
export function badYield(name: string, value: unknown): never {
  throw new BadYieldError(name, value);
}

/** Whether an `async` function would wait for what it returns. */
export function isThenable(value: unknown): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return typeof (value as { then?: unknown }).then === "function";
}

/** A coroutine whose parameters are plain names: `start` makes its frame, and cannot throw. */
export function coroutine<F>(start: F): F {
  return start;
}

/** A coroutine whose parameters may throw when they are evaluated: that is the future's error. */
export function guarded<This, A extends unknown[], T>(
  start: (this: This, ...args: A) => Future<T>,
): (this: This, ...args: A) => Future<T> {
  const guard = function (this: This, ...args: A): Future<T> {
    try {
      return start.apply(this, args);
    } catch (error) {
      return new FailedCall<T>(error);
    }
  };
  Object.defineProperty(guard, "name", { value: start.name, configurable: true });
  Object.defineProperty(guard, "length", { value: start.length, configurable: true });
  return guard;
}

/** A coroutine inside of a function: its code sees that function's variables. */
export function closure<T, F>(about: About, run: Run<T>, make: (code: Code<T>) => F): F {
  return make(new Code(run, about));
}

const { apply } = Reflect;

/** A call of a method whose arguments await: what is called was looked up before them. */
export function call(fn: (...args: never[]) => unknown, self: unknown, ...args: unknown[]): unknown {
  return apply(fn, self, args);
}

/** A method as the tag of a template whose parts await. */
export function bound(fn: (...args: never[]) => unknown, self: unknown): (...args: unknown[]) => unknown {
  return (...args) => apply(fn, self, args);
}

/** A computed key, made a string or a symbol when it is evaluated. */
export function propertyKey(value: unknown): PropertyKey {
  return typeof value === "symbol" ? value : `${value as string}`;
}

/** The rest of an object that a pattern has taken properties of. */
export function restOf(source: object, ...taken: PropertyKey[]): object {
  const rest: Record<PropertyKey, unknown> = {};
  const names = new Set(taken.map((each) => (typeof each === "symbol" ? each : String(each))));
  for (const key of Reflect.ownKeys(Object(source))) {
    if (names.has(key) || Reflect.getOwnPropertyDescriptor(Object(source), key)?.enumerable !== true)
      continue;
    const value: unknown = Reflect.get(Object(source), key, source);
    Object.defineProperty(rest, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return rest;
}

/** An assignment to a `const`, which the language reports when it is executed. */
export function assignToConst(_value: unknown): never {
  throw new TypeError("Assignment to constant variable.");
}

/** Stands in a variable whose declaration has not been executed yet, where code might read it. */
export const Uninitialized: unique symbol = Symbol("uninitialized") as never;

/** Reads a variable that may hold {@link Uninitialized}. */
export function initialized<T>(value: T | typeof Uninitialized, name: string): T {
  if (value === Uninitialized) throw new ReferenceError(`Cannot access '${name}' before initialization`);
  return value;
}
