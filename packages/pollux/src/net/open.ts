import type { Context, RuntimeHandle } from "../core/context.ts";
import { PollAfterCompletionError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import type { Inspection } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";

/** A source that is being opened; `S` is the source. */
interface Opening {
  cancelWrite?(): void;
  cancelAccept?(): void;
  close(): void;
}

/** How something is opened: what is made at the first poll, what it then waits for, and what comes of it. */
export interface Steps<S extends Opening, T> {
  /** Names it in errors: `"UdpSocket.bind()"`. */
  readonly what: string;
  /** What a dump says of it: `"bind to 127.0.0.1:80"`. */
  readonly op: string;
  make(runtime: RuntimeHandle): S;
  /** Ready once it is open. */
  poll(source: S, cx: Context): Poll<void>;
  /** It is open: whoever asked owns it now. */
  done(source: S): T;
}

/**
 * Opens a source. Given up before it is open, it closes it again.
 *
 * @internal
 */
export class Open<S extends Opening, T> extends Future<T> {
  readonly #steps: Steps<S, T>;
  #source: S | null = null;
  #over = false;

  constructor(steps: Steps<S, T>) {
    super();
    this.#steps = steps;
  }

  override poll(cx: Context): Poll<T> {
    if (this.#over) throw new PollAfterCompletionError(this.#steps.what);
    try {
      this.#source ??= this.#steps.make(cx.runtime);
      if (this.#steps.poll(this.#source, cx) === Pending) return Pending;
    } catch (error) {
      this.cancel();
      throw error;
    }
    this.#over = true;
    return this.#steps.done(this.#source);
  }

  override cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#source?.cancelWrite?.();
    this.#source?.cancelAccept?.();
    this.#source?.close();
  }

  override inspect(): Inspection {
    return { op: this.#steps.op };
  }
}

/**
 * What is opened at the first poll, and does not wait.
 *
 * @internal
 */
export function opened<T>(what: string, open: (runtime: RuntimeHandle) => T): Future<T> {
  return new Opened(what, open);
}

class Opened<T> extends Future<T> {
  readonly #what: string;
  readonly #open: (runtime: RuntimeHandle) => T;
  #over = false;

  constructor(what: string, open: (runtime: RuntimeHandle) => T) {
    super();
    this.#what = what;
    this.#open = open;
  }

  override poll(cx: Context): Poll<T> {
    if (this.#over) throw new PollAfterCompletionError(this.#what);
    if (!cx.takeBudget()) return Pending;
    this.#over = true;
    return this.#open(cx.runtime);
  }

  override cancel(): void {
    this.#over = true;
  }
}
