/**
 * Every error that Pollux itself throws. All have a stable `code`; match on that or on the class, never on the message.
 * Errors of the operating system keep Node's shape instead (`code: "ECONNREFUSED"`, `errno`, `syscall`).
 */

/** What all errors of the library have in common: a stable `code` and a message that says what to do. */
export abstract class PolluxError extends Error {
  /** `"POLLUX_…"`, stable across releases. */
  abstract readonly code: string;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A future was polled again after it had returned a value, thrown, or finished a cancel. */
export class PollAfterCompletionError extends PolluxError {
  override readonly code = "POLLUX_POLL_AFTER_COMPLETION";

  constructor(what = "this future") {
    super(`${what} has completed or was cancelled and cannot be polled again; make a new one for each use`);
  }
}

/** A future has two owners, or was polled from within its own poll. */
export class FutureInUseError extends PolluxError {
  override readonly code = "POLLUX_FUTURE_IN_USE";

  constructor(detail: string) {
    super(
      `${detail}; a future has one owner at a time: lend it with \`future.ref()\`, or spawn it and share its JoinHandle`,
    );
  }
}

/** A stream was used that has gone into an adapter or a consumer, which owns its source from then on. */
export class MovedError extends PolluxError {
  override readonly code = "POLLUX_MOVED";

  constructor(into: string) {
    super(
      `this stream has gone into \`${into}\`: use what that returned, or give it \`stream.ref()\`, which only lends the stream`,
    );
  }
}

/** `yield*` on a future, or a call that needs the current task, outside of any coroutine. */
export class NoContextError extends PolluxError {
  override readonly code = "POLLUX_NO_CONTEXT";

  constructor(what: string) {
    super(`${what} needs a task: call it inside a coroutine that was spawned or is run by a runtime`);
  }
}

/** A future needs a runtime (a clock, a reactor, a spawn), and the context it was polled with has none. */
export class NoRuntimeError extends PolluxError {
  override readonly code = "POLLUX_NO_RUNTIME";

  constructor(what: string) {
    super(
      `${what} needs a runtime: import "pollux" and use \`run\`, \`spawn\` or a Runtime, or give the context one`,
    );
  }
}

/**
 * A thread that `blockOn` owns came to wait for what only Node's loop brings: a promise, a file, a child process, TLS. That
 * loop does not turn there, so the wait would never end.
 */
export class NeedsNodeLoopError extends PolluxError {
  override readonly code = "POLLUX_NEEDS_NODE_LOOP";

  constructor(what: string) {
    super(
      `${what} need Node's loop, which does not turn while \`blockOn\` owns the thread: use \`run\`, or have another thread do this`,
    );
  }
}

/** `blockOn` where it would block a runtime of the thread: within a task, or within another `blockOn`. */
export class NestedBlockError extends PolluxError {
  override readonly code = "POLLUX_NESTED_BLOCK";

  constructor() {
    super(
      "`blockOn` was called by code that a runtime of this thread runs, which would stand still: `yield*` the future instead",
    );
  }
}

/** Tasks wait, and nothing is left that could wake any of them. The message lists them. */
export class StuckError extends PolluxError {
  override readonly code = "POLLUX_STUCK";

  constructor(dump: string) {
    super(`the main future has not ended, and nothing is left that could wake it. Tasks that wait:\n${dump}`);
  }
}

/** A generator given to `co` yielded something that is not a suspended future. */
export class BadYieldError extends PolluxError {
  override readonly code = "POLLUX_BAD_YIELD";

  constructor(name: string, value: unknown) {
    super(
      `coroutine ${name || "(anonymous)"} yielded ${describe(value)}: write \`yield* future\`, with the star`,
    );
  }
}

/** `co(async …)` or `co(async function* …)` was reached without having been compiled. */
export class NotCompiledError extends PolluxError {
  override readonly code = "POLLUX_NOT_COMPILED";

