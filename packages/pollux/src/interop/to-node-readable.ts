import { Readable } from "node:stream";
import { ClosedError } from "../core/errors.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import type { Reader } from "../io/reader.ts";
import { type StreamInput, toSource } from "../stream/to-source.ts";
import { checkMark } from "./check.ts";
import { filled } from "./filled.ts";
import { asError, whenGivenUp } from "./node-teardown.ts";
import type { NodeReadable } from "./node-types.ts";
import { Outside } from "./outside.ts";
import { closing, isReader, Pull, PullBytes } from "./pull.ts";

/** How far {@link toNodeReadable} reads ahead. */
export interface ToNodeReadableOptions {
  /** How many values, or bytes of a reader, may wait in the `Readable`. Default: Node's, 16 values or 64 KiB. */
  readonly highWaterMark?: number;
}

/** `isOver`: the source has ended or failed, and has been cleaned up. */
class FromSource extends Readable {
  private readonly source: StreamSource<unknown>;
  private readonly outside: Outside;
  private isOver: boolean;

  constructor(source: StreamSource<unknown>, options: ToNodeReadableOptions) {
    super({ ...options, objectMode: true });
    this.source = source;
    this.outside = new Outside("toNodeReadable");
    this.isOver = false;
  }

  override _read(): void {
    this.outside.run(new Pull(this.source)).then(
      (value) => {
        if (value === End) this.isOver = true;
        if (value === null)
          this.destroy(
            new TypeError("a Readable of Node cannot carry null, which ends it: map it to something else"),
          );
        else this.push(value === End ? null : value);
      },
      (error) => {
        // One that was destroyed meanwhile is given up already.
        this.isOver = !this.destroyed;
        this.destroy(asError(error));
      },
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.isOver) callback(error);
    else
      whenGivenUp(
        this.outside.end(this.source, error ?? gone(), "a stream that was given to toNodeReadable"),
        error,
        callback,
      );
  }
}

class FromReader extends Readable {
  private readonly reader: Reader;
  private readonly outside: Outside;

  constructor(reader: Reader, options: ToNodeReadableOptions) {
    super(options);
    this.reader = reader;
    this.outside = new Outside("toNodeReadable");
  }

  override _read(size: number): void {
    const buf = new Uint8Array(size);
    this.outside.run(new PullBytes(this.reader, buf)).then(
      (count) => this.push(count === 0 ? null : filled(buf, count)),
      (error) => this.destroy(asError(error)),
    );
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const reason = error ?? gone();
    const ending = this.outside.end(
      closing(this.reader),
      reason,
      "a reader that was given to toNodeReadable",
    );
    whenGivenUp(ending, error, callback);
  }
}

/** Why a stream is cancelled that was destroyed without an error. */
function gone(): ClosedError {
  return new ClosedError("the stream of Node");
}

/**
 * A `Readable` of Node over a stream, or anything that one can be made of, in object mode; or over a reader, of bytes. It is
 * polled as Node asks for more, up to the `highWaterMark`, on the runtime of the task that calls this, or on the default
 * one.
 *
 * `destroy(error)` cancels the poll that waits, and then the stream, with the error as the reason; `"close"` comes after
 * the cleanup. A failure of the stream destroys the `Readable` with the same error, after the stream has been closed.
 *
 * @throws TypeError if it is given neither a reader nor what a stream can be made of, RangeError for a `highWaterMark`
 *   that is none
 *
 * @example
 * ```ts
 * import { Stream, toNodeReadable } from "pollux";
 *
 * const readable = toNodeReadable(Stream.from(["a", "b"]));
 * for await (const chunk of readable) console.log(chunk); // a, then b
 * ```
 */
export function toNodeReadable(
  source: Reader | StreamInput<unknown>,
  options: ToNodeReadableOptions = {},
): NodeReadable {
  checkMark("highWaterMark", options.highWaterMark);
  if (isReader(source)) return new FromReader(source, options);
  return new FromSource(toSource(source, "toNodeReadable"), options);
}
