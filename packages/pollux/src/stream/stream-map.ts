import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { BaseStream } from "./base-stream.ts";
import { type SourceMember, SourcePool } from "./source-pool.ts";
import { type StreamInput, toSource } from "./to-source.ts";

/**
 * Streams by key, merged: gives pairs of a key and a value of its stream. Streams can be added and taken out while it runs;
 * one that ends leaves by itself. `Stream.from` puts the adapters on it.
 *
 * It gives `End` when it is empty, and values again when it is filled again.
 *
 * @typeParam K - keys, told apart as in a `Map`
 * @typeParam T - what the streams give
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const rooms = new StreamMap<string, string>();
 *   rooms.insert("lobby", ["hello"]);
 *   rooms.insert("bar", ["cheers"]);
 *   console.log((yield* Stream.from(rooms).collect()).length); // 2
 * });
 * await run(main());
 * ```
 */
export class StreamMap<K, T> extends BaseStream<[key: K, value: T]> {
  private readonly pool: SourcePool<T>;
  private readonly byKey: Map<K, SourceMember<T>>;

  constructor() {
    super();
    this.pool = new SourcePool();
    this.byKey = new Map();
  }

  /**
   * Adds a stream, which is its own from then on, and gives the one that had the key before. That is the caller's now, to
   * be used or closed.
   *
   * @throws TypeError if it is nothing that gives values
   */
  insert(key: K, input: StreamInput<T>): StreamSource<T> | undefined {
    const source = toSource(input, "StreamMap");
    const replaced = this.remove(key);
    this.byKey.set(key, this.pool.push(source, key));
    this.pool.wakePoller();
    return replaced;
  }

  /** Takes a stream out, as it is; it is the caller's now, to be used or closed. `undefined` if there is none. */
  remove(key: K): StreamSource<T> | undefined {
    const member = this.byKey.get(key);
    if (member === undefined) return undefined;
    this.byKey.delete(key);
    this.pool.remove(member);
    member.source.cancelNext?.();
    if (this.pool.size === 0) this.pool.wakePoller();
    return member.source;
  }

  /** Whether there is a stream for the key that has not ended. */
  containsKey(key: K): boolean {
    return this.byKey.has(key);
  }

  /** The keys of the streams that have not ended, in the order in which they were added. */
  keys(): IterableIterator<K> {
    return this.byKey.keys();
  }

  /** Streams that have not ended. */
  get len(): number {
    return this.byKey.size;
  }

  get isEmpty(): boolean {
    return this.byKey.size === 0;
  }

  override pollNext(cx: Context): Poll<[key: K, value: T] | End> {
    const poll = this.pool.pollNext(cx, this.ended);
    if (poll === Pending) return Pending;
    if (poll === End) return End;
    // The key that it was added with.
    return [this.pool.given?.key as K, poll];
  }

  private readonly ended = (key: unknown): void => {
    this.byKey.delete(key as K);
  };

  override cancelNext(): void {
    this.pool.cancelNext();
  }

  /** Cancels all streams at the same time. It can be filled again when that has ended. */
  override cancel(cx: Context): Poll<void> {
    this.byKey.clear();
    return this.pool.cancel(cx);
  }

  override inspectNext(): Inspection {
    return { op: "StreamMap", futures: this.pool.polled(({ key }) => String(key)), any: true };
  }
}