  constructor(name: string, isStream = false) {
    const instead = isStream
      ? "make the stream with `Stream.make`"
      : "write it as `co(function* …)` with `yield*`";
    super(
      `co was given the async ${isStream ? "generator" : "function"} ${name || "(anonymous)"}, which only works compiled: add the ` +
        "@pollux/compiler plugin to your bundler, run node with `--import @pollux/compiler/register`, or " +
        instead,
    );
  }
}

/** The task was aborted, or its scope or runtime gave up on it. `cause` is the reason that was given. */
export class CancelledError extends PolluxError {
  override readonly code = "POLLUX_CANCELLED";

  constructor(reason?: unknown, message = "the task was cancelled") {
    super(message, reason === undefined ? undefined : { cause: reason });
  }
}

/**
 * Cleanup failed after a cancel. It surfaces where the cancel was awaited.
 *
 * `cause` is the reason of the cancel, `errors` are the failures in the order in which they happened, and `winner` is
 * the value that had been won (by a `select`, a `race`, a `timeout`) and cannot be delivered beside the failure.
 */
export class CleanupError extends PolluxError {
  override readonly code = "POLLUX_CLEANUP_FAILED";
  readonly errors: readonly unknown[];
  readonly winner: unknown;

  constructor(reason: unknown, errors: readonly unknown[], winner?: unknown) {
    super(
      `cleanup after a cancel failed with ${errors.length === 1 ? "an error" : `${errors.length} errors`}: ${errors.map(describe).join("; ")}`,
      { cause: reason },
    );
    this.errors = errors;
    this.winner = winner;
  }
}

/** Cleanup took longer than the runtime's limit; what it was doing has been abandoned and is never polled again. */
export class CleanupTimeoutError extends PolluxError {
  override readonly code = "POLLUX_CLEANUP_TIMEOUT";

  constructor(limitMs: number, what: string) {
    super(
      `cleanup of ${what} did not end within ${limitMs} ms and was abandoned: look for a \`finally\` that waits for what cannot ` +
        "come, or raise the runtime's `cleanupLimit`",
    );
  }
}

/** The time ran out before the future was ready. */
export class TimeoutError extends PolluxError {
  override readonly code = "POLLUX_TIMEOUT";

  constructor(message: string) {
    super(message);
  }
}

/** The clock was to be moved by hand, and it is not paused. */
export class ClockRunningError extends PolluxError {
  override readonly code = "POLLUX_CLOCK_RUNNING";

  constructor(what: string) {
    super(`${what} needs a paused clock: call pause() first, or make the runtime with \`clock: "paused"\``);
  }
}

/** The other side is gone: a channel without senders or receivers, a closed semaphore, listener or runtime. */
export class ClosedError extends PolluxError {
  override readonly code = "POLLUX_CLOSED";

  constructor(what: string, options?: ErrorOptions) {
    super(`${what} is closed`, options);
  }
}

/**
 * `trySend` on a full channel. The value comes back with the error.
 *
 * @typeParam T - what the channel carries
 */
export class FullError<T = unknown> extends PolluxError {
  override readonly code = "POLLUX_FULL";
  readonly value: T;

  constructor(what: string, value: T) {
    super(`${what} is full: wait with \`send\`, or drop the value`);
    this.value = value;
  }
}

/** A `try…` form found nothing there yet: an empty channel, a lock that is held, no permits left. */
export class WouldBlockError extends PolluxError {
  override readonly code = "POLLUX_WOULD_BLOCK";

  constructor(message: string) {
    super(message);
  }
}

/** What was asked for cannot be done here: by this reactor, on this system, or by this version of Node. */
export class UnsupportedError extends PolluxError {
  override readonly code = "POLLUX_UNSUPPORTED";

  /** @param instead - says what can be done */
  constructor(what: string, instead: string) {
    super(`${what} is not possible here: ${instead}`);
  }
}

/** A guard or permit was used after it had been released. */
export class ReleasedError extends PolluxError {
  override readonly code = "POLLUX_RELEASED";

