import type { Code } from "../core/code.ts";
import { CompiledFrame } from "../core/compiled-frame.ts";
import type { Context } from "../core/context.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Stream } from "./stream.ts";
import { Yielding } from "./yielding.ts";

/**
 * A frame of a compiled async generator, and the source of the stream that a call of it gives: the generator runs while the
 * stream is polled, and only then. It is always the root, so that what it suspends on at a `yield` tells the two ways of
 * being pending apart: a value is there, or the generator waits.
 *
 * @internal
 */
export abstract class StreamFrame<T> extends CompiledFrame<unknown> implements StreamSource<T> {
  private readonly out: Yielding<T>;
  private isOver: boolean;

  constructor(code: Code<unknown>) {
    super(code);
    this.out = new Yielding();
    this.isOver = false;
  }

  /** What the code awaits for `yield value`. */
  give(value: unknown): Yielding<T> {
    return this.out.give(value);
  }

  /** What the code awaits for `yield* iterable`. */
  giveAll(iterable: unknown): Yielding<T> {
    return this.out.giveAll(iterable);
  }

  pollNext(cx: Context): Poll<T | End> {
    if (this.isOver) return End;
    if (!cx.takeBudget()) return Pending;
    this.out.proceed();
    let poll: Poll<unknown>;
    try {
      poll = this.poll(cx);
    } catch (error) {
      this.isOver = true;
      throw error;
    }
    if (poll !== Pending) {
      this.isOver = true;
      return End;
    }
    if (this.out.hasValue) return this.out.take();
    cx.refundBudget();
    return Pending;
  }

  /** Gives the generator up: its `finally` blocks run, and cannot yield any more. */
  override cancel(cx: Context): Poll<void> {
    this.isOver = true;
    this.out.close();
    return super.cancel(cx);
  }

  inspectNext(): Inspection {
    return around(this.name, this.awaited);
  }
}

/** A call whose parameters threw: the error is the stream's. */
class FailedStream implements StreamSource<never> {
  private failure: { readonly error: unknown } | null;

  constructor(error: unknown) {
    this.failure = { error };
  }

  pollNext(): Poll<End> {
    const { failure } = this;
    if (failure === null) return End;
    this.failure = null;
    throw failure.error;
  }

  cancel(): Poll<void> {
    this.failure = null;
  }

  inspectNext(): Inspection {
    return { op: "a call that failed" };
  }
}

/**
 * An async generator as a function that gives streams: `start` makes the frame of a call.
 *
 * @internal
 */
export function streaming<This, A extends unknown[], T>(
  start: (this: This, ...args: A) => StreamFrame<T>,
): (this: This, ...args: A) => Stream<T> {
  const generator = function (this: This, ...args: A): Stream<T> {
    let source: StreamSource<T>;
    try {
      source = start.apply(this, args);
    } catch (error) {
      source = new FailedStream(error);
    }
    return new Stream(source);
  };
  Object.defineProperty(generator, "name", { value: start.name, configurable: true });
  Object.defineProperty(generator, "length", { value: start.length, configurable: true });
  return generator;
}
