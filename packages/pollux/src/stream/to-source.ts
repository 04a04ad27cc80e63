import { isThenable } from "../core/adopted.ts";
import { describe } from "../core/errors.ts";
import type { StreamSource } from "../core/stream-source.ts";
import { AsyncIter } from "./async-iter.ts";
import { Elements } from "./elements.ts";
import { Iter } from "./iter.ts";

/** What a stream can be made of: another stream, a channel, an array, a generator, an async iterable … */
export type StreamInput<T> = StreamSource<T> | Iterable<T> | AsyncIterable<T>;

/** A stream whose source can be taken out of it. */
export interface Movable<T> extends StreamSource<T> {
  moveInto(by: string): StreamSource<T>;
}

/**
 * What the values are polled from. The caller owns it from then on.
 *
 * @param who - names the function that it was given to, such as `"merge"`
 * @throws TypeError if it is nothing that gives values
 * @throws MovedError if it is a stream that has gone elsewhere
 */
export function toSource<T>(input: StreamInput<T>, who: string): StreamSource<T> {
  if (typeof input === "string") return new Iter(input);
  if ((typeof input === "object" || typeof input === "function") && input !== null) {
    // Any object may have these methods; which it has tells what it is.
    const { moveInto, pollNext } = input as Partial<Movable<T>>;
    if (typeof moveInto === "function") return (input as Movable<T>).moveInto(who);
    if (typeof pollNext === "function") return input as StreamSource<T>;
    if (Array.isArray(input) && input[Symbol.iterator] === Array.prototype[Symbol.iterator])
      return new Elements(input);
    if (Symbol.iterator in input && !isThenable(input)) return new Iter(input);
    if (Symbol.asyncIterator in input) return new AsyncIter(input);
  }
  const advice = isThenable(input) ? "; a future becomes one with Stream.once(future)" : "";
  throw new TypeError(`${who} needs a stream, or something to iterate, not ${describe(input)}${advice}`);
}