  constructor(what: string) {
    super(`${what} was released: what it guards can be used only while it is held; acquire it anew`);
  }
}

/** `set` on a cell that has its value already. */
export class AlreadyInitializedError extends PolluxError {
  override readonly code = "POLLUX_ALREADY_INITIALIZED";

  constructor(what: string) {
    super(`${what} has its value already, which does not change any more: read it with \`get\``);
  }
}

/** A slow receiver of a broadcast channel missed `missed` values; the next `recv` gives the oldest that is kept. */
export class LaggedError extends PolluxError {
  override readonly code = "POLLUX_LAGGED";
  readonly missed: number;

  constructor(missed: number) {
    super(
      `the receiver was too slow and missed ${missed} value${missed === 1 ? "" : "s"}: raise the capacity or receive faster`,
    );
    this.missed = missed;
  }
}

/** All alternatives failed; `errors` has each failure, in the order of the alternatives. */
export class AllFailedError extends PolluxError {
  override readonly code = "POLLUX_ALL_FAILED";
  readonly errors: readonly unknown[];

  constructor(message: string, errors: readonly unknown[]) {
    super(message);
    this.errors = errors;
  }
}

/** All arms of a `select` are disabled, and it has no `else`. */
export class AllDisabledError extends PolluxError {
  override readonly code = "POLLUX_ALL_DISABLED";

  constructor() {
    super("all arms of this select are disabled: enable one, or say what it gives then with `{ else: … }`");
  }
}

/** The bytes ended in the middle of what was to be read. */
export class UnexpectedEofError extends PolluxError {
  override readonly code = "POLLUX_UNEXPECTED_EOF";

  constructor(what: string) {
    super(`the bytes ended within ${what}: the other side has closed too early, or sends something else`);
  }
}

/** A writer took over none of the bytes that it was given, and so never would. */
export class WriteZeroError extends PolluxError {
  override readonly code = "POLLUX_WRITE_ZERO";

  constructor() {
    super("the writer takes over no more bytes: what was to be written has not been written in full");
  }
}

/** What was read, or was to be written, is longer than was allowed. */
export class TooLongError extends PolluxError {
  override readonly code = "POLLUX_TOO_LONG";
  /** What was allowed, in bytes. */
  readonly maxLength: number;

  constructor(what: string, maxLength: number) {
    super(
      `${what} has more than ${maxLength} bytes: raise the limit if the other side can be trusted with so much`,
    );
    this.maxLength = maxLength;
  }
}

/** The bytes are not what they should be: no UTF-8, no JSON, a length that makes no sense. */
export class InvalidDataError extends PolluxError {
  override readonly code = "POLLUX_INVALID_DATA";

  constructor(what: string, options?: ErrorOptions) {
    super(what, options);
  }
}

/** A scripted stream was used in another way than its script says, or the script did not come to its end. */
export class ScriptError extends PolluxError {
  override readonly code = "POLLUX_SCRIPT";

  constructor(message: string) {
    super(message);
  }
}

/**
 * The thread that a call ran in has ended before the call did: by `process.exit`, by an error that nobody caught, which
 * is the `cause`, for want of memory, or with its runtime.
 */
export class ThreadExitedError extends PolluxError {
  override readonly code = "POLLUX_THREAD_EXITED";

  constructor(what: string, options?: ErrorOptions) {
    super(
      `the thread has ended that ran ${what}: its result is lost, and what it has done so far stands`,
      options,
    );
  }
}

/** A value cannot pass to another thread, as it cannot be cloned; `cause` says which part of it. */
export class NotCloneableError extends PolluxError {
  override readonly code = "POLLUX_NOT_CLONEABLE";

  constructor(what: string, options?: ErrorOptions) {
    super(
      `${what} cannot pass from thread to thread: only what structuredClone copies can, and no functions or promises`,
      options,
    );
  }
}

/** A value in a message: short, never throwing, never running user code but an error's own `message`. */
export function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `function ${value.name || "(anonymous)"}`;
  if (typeof value === "object" && value !== null)
    return `an object (${value.constructor?.name ?? "no prototype"})`;
  return String(value);
}
