import { Adopted } from "../core/adopted.ts";
import type { Context } from "../core/context.ts";
import type { Inspection } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { NodePull } from "../node/node-pull.ts";
import type { NodeReadable } from "../node/node-types.ts";
import { Stream } from "../stream/stream.ts";
import { checkReadable } from "./check-node.ts";

class Chunks<T> implements StreamSource<T> {
  private readonly pull: NodePull;
  private isOver: boolean;
  private closing: Adopted<void> | null;

  constructor(readable: NodeReadable) {
    this.pull = new NodePull(readable);
    this.isOver = false;
    this.closing = null;
  }

  pollNext(cx: Context): Poll<T | End> {
    if (this.isOver) return End;
    // What a stream gives is what the caller says that it gives: Node's types do not know.
    const poll = this.pull.poll(cx, Number.POSITIVE_INFINITY) as Poll<T | End>;
    if (poll === End) this.isOver = true;
    return poll;
  }

  cancelNext(): void {
    this.pull.waiting.end();
  }

  cancel(cx: Context): Poll<void> {
    this.isOver = true;
    this.closing ??= new Adopted(this.pull.close());
    return this.closing.poll(cx);
  }

  inspectNext(): Inspection {
    return { op: "a chunk of a Readable" };
  }
}

/**
 * What a `Readable` of Node gives, as a stream: objects in object mode, else chunks of bytes, or strings if it has an
 * encoding. It is read by `read()` when the stream is polled, so that no more is read ahead than its own `highWaterMark`.
 *
 * A failure is thrown as it is and is followed by the end; what was in the buffer is lost with it, as in Node. A stream that
 * was destroyed before its end fails with Node's `ERR_STREAM_PREMATURE_CLOSE`.
 *
 * **Cancel safety.** To give up waiting loses nothing. To close the stream, or to cancel who consumes it, destroys the
 * `Readable` and waits until it has closed. A cancel is no failure: no `"error"` is emitted for it.
 *
 * @throws TypeError if it is not given a `Readable`
 *
 * @example
 * ```ts
 * import { Readable } from "node:stream";
 * import { fromNodeReadable, run } from "pollux";
 *
 * const numbers = fromNodeReadable<number>(Readable.from([1, 2, 3]));
 * console.log(await run(numbers.map((n) => n * n).collect())); // [1, 4, 9]
 * ```
 */
export function fromNodeReadable<T = Uint8Array>(readable: NodeReadable): Stream<T> {
  checkReadable("fromNodeReadable", readable);
  return new Stream(new Chunks<T>(readable));
}
