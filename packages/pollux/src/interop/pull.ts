import { type Cancellable, Cleanup } from "../core/cleanup.ts";
import { collect } from "../core/collect.ts";
import type { Context } from "../core/context.ts";
import { CleanupError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { around, type Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { End, StreamSource } from "../core/stream-source.ts";
import type { Reader } from "../io/reader.ts";

/**
 * The next value of a stream, for an object of the platform that cannot go on after a failure: the stream is then given
 * up before that is thrown. A cancel leaves the stream as it is.
 *
 * @internal
 */
export class Pull<T> extends Future<T | End> {
  private readonly source: StreamSource<T>;
  private failure: { readonly error: unknown } | null;
  private cleanup: Cleanup | null;

  constructor(source: StreamSource<T>) {
    super();
    this.source = source;
    this.failure = null;
    this.cleanup = null;
  }

  override poll(cx: Context): Poll<T | End> {
    if (this.failure === null) {
      try {
        return this.source.pollNext(cx);
      } catch (error) {
        this.failure = { error };
        this.cleanup = new Cleanup(this.source, error, "a stream that has failed");
      }
    }
    const { error } = this.failure;
    try {
      if (this.cleanup?.poll(cx) === Pending) return Pending;
    } catch (failure) {
      throw new CleanupError(error, collect(null, failure, error));
    }
    throw error;
  }

  override inspect(): Inspection {
    if (this.cleanup !== null) return { op: "pull", state: "gives its stream up" };
    return around("pull", this.source);
  }

  override cancel(): Poll<void> {
    if (this.failure === null) this.source.cancelNext?.();
  }
}

/**
 * As {@link Pull}, for a reader. One that has only a read side is closed at its end too.
 *
 * @internal
 */
export class PullBytes extends Future<number> {
  private readonly source: Reader;
  private readonly read: Future<number>;
  private readonly readsAlone: boolean;

  constructor(source: Reader, buf: Uint8Array, readsAlone = true) {
    super();
    this.source = source;
    this.readsAlone = readsAlone;
    this.read = source.read(buf);
  }

  override poll(cx: Context): Poll<number> {
    let count: Poll<number>;
    try {
      count = this.read.poll(cx);
    } catch (error) {
      this.source.close();
      throw error;
    }
    if (count === 0 && this.readsAlone) this.source.close();
    return count;
  }

  override cancel(cx: Context): Poll<void> {
    return this.read.cancel(cx);
  }

  override inspect(): Inspection {
    return around("pull", this.read);
  }
}

/**
 * Closes a reader or a writer, as the cancel of a stream does.
 *
 * @internal
 */
export function closing(source: { close(): void }): Cancellable {
  return {
    cancel() {
      source.close();
      return undefined;
    },
  };
}

/** @internal */
export function isReader(source: unknown): source is Reader {
  const { pollRead, read } = (source ?? {}) as Partial<Reader>;
  return typeof pollRead === "function" && typeof read === "function";
}
