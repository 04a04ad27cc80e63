// Longer than other files: it is the list of what a stream can do. Each method checks its arguments and hands the source
// to a class in a file of its own, and most lines are what the editor shows to users.
import { requireFunction, requireFuture } from "../combine/require-future.ts";
import type { Flat } from "../combine/types.ts";
import type { Context } from "../core/context.ts";
import { MovedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { type Inspection, inspectionOf } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import { checkCount } from "../sync/count.ts";
import type { Body } from "../sync/with-guard.ts";
import { checkDuration } from "../time/duration.ts";
import { AndThen } from "./and-then.ts";
import { BaseStream } from "./base-stream.ts";
import { BufferUnordered } from "./buffer-unordered.ts";
import { Buffered } from "./buffered.ts";
import { CatchError } from "./catch-error.ts";
import { Chain } from "./chain.ts";
import { Chunks } from "./chunks.ts";
import { ChunksTimeout } from "./chunks-timeout.ts";
import { Close } from "./close.ts";
import { Collect } from "./collect.ts";
import { Count } from "./count.ts";
import { Debounce } from "./debounce.ts";
import { Enumerate } from "./enumerate.ts";
import { Filter } from "./filter.ts";
import { FilterMap } from "./filter-map.ts";
import { FinallyDo } from "./finally-do.ts";
import { Find } from "./find.ts";
import { Flatten } from "./flatten.ts";
import { FlattenUnordered } from "./flatten-unordered.ts";
import { Fold } from "./fold.ts";
import { ForEach } from "./for-each.ts";
import { Fuse } from "./fuse.ts";
import { Inspect } from "./inspect.ts";
import { Iter } from "./iter.ts";
import { StreamIterator } from "./iterator.ts";
import { Last } from "./last.ts";
import { Loan } from "./loan.ts";
import { type Emit, Make } from "./make.ts";
import { Mapped } from "./map.ts";
import { MapWhile } from "./map-while.ts";
import { Merge } from "./merge.ts";
import { Never } from "./never.ts";
import { Once } from "./once.ts";
import { Peekable } from "./peekable.ts";
import { PollFn } from "./poll-fn.ts";
import { Quantify } from "./quantify.ts";
import { Repeat } from "./repeat.ts";
import { Scan } from "./scan.ts";
import { Skip } from "./skip.ts";
import { SkipWhile } from "./skip-while.ts";
import { StepBy } from "./step-by.ts";
import { Take } from "./take.ts";
import { TakeUntil } from "./take-until.ts";
import { TakeWhile } from "./take-while.ts";
import { Throttle } from "./throttle.ts";
import { Timeout } from "./timeout.ts";
import { type StreamInput, toSource } from "./to-source.ts";
import { Unfold } from "./unfold.ts";
import { Zip } from "./zip.ts";

/** The next value and the next state of {@link Stream.unfold}, or the end. */
export type Unfolded<T, S> = readonly [value: T, state: S] | undefined;

/** What the function of {@link Stream.catchError} adds to the values. */
export type Recovered<R> =
  Flat<R> extends infer V ? (V extends End ? never : V extends Stream<infer U> ? U : V) : never;

/**
 * Values that come one after the other, when somebody asks for the next: lazy, polled, and with back-pressure by nature.
 *
 * A stream has one owner. A method that makes something of it (`map`, `collect` …) takes it over: the object that it was
 * called on then refuses to be used (`MovedError`), and to cancel the result cancels the stream. {@link Stream.next} and
 * {@link Stream.ref} borrow.
 *
 * - An error is thrown where the value is taken, and does not end a stream by itself. Those that take all (`collect`,
 *   `forEach` …) give the stream up at the first one.
 * - Whoever ends early, such as `take` or `first`, cancels the stream and waits for its cleanup.
 *
 * @typeParam T - what it gives
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const words = Stream.from(["castor", "pollux"]);
 *   const lengths = words.map((word) => word.length).filter((n) => n > 5);
 *   console.log(yield* lengths.collect()); // [6, 6]
 * });
 * await run(main());
 * ```
 */
export class Stream<T> extends BaseStream<T> {
  /** `null` once it has gone elsewhere. */
  private source: StreamSource<T> | null;
  private movedInto: string;

  /** Puts the adapters on a source, which is the stream's own from then on. */
  constructor(source: StreamSource<T>) {
    super();
    this.source = source;
    this.movedInto = "";
  }

  /**
   * The values of whatever gives some: another stream, a channel's receiver, an interval, an iterable, an async iterable.
   * It is the stream's own from then on: a receiver is closed with it, and an iterator is told by `return()`.
   *
   * An async iterable is asked for one value at a time. A cancel calls its `return()` and waits for that; what a `next()`
   * that is still pending comes to is dropped. (An async generator gets to its `return()` when its `next()` has settled.)
   *
   * @throws TypeError if it is nothing that gives values
   * @throws MovedError if it is a stream that has gone elsewhere
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from(["a", "b"]).collect()); // ["a", "b"]
   * const [tx, rx] = unboundedMpsc<number>();
   * tx.send(1);
   * tx.close();
   * console.log(yield* Stream.from(rx).collect()); // [1]
   * ```
   */
  static from<T>(input: StreamInput<T>): Stream<T> {
    return new Stream(toSource(input, "Stream.from"));
  }

  /**
   * What a coroutine emits. It runs while the stream is polled, and only then; `yield* emit(value)` gives a value and goes
   * on when the next one is wanted. An error of the body is thrown, and the stream then ends.
   *
   * `emit` may also be awaited in a `join`, in a nested coroutine or in a task of a `scope`. An `emit` that is cancelled
   * before its value was taken has not emitted it.
   *
   * **Cancel safety.** A cancel of the stream cancels the body, and waits for its `finally` blocks, which cannot emit.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const countdown = (from: number) =>
   *   Stream.make<number>(function* (emit) {
   *     for (let n = from; n > 0; n--) {
   *       yield* sleep(1000);
   *       yield* emit(n);
   *     }
   *   });
   * console.log(yield* countdown(3).collect()); // [3, 2, 1]
   * ```
   */
  static make<T>(fn: (emit: Emit<T>) => Body<unknown>): Stream<T> {
    requireFunction("Stream.make", fn);
    return new Stream(new Make(fn));
  }

  /**
   * Values made of a state: `fn` gives the next value and the next state, or `undefined` for the end. It may be a generator
   * function. An error of it ends the stream.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const powers = Stream.unfold(1, (n) => (n < 10 ? [n, n * 2] : undefined));
   * console.log(yield* powers.collect()); // [1, 2, 4, 8]
   * ```
   */
  static unfold<S, T>(seed: S, fn: (state: S) => Unfolded<T, S> | Body<Unfolded<T, S>>): Stream<T> {
    requireFunction("Stream.unfold", fn);
    return new Stream(new Unfold<S, T>(seed, fn));
  }

  /**
   * One value: the given one, or what a future or a generator gives.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.once(ready(1)).chain(Stream.once(2)).collect()); // [1, 2]
   * ```
   */
  static once<R>(value: R): Stream<Flat<R>> {
    return new Stream(new Once<Flat<R>>(value));
  }

  /**
   * No value: the end at once.
   *
   * @example
   * ```ts
   * console.log((yield* Stream.empty().next()) === End); // true
   * ```
   */
  static empty<T = never>(): Stream<T> {
    return new Stream(new Iter<T>([]));
  }

  /**
   * One value, again and again, without end.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.repeat("ha").take(3).collect()); // ["ha", "ha", "ha"]
   * ```
   */
  static repeat<T>(value: T): Stream<T> {
    return new Stream(new Repeat(value));
  }

  /**
   * Neither a value nor an end.
   *
   * @example
   * ```ts
   * const quiet = Stream.never().timeout(10);
   * console.log(yield* quiet.catchError(() => "nothing came").first()); // nothing came
   * ```
   */
  static never<T = never>(): Stream<T> {
    return new Stream<T>(new Never());
  }

  /**
   * The stream whose poll is `fn`: it returns a value, `End`, or `Pending` after it has seen to it that `cx.waker` is woken.
   * For one that has something to release, implement `StreamSource`.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * let n = 0;
   * const upToThree = Stream.pollFn<number>(() => (n < 3 ? ++n : End));
   * console.log(yield* upToThree.collect()); // [1, 2, 3]
   * ```
   */
  static pollFn<T>(fn: (cx: Context) => Poll<T | End>): Stream<T> {
    requireFunction("Stream.pollFn", fn);
    return new Stream(new PollFn(fn));
  }

  /**
   * The values of several streams, in the order in which they come. Only streams that were woken are polled. Chance chooses
   * which is asked first, and one that has given a value is asked again after the others. It ends when all have.
   *
   * **Cancel safety.** A cancel cancels all streams at the same time.
   *
   * @throws TypeError if one is nothing that gives values
   *
   * @example
   * ```ts
   * const merged = Stream.merge([Stream.from([1, 2]), Stream.from([3])]);
   * console.log((yield* merged.collect()).sort()); // [1, 2, 3]
   * ```
   */
  static merge<T>(inputs: Iterable<StreamInput<T>>): Stream<T> {
    return new Stream(new Merge(Array.from(inputs, (input) => toSource(input, "Stream.merge"))));
  }

  override pollNext(cx: Context): Poll<T | End> {
    const { source } = this;
    if (source === null) throw new MovedError(this.movedInto);
    return source.pollNext(cx);
  }

  override inspectNext(): Inspection {
    return this.source === null
      ? { op: "next", state: "the stream has gone elsewhere" }
      : inspectionOf(this.source);
  }

  override cancelNext(): void {
    this.source?.cancelNext?.();
  }

  override cancel(cx: Context): Poll<void> {
    return this.source === null ? undefined : this.source.cancel(cx);
  }

  protected override checkUsable(): void {
    if (this.source === null) throw new MovedError(this.movedInto);
  }

  /**
   * Takes the source out: whoever does owns it, and this object can only say so from then on.
   *
   * @internal
   */
  moveInto(by: string): StreamSource<T> {
    const { source } = this;
    if (source === null) throw new MovedError(this.movedInto);
    this.checkNotLent();
    this.source = null;
    this.movedInto = by;
    return source;
  }

  override close(): Future<void> {
    return new Close(this.source === null ? null : this.moveInto("close"));
  }

  override [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined, undefined> {
    return new StreamIterator(this.moveInto("for await"));
  }

  /**
   * Lends this stream: when the loan is given up, the stream is as it was, to be used or lent again. To close it is still
   * its owner's.
   *
   * @throws MovedError if it has gone elsewhere
   * @throws FutureInUseError (a poll of the loan) while another one waits for a value
   *
   * @example
   * ```ts
   * const numbers = Stream.from([1, 2, 3, 4]);
   * console.log(yield* numbers.ref().take(2).collect()); // [1, 2]
   * console.log(yield* numbers.collect()); // [3, 4]
   * ```
   */
  ref(): Stream<T> {
    this.checkUsable();
    return new Stream(new Loan(this));
  }

  /**
   * What `fn` makes of each value. A future that it returns is a value like any other: `buffered` runs several of them at a
   * time; to wait for each, take `andThen`.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2]).map((n) => n * 10).collect()); // [10, 20]
   * ```
   */
  map<U>(fn: (value: T) => U): Stream<U> {
    requireFunction("map", fn);
    return new Stream(new Mapped(this.moveInto("map"), fn));
  }

  /**
   * The values for which `predicate` is true.
   *
   * @throws TypeError if `predicate` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).filter((n) => n !== 2).collect()); // [1, 3]
   * ```
   */
  filter<U extends T>(predicate: (value: T) => value is U): Stream<U>;
  filter(predicate: (value: T) => boolean): Stream<T>;
  filter(predicate: (value: T) => boolean): Stream<T> {
    requireFunction("filter", predicate);
    return new Stream(new Filter(this.moveInto("filter"), predicate));
  }

  /**
   * What `fn` makes of each value, without those for which that is `undefined`.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const sizes = Stream.from(["1", "x"]).filterMap((text) => (text === "x" ? undefined : Number(text)));
   * console.log(yield* sizes.collect()); // [1]
   * ```
   */
  filterMap<U>(fn: (value: T) => U | undefined): Stream<U> {
    requireFunction("filterMap", fn);
    return new Stream(new FilterMap(this.moveInto("filterMap"), fn));
  }

  /**
   * What the future or the generator that `fn` makes of each value gives, one after the other. (The `then` of other
   * libraries: a stream with a method of that name would be taken for a promise.) For several at a time: `map` and
   * `buffered`.
   *
   * **Cancel safety.** A cancel cancels what `fn` has begun, and then the stream.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const slow = Stream.from([1, 2]).andThen(function* (n) {
   *   yield* sleep(10);
   *   return n * 10;
   * });
   * console.log(yield* slow.collect()); // [10, 20]
   * ```
   */
  andThen<R>(fn: (value: T) => R): Stream<Flat<R>> {
    requireFunction("andThen", fn);
    return new Stream(new AndThen<T, Flat<R>>(this.moveInto("andThen"), fn));
  }

  /**
   * The values as they are; `fn` sees each as it passes.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const seen: number[] = [];
   * yield* Stream.from([1, 2]).inspect((n) => seen.push(n)).count();
   * console.log(seen); // [1, 2]
   * ```
   */
  inspect(fn: (value: T) => void): Stream<T> {
    requireFunction("inspect", fn);
    return new Stream(new Inspect(this.moveInto("inspect"), fn));
  }

  /**
   * As {@link Stream.fold}, with a value for each step.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).scan(0, (sum, n) => sum + n).collect()); // [1, 3, 6]
   * ```
   */
  scan<S>(initial: S, fn: (state: S, value: T) => S): Stream<S> {
    requireFunction("scan", fn);
    return new Stream(new Scan(this.moveInto("scan"), initial, fn));
  }

  /**
   * Each value with its place, counted from 0.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from("ab").enumerate().collect()); // [[0, "a"], [1, "b"]]
   * ```
   */
  enumerate(): Stream<[index: number, value: T]> {
    return new Stream(new Enumerate(this.moveInto("enumerate")));
  }

  /**
   * The first `count` values. After them the stream is cancelled, and the end comes when its cleanup has ended.
   *
   * @throws TypeError, RangeError if `count` is no integer of 0 or more, or `Infinity`
   * @throws CleanupError (the poll that would give the end) if that cleanup fails
   *
   * @example
   * ```ts
   * console.log(yield* Stream.repeat(1).take(2).collect()); // [1, 1]
   * ```
   */
  take(count: number): Stream<T> {
    checkAmount("take", count, 0);
    return new Stream(new Take(this.moveInto("take"), count));
  }

  /**
   * The values after the first `count`.
   *
   * @throws TypeError, RangeError if `count` is no integer of 0 or more, or `Infinity`
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).skip(2).collect()); // [3]
   * ```
   */
  skip(count: number): Stream<T> {
    checkAmount("skip", count, 0);
    return new Stream(new Skip(this.moveInto("skip"), count));
  }

  /**
   * The first value, and every `step`-th after it.
   *
   * @throws TypeError, RangeError if `step` is no integer of 1 or more
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3, 4, 5]).stepBy(2).collect()); // [1, 3, 5]
   * ```
   */
  stepBy(step: number): Stream<T> {
    checkAmount("stepBy", step, 1);
    return new Stream(new StepBy(this.moveInto("stepBy"), step));
  }

  /**
   * The values before the first one for which `predicate` is false, which is lost. The stream is cancelled then, and the end
   * comes when its cleanup has ended.
   *
   * @throws TypeError if `predicate` is no function
   * @throws CleanupError (the poll that would give the end) if that cleanup fails
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3, 1]).takeWhile((n) => n < 3).collect()); // [1, 2]
   * ```
   */
  takeWhile(predicate: (value: T) => boolean): Stream<T> {
    requireFunction("takeWhile", predicate);
    return new Stream(new TakeWhile(this.moveInto("takeWhile"), predicate));
  }

  /**
   * The values that come before a future is ready. Then the stream is cancelled, and the end comes when its cleanup has
   * ended; when the stream ends first, the future is cancelled. What the future fails with is thrown before the end.
   *
   * **Cancel safety.** A cancel cancels both.
   *
   * @throws TypeError if `until` is no future
   * @throws CleanupError (the poll that would give the end) if that cleanup fails
   *
   * @example
   * ```ts
   * const ticks = Stream.from(interval(10)).takeUntil(sleep(25));
   * console.log(yield* ticks.count()); // 3
   * ```
   */
  takeUntil(until: Future<unknown>): Stream<T> {
    requireFuture(until, "takeUntil", 0);
    return new Stream(new TakeUntil(this.moveInto("takeUntil"), until));
  }

  /**
   * What `fn` makes of each value, up to the first one for which that is `undefined`; ends there as `takeWhile` does.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const known = new Map([[1, "one"], [2, "two"]]);
   * console.log(yield* Stream.from([1, 2, 3]).mapWhile((n) => known.get(n)).collect()); // ["one", "two"]
   * ```
   */
  mapWhile<U>(fn: (value: T) => U | undefined): Stream<U> {
    requireFunction("mapWhile", fn);
    return new Stream(new MapWhile(this.moveInto("mapWhile"), fn));
  }

  /**
   * The values from the first one on for which `predicate` is false.
   *
   * @throws TypeError if `predicate` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3, 1]).skipWhile((n) => n < 3).collect()); // [3, 1]
   * ```
   */
  skipWhile(predicate: (value: T) => boolean): Stream<T> {
    requireFunction("skipWhile", predicate);
    return new Stream(new SkipWhile(this.moveInto("skipWhile"), predicate));
  }

  /**
   * The values in arrays of `size`; the last may be shorter.
   *
   * **Cancel safety.** What was gathered and not given is lost with the stream; it is disposed of if it is `Disposable`.
   *
   * @throws TypeError, RangeError if `size` is no integer of 1 or more
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).chunks(2).collect()); // [[1, 2], [3]]
   * ```
   */
  chunks(size: number): Stream<T[]> {
    checkAmount("chunks", size, 1);
    return new Stream(new Chunks(this.moveInto("chunks"), size));
  }

  /**
   * As {@link Stream.chunks}, and an array that is not full is given `ms` milliseconds after its first value has come.
   *
   * **Cancel safety.** As {@link Stream.chunks}.
   *
   * @throws TypeError, RangeError if `size` is no integer of 1 or more, or `ms` no duration
   *
   * @example
   * ```ts
   * const batches = Stream.from([1, 2, 3]).chain(Stream.never()).chunksTimeout(2, 10);
   * console.log(yield* batches.take(2).collect()); // [[1, 2], [3]]
   * ```
   */
  chunksTimeout(size: number, ms: number): Stream<T[]> {
    checkAmount("chunksTimeout", size, 1);
    checkDuration("chunksTimeout", ms);
    return new Stream(new ChunksTimeout(this.moveInto("chunksTimeout"), size, ms));
  }

  /**
   * The values, with `ms` milliseconds at least from one to the next. None is dropped: the stream is not asked before its
   * time.
   *
   * @throws TypeError, RangeError if `ms` is no duration
   *
   * @example
   * ```ts
   * const start = now();
   * yield* Stream.from([1, 2, 3]).throttle(10).forEach((n) => console.log(n, now() - start >= (n - 1) * 10)); // 1 true, then 2 true, then 3 true
   * ```
   */
  throttle(ms: number): Stream<T> {
    checkDuration("throttle", ms);
    return new Stream(new Throttle(this.moveInto("throttle"), ms));
  }

  /**
   * The values after which no other came for `ms` milliseconds; those that came too fast are dropped. The last one is given
   * at the end at once.
   *
   * **Cancel safety.** The value that is held back is lost with the stream; it is disposed of if it is `Disposable`.
   *
   * @throws TypeError, RangeError if `ms` is no duration
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).debounce(10).collect()); // [3]
   * ```
   */
  debounce(ms: number): Stream<T> {
    checkDuration("debounce", ms);
    return new Stream(new Debounce(this.moveInto("debounce"), ms));
  }

  /**
   * The values; where one is awaited for more than `ms` milliseconds, a `TimeoutError` is thrown once. As any error it does
   * not end the stream: the value may still come.
   *
   * @throws TypeError, RangeError if `ms` is no duration
   * @throws TimeoutError (a poll)
   *
   * @example
   * ```ts
   * try {
   *   yield* Stream.never().timeout(10).collect();
   * } catch (error) {
   *   console.log(error instanceof TimeoutError); // true
   * }
   * ```
   */
  timeout(ms: number): Stream<T> {
    checkDuration("timeout", ms);
    return new Stream(new Timeout(this.moveInto("timeout"), ms));
  }

  /**
   * The values of this stream, and then those of the next.
   *
   * **Cancel safety.** A cancel cancels both.
   *
   * @throws TypeError if `next` is nothing that gives values
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1]).chain([2, 3]).collect()); // [1, 2, 3]
   * ```
   */
  chain<U>(next: StreamInput<U>): Stream<T | U> {
    const second: StreamSource<T | U> = toSource(next, "chain");
    return new Stream<T | U>(new Chain<T | U>(this.moveInto("chain"), second));
  }

  /**
   * The values of this stream and others, in the order in which they come: see {@link Stream.merge}.
   *
   * **Cancel safety.** A cancel cancels all streams at the same time.
   *
   * @throws TypeError if one is nothing that gives values
   *
   * @example
   * ```ts
   * const ticks = Stream.from(interval(10)).map(() => "tick").take(2);
   * const merged = Stream.once(sleep(5)).map(() => "once").merge(ticks);
   * console.log(yield* merged.collect()); // ["tick", "once", "tick"]
   * ```
   */
  merge<U>(...others: StreamInput<U>[]): Stream<T | U> {
    const sources: StreamSource<T | U>[] = others.map((other) => toSource(other, "merge"));
    return new Stream<T | U>(new Merge([this.moveInto("merge"), ...sources]));
  }

  /**
   * Pairs of a value of this stream and one of another. When one of them ends, the other is cancelled, and the end comes when
   * its cleanup has ended.
   *
   * **Cancel safety.** A value that waits for its partner is lost with the streams; it is disposed of if it is `Disposable`.
   *
   * @throws TypeError if `other` is nothing that gives values
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from("ab").zip([1, 2, 3]).collect()); // [["a", 1], ["b", 2]]
   * ```
   */
  zip<U>(other: StreamInput<U>): Stream<[T, U]> {
    const right = toSource(other, "zip");
    return new Stream(new Zip(this.moveInto("zip"), right));
  }

  /**
   * The values of the stream that `fn` makes of each value, one stream after the other. An array does, or any iterable.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2]).flatMap((n) => [n, n * 10]).collect()); // [1, 10, 2, 20]
   * ```
   */
  flatMap<U>(fn: (value: T) => StreamInput<U>): Stream<U> {
    requireFunction("flatMap", fn);
    return new Stream(new Flatten(new Mapped(this.moveInto("flatMap"), fn), "flatMap"));
  }

  /**
   * The values of each stream of a stream of streams, one stream after the other.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([[1, 2], [3]]).flatten().collect()); // [1, 2, 3]
   * ```
   */
  flatten<U>(this: Stream<StreamInput<U>>): Stream<U> {
    return new Stream(new Flatten<U>(this.moveInto("flatten"), "flatten"));
  }

  /**
   * The values of the streams of a stream of streams as they come, of up to `limit` streams at a time.
   *
   * @throws TypeError, RangeError if `limit` is no integer of 1 or more, or `Infinity`
   *
   * @example
   * ```ts
   * const both = Stream.from([Stream.never<number>(), Stream.from([1, 2])]).flattenUnordered(2);
   * console.log(yield* both.take(2).collect()); // [1, 2]
   * ```
   */
  flattenUnordered<U>(this: Stream<StreamInput<U>>, limit: number): Stream<U> {
    checkAmount("flattenUnordered", limit, 1);
    return new Stream(new FlattenUnordered<U>(this.moveInto("flattenUnordered"), limit));
  }

  /**
   * What the futures (or generators) of this stream give, in its order; up to `limit` of them run at a time, within the task
   * that takes the values. An error is thrown in its place, and the others go on.
   *
   * **Cancel safety.** A cancel cancels those that run, all at the same time, and then the stream.
   *
   * @throws TypeError, RangeError if `limit` is no integer of 1 or more, or `Infinity`
   *
   * @example
   * ```ts
   * const squares = Stream.from([3, 1, 2]).map(function* (n) {
   *   yield* sleep(n * 10);
   *   return n * n;
   * });
   * console.log(yield* squares.buffered(2).collect()); // [9, 1, 4]
   * ```
   */
  buffered<U>(this: Stream<Body<U>>, limit: number): Stream<U> {
    checkAmount("buffered", limit, 1);
    return new Stream(new Buffered<U>(this.moveInto("buffered"), limit));
  }

  /**
   * As {@link Stream.buffered}, with the values in the order in which they are there.
   *
   * **Cancel safety.** As {@link Stream.buffered}.
   *
   * @throws TypeError, RangeError if `limit` is no integer of 1 or more, or `Infinity`
   *
   * @example
   * ```ts
   * const squares = Stream.from([3, 1, 2]).map(function* (n) {
   *   yield* sleep(n * 10);
   *   return n * n;
   * });
   * console.log(yield* squares.bufferUnordered(3).collect()); // [1, 4, 9]
   * ```
   */
  bufferUnordered<U>(this: Stream<Body<U>>, limit: number): Stream<U> {
    checkAmount("bufferUnordered", limit, 1);
    return new Stream(
      new BufferUnordered<U>(this.moveInto("bufferUnordered"), limit, "bufferUnordered", false),
    );
  }

  /**
   * A stream whose next value can be looked at before it is taken.
   *
   * @example
   * ```ts
   * const numbers = Stream.from([1, 2]).peekable();
   * console.log(yield* numbers.peek(), yield* numbers.next()); // 1 1
   * ```
   */
  peekable(): Peekable<T> {
    return new Peekable(this.moveInto("peekable"));
  }

  /**
   * The values up to the first end, which stays the end. Most streams are so by themselves; collections that can be filled
   * again are not.
   *
   * @example
   * ```ts
   * const futures = new FuturesUnordered<number>();
   * const fused = Stream.from(futures).fuse();
   * console.log((yield* fused.next()) === End); // true
   * futures.push(ready(1));
   * console.log((yield* fused.next()) === End); // true
   * ```
   */
  fuse(): Stream<T> {
    return new Stream(new Fuse(this.moveInto("fuse")));
  }

  /**
   * The values, and what `fn` makes of each error in its place: a value, or what a future or a generator gives. The stream
   * then goes on if it can. When `fn` gives another `Stream`, this one is cancelled and that one takes over; when it gives
   * `End`, that is the end.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const readings = Stream.from(["1", "x", "3"]).map((text) => {
   *   if (text === "x") throw new Error("no number");
   *   return Number(text);
   * });
   * console.log(yield* readings.catchError(() => 0).collect()); // [1, 0, 3]
   * ```
   */
  catchError<R>(fn: (error: unknown) => R): Stream<T | Recovered<R>> {
    requireFunction("catchError", fn);
    return new Stream<T | Recovered<R>>(new CatchError<T, Recovered<R>>(this.moveInto("catchError"), fn));
  }

  /**
   * The values; `fn` is called once when the stream has ended, by itself or by a cancel and its cleanup, and what it returns
   * is awaited. Not called if nobody has begun to take values.
   *
   * **Cancel safety.** `fn` runs to its end; a cancel does not interrupt it.
   *
   * @throws TypeError if `fn` is no function
   *
   * @example
   * ```ts
   * const numbers = Stream.from([1, 2]).finallyDo(() => console.log("done")); // done
   * console.log(yield* numbers.take(1).collect()); // [1]
   * ```
   */
  finallyDo(fn: () => unknown): Stream<T> {
    requireFunction("finallyDo", fn);
    return new Stream(new FinallyDo(this.moveInto("finallyDo"), fn));
  }

  /**
   * Calls `fn` with each value: `for await` for coroutines. `fn` may be a generator function, or return a future; the next
   * value is taken after that has ended.
   *
   * **Cancel safety.** A cancel cancels what `fn` has begun, and then the stream.
   *
   * @throws TypeError if `fn` is no function
   * @throws what the stream or `fn` throws, after the cleanup of the stream
   *
   * @example
   * ```ts
   * yield* Stream.from([1, 2]).forEach(function* (n) {
   *   yield* sleep(n);
   *   console.log(n); // 1, then 2
   * });
   * ```
   */
  forEach(fn: (value: T) => Body<unknown>): Future<void>;
  forEach(fn: (value: T) => void): Future<void>;
  forEach(fn: (value: T) => unknown): Future<void> {
    requireFunction("forEach", fn);
    return new ForEach(this.moveInto("forEach"), fn);
  }

  /**
   * As {@link Stream.forEach}, for up to `limit` values at a time, within this task. The first error cancels the others
   * and is thrown when their cleanup has ended.
   *
   * **Cancel safety.** A cancel cancels those that run, all at the same time, and then the stream.
   *
   * @throws TypeError, RangeError if `limit` is no integer of 1 or more, or `Infinity`; TypeError if `fn` is no function
   * @throws what the stream or `fn` throws
   *
   * @example
   * ```ts
   * yield* Stream.from([30, 10, 20]).forEachConcurrent(3, function* (ms) {
   *   yield* sleep(ms);
   *   console.log(ms); // 10, then 20, then 30
   * });
   * ```
   */
  forEachConcurrent(limit: number, fn: (value: T) => Body<unknown>): Future<void>;
  forEachConcurrent(limit: number, fn: (value: T) => void): Future<void>;
  forEachConcurrent(limit: number, fn: (value: T) => unknown): Future<void> {
    checkAmount("forEachConcurrent", limit, 1);
    requireFunction("forEachConcurrent", fn);
    const running = new Mapped(this.moveInto("forEachConcurrent"), fn);
    return new ForEach(new BufferUnordered<unknown>(running, limit, "forEachConcurrent", true), () => {});
  }

  /**
   * What `fn` makes of all values: it is called with what it has given for the value before, `initial` at first. It may be a
   * generator function.
   *
   * **Cancel safety.** As {@link Stream.forEach}.
   *
   * @throws TypeError if `fn` is no function
   * @throws what the stream or `fn` throws, after the cleanup of the stream
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).fold(0, (sum, n) => sum + n)); // 6
   * ```
   */
  fold<S>(initial: S, fn: (state: S, value: T) => S | Body<S>): Future<S> {
    requireFunction("fold", fn);
    return new Fold(this.moveInto("fold"), initial, fn);
  }

  /**
   * All values.
   *
   * **Cancel safety.** What was collected is lost with the stream; it is disposed of if it is `Disposable`.
   *
   * @throws what the stream throws, after its cleanup
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from("abc").collect()); // ["a", "b", "c"]
   * ```
   */
  collect(): Future<T[]> {
    return new Collect(this.moveInto("collect"));
  }

  /**
   * How many values there are.
   *
   * **Cancel safety.** A cancel cancels the stream; what it has seen so far is lost.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from("abc").count()); // 3
   * ```
   */
  count(): Future<number> {
    return new Count(this.moveInto("count"));
  }

  /**
   * The first value, `undefined` if there is none. The stream is cancelled after it.
   *
   * **Cancel safety.** A cancel cancels the stream; what it has seen so far is lost.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from("abc").first()); // a
   * ```
   */
  first(): Future<T | undefined> {
    return new Find(this.moveInto("first"), () => true);
  }

  /**
   * The last value; `undefined` if there is none.
   *
   * **Cancel safety.** A cancel cancels the stream; what it has seen so far is lost.
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from("abc").last()); // c
   * ```
   */
  last(): Future<T | undefined> {
    return new Last(this.moveInto("last"));
  }

  /**
   * The first value for which `predicate` is true, `undefined` if there is none. The stream is cancelled after it.
   *
   * **Cancel safety.** A cancel cancels the stream; what it has seen so far is lost.
   *
   * @throws TypeError if `predicate` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).find((n) => n > 1)); // 2
   * ```
   */
  find(predicate: (value: T) => boolean): Future<T | undefined> {
    requireFunction("find", predicate);
    return new Find(this.moveInto("find"), predicate);
  }

  /**
   * Whether `predicate` is true for some value. The stream is cancelled after the first such.
   *
   * **Cancel safety.** A cancel cancels the stream; what it has seen so far is lost.
   *
   * @throws TypeError if `predicate` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).any((n) => n > 1)); // true
   * ```
   */
  any(predicate: (value: T) => boolean): Future<boolean> {
    requireFunction("any", predicate);
    return new Quantify(this.moveInto("any"), predicate, true);
  }

  /**
   * Whether `predicate` is true for every value. The stream is cancelled after the first other.
   *
   * **Cancel safety.** A cancel cancels the stream; what it has seen so far is lost.
   *
   * @throws TypeError if `predicate` is no function
   *
   * @example
   * ```ts
   * console.log(yield* Stream.from([1, 2, 3]).all((n) => n > 1)); // false
   * ```
   */
  all(predicate: (value: T) => boolean): Future<boolean> {
    requireFunction("all", predicate);
    return new Quantify(this.moveInto("all"), predicate, false);
  }
}

/** A number of values: an integer, or `Infinity`. */
function checkAmount(what: string, count: number, least: number): void {
  if (count !== Number.POSITIVE_INFINITY) checkCount(what, count, least, Number.MAX_SAFE_INTEGER);
}
