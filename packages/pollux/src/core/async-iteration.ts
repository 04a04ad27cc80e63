import { future } from "./compiled.ts";
import type { Context } from "./context.ts";
import { Future } from "./future.ts";
import { Iteration, isObject } from "./iteration.ts";
import { Pending, type Poll } from "./poll.ts";
import { End, type StreamSource } from "./stream-source.ts";

/**
 * A `for await` loop: over a stream, which is polled as it is; over an async iterable, whose promises are adopted; or over
 * an iterable whose values are awaited.
 *
 * @internal
 */
export class AsyncIteration {
  value: unknown = undefined;
  private readonly source: Source;

  constructor(iterable: unknown) {
    this.source = sourceOf(iterable);
  }

  /** Steps on; false at the end. */
  next(): Future<boolean> {
    return new Next(this, this.source);
  }

  /** What an async iterator that is at its end has returned: the value of a `yield*`. */
  get result(): unknown {
    return this.source.result;
  }

  /** The loop ends by an error: what closing the source throws is not of interest. */
  fail(): Future<void> {
    return new Close(this.source, true);
  }

  /** The loop ends; if it was left before the source ended, gives that up. */
  close(): Future<void> {
    return new Close(this.source, false);
  }
}

/** What a loop is over. */
interface Source {
  /** What it has returned, at its end. */
  readonly result: unknown;
  /** The next value or `End`, each poll of one step. */
  pollNext(cx: Context): Poll<unknown>;
  pollClose(cx: Context, isError: boolean): Poll<void>;
  /** Gives up one step that is under way. */
  cancelNext(cx: Context): Poll<void>;
}

function sourceOf(iterable: unknown): Source {
  if (isStreamSource(iterable)) return new Streamed(iterable);
  const method: unknown = (iterable as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator];
  if (method === undefined || method === null) return new Awaited(new Iteration(iterable));
  if (typeof method !== "function") throw new TypeError("what Symbol.asyncIterator gives is not a function");
  const iterator: unknown = Reflect.apply(method, iterable, []);
  if (!isObject(iterator)) throw new TypeError("Result of the Symbol.asyncIterator method is not an object");
  return new Iterated(iterator);
}

function isStreamSource(value: unknown): value is StreamSource<unknown> {
  const source = value as Partial<StreamSource<unknown>> | null | undefined;
  return typeof source?.pollNext === "function" && typeof source.cancel === "function";
}

class Streamed implements Source {
  readonly result = undefined;
  private readonly stream: StreamSource<unknown>;
  private isOpen = true;

  constructor(stream: StreamSource<unknown>) {
    this.stream = stream;
  }

  pollNext(cx: Context): Poll<unknown> {
    const poll = this.stream.pollNext(cx);
    if (poll === End) this.isOpen = false;
    return poll;
  }

  /** Nothing is lost by it: a value that was not given stays with the stream. */
  cancelNext(): Poll<void> {
    this.stream.cancelNext?.();
  }

  pollClose(cx: Context): Poll<void> {
    if (!this.isOpen) return undefined;
    if (this.stream.cancel(cx) === Pending) return Pending;
    this.isOpen = false;
    return undefined;
  }
}

/** The values of an iterable, each of which is awaited. */
class Awaited implements Source {
  readonly result = undefined;
  private readonly items: Iteration;
  private waiting: Future<unknown> | null = null;

  constructor(items: Iteration) {
    this.items = items;
  }

  pollNext(cx: Context): Poll<unknown> {
    if (this.waiting === null) {
      if (!this.items.next()) return End;
      this.waiting = future(this.items.value);
    }
    const poll = this.waiting.poll(cx);
    if (poll !== Pending) this.waiting = null;
    return poll;
  }

  cancelNext(cx: Context): Poll<void> {
    return this.waiting?.cancel(cx);
  }

  pollClose(_cx: Context, isError: boolean): Poll<void> {
    if (isError) this.items.fail();
    else this.items.close();
  }
}

/** An async iterator: its steps are promises. */
class Iterated implements Source {
  result: unknown = undefined;
  private readonly iterator: Record<PropertyKey, unknown>;
  private readonly nextMethod: unknown;
  private waiting: Future<unknown> | null = null;
  private isOpen = false;
  private isClosing = false;

  constructor(iterator: Record<PropertyKey, unknown>) {
    this.iterator = iterator;
    this.nextMethod = iterator["next"];
  }

  pollNext(cx: Context): Poll<unknown> {
    if (this.waiting === null) {
      this.isOpen = false;
      if (typeof this.nextMethod !== "function") throw new TypeError("the iterator's next is not a function");
      this.waiting = future(Reflect.apply(this.nextMethod, this.iterator, []));
    }
    const result = this.waiting.poll(cx);
    if (result === Pending) return Pending;
    this.waiting = null;
    if (!isObject(result)) throw new TypeError(`Iterator result ${String(result)} is not an object`);
    const isDone = result["done"];
    const value = result["value"];
    if (isDone) {
      this.result = value;
      return End;
    }
    this.isOpen = true;
    return value;
  }

  cancelNext(cx: Context): Poll<void> {
    const poll = this.waiting?.cancel(cx);
    if (poll === Pending) return Pending;
    if (this.waiting !== null) this.isOpen = true; // It has not said that it is at its end.
    this.waiting = null;
    return undefined;
  }

  pollClose(cx: Context, isError: boolean): Poll<void> {
    if (!this.isClosing) {
      if (!this.isOpen) return undefined;
      this.isOpen = false;
      this.isClosing = true;
      if (!this.beginClose(isError)) {
        this.closed();
        return undefined;
      }
    }
    let result: unknown;
    try {
      result = this.waiting?.poll(cx);
    } catch (error) {
      this.closed();
      if (!isError) throw error;
      return undefined;
    }
    if (result === Pending) return Pending;
    this.closed();
    if (!isError && !isObject(result)) throw new TypeError(`${String(result)} is not an object`);
    return undefined;
  }

  private closed(): void {
    this.isClosing = false;
    this.waiting = null;
  }

  /** Calls `return`; false if there is none. */
  private beginClose(isError: boolean): boolean {
    try {
      const method = this.iterator["return"];
      if (method === undefined || method === null) return false;
      if (typeof method !== "function") throw new TypeError("the iterator's return is not a function");
      this.waiting = future(Reflect.apply(method, this.iterator, []));
      return true;
    } catch (error) {
      this.closed();
      if (!isError) throw error;
      return false;
    }
  }
}

class Next extends Future<boolean> {
  private readonly iteration: AsyncIteration;
  private readonly source: Source;

  constructor(iteration: AsyncIteration, source: Source) {
    super();
    this.iteration = iteration;
    this.source = source;
  }

  override poll(cx: Context): Poll<boolean> {
    const poll = this.source.pollNext(cx);
    if (poll === Pending) return Pending;
    const isOver = poll === End;
    this.iteration.value = isOver ? undefined : poll;
    return !isOver;
  }

  override cancel(cx: Context): Poll<void> {
    return this.source.cancelNext(cx);
  }
}

class Close extends Future<void> {
  private readonly source: Source;
  private readonly isError: boolean;

  constructor(source: Source, isError: boolean) {
    super();
    this.source = source;
    this.isError = isError;
  }

  override poll(cx: Context): Poll<void> {
    try {
      return this.source.pollClose(cx, this.isError);
    } catch (error) {
      if (!this.isError) throw error;
      return undefined; // The loop's own error is the one that counts.
    }
  }
}
