import type { Context, TimerDriver, Waker } from "../core/context.ts";
import { ClosedError, ScriptError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { TimerEntry } from "../core/timer-entry.ts";
import { checkDuration } from "../time/duration.ts";
import { checkBytes } from "./check.ts";
import { Duplex } from "./duplex.ts";
import { encodeUtf8 } from "./utf8.ts";

/** What a {@link Mock} does, or expects to be done. Text stands for its bytes in UTF-8. */
export type MockStep =
  /** These bytes can be read, in one or several reads. */
  | { readonly read: Uint8Array | string }
  /** These bytes are expected to be written, in one or several writes. */
  | { readonly write: Uint8Array | string }
  /** For so many milliseconds nothing can be read or written. */
  | { readonly wait: number }
  /** The read fails with this. */
  | { readonly readError: unknown }
  /** The write fails with this. */
  | { readonly writeError: unknown };

type Step =
  | { kind: "read" | "write"; bytes: Uint8Array }
  | { kind: "wait"; ms: number }
  | { kind: "readError" | "writeError"; error: unknown };

/**
 * A stream that follows a script; made by {@link mock}.
 *
 * Who reads or writes before it is their turn waits for it. When the script is at its end, reads give the end, and writes
 * are an error.
 */
export class Mock extends Duplex implements TimerEntry {
  /** @internal */
  before: TimerEntry | null = null;
  /** @internal */
  after: TimerEntry | null = null;
  /** @internal */
  list: object | null = null;
  /** @internal */
  due = 0;
  /** What is still to come. */
  private readonly steps: Step[];
  private timers: TimerDriver | null = null;
  private reader: Waker | null = null;
  private writer: Waker | null = null;
  private isShutDown = false;
  private isClosed = false;
  /** Where the script was left: it is over then. */
  private failure: ScriptError | null = null;

  /** @internal */
  constructor(steps: Step[]) {
    super();
    this.steps = steps;
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    const step = this.current(cx);
    if (step === undefined) return 0;
    if (step.kind === "readError") {
      this.advance();
      throw step.error;
    }
    if (step.kind !== "read") {
      cx.refundBudget();
      this.reader = cx.waker;
      return Pending;
    }
    const size = Math.min(buf.length, step.bytes.length);
    buf.set(step.bytes.subarray(0, size));
    this.shorten(step, size);
    return size;
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    if (!cx.takeBudget()) return Pending;
    if (this.isShutDown) throw new ClosedError("the write side of the mock");
    const step = this.current(cx);
    if (step === undefined) {
      if (buf.length === 0) return 0;
      return this.fail(`the script is at its end, and these bytes are written: ${shown(buf)}`);
    }
    if (step.kind === "writeError") {
      this.advance();
      throw step.error;
    }
    if (step.kind !== "write") {
      cx.refundBudget();
      this.writer = cx.waker;
      return Pending;
    }
    const size = Math.min(buf.length, step.bytes.length);
    const expected = step.bytes.subarray(0, size);
    if (!expected.every((byte, i) => byte === buf[i]))
      return this.fail(`expected ${shown(expected)} to be written, and not ${shown(buf.subarray(0, size))}`);
    this.shorten(step, size);
    return size;
  }

  /** Nothing is held back. */
  override pollFlush(): Poll<void> {
    return undefined;
  }

  override pollShutdown(): Poll<void> {
    this.isShutDown = true;
    return undefined;
  }

  override cancelRead(): void {
    this.reader = null;
  }

  override cancelWrite(): void {
    this.writer = null;
  }

  /** Whether all steps have been gone through. */
  get isDone(): boolean {
    return this.steps.length === 0;
  }

  /**
   * Ends the test of whoever had the stream. Idempotent.
   *
   * @throws ScriptError if the script is not at its end
   */
  override close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    if (this.list !== null) this.timers?.disarm(this);
    const [step] = this.steps;
    if (step !== undefined && this.failure === null)
      throw new ScriptError(
        `the mock was closed with ${this.steps.length} steps to go, of which the first is ${told(step)}`,
      );
  }

  /** The step that is due. */
  private current(cx: Context): Step | undefined {
    if (this.isClosed) throw new ClosedError("the mock");
    if (this.failure !== null) throw this.failure;
    const [step] = this.steps;
    if (step?.kind === "wait" && this.list === null && step.ms !== Number.POSITIVE_INFINITY) {
      this.timers = cx.runtime.timers;
      this.timers.arm(this, this.timers.now() + step.ms);
    }
    return step;
  }

  /** @internal */
  fire(): void {
    this.advance();
  }

  private shorten(step: { bytes: Uint8Array }, size: number): void {
    step.bytes = step.bytes.subarray(size);
    if (step.bytes.length === 0) this.advance();
  }

  /** Whoever waits for their turn looks whether it has come. */
  private advance(): void {
    this.steps.shift();
    const { reader, writer } = this;
    this.reader = null;
    this.writer = null;
    reader?.wake();
    writer?.wake();
  }

  private fail(message: string): never {
    this.failure = new ScriptError(message);
    throw this.failure;
  }
}

/**
 * A stream that follows a script, to test what reads and writes: it gives and expects bytes in the order of its steps, and
 * what is not as it says is a `ScriptError`. Close it at the end: that fails if steps are left.
 *
 * @throws TypeError, RangeError for steps that make no sense
 *
 * @example
 * ```ts
 * const stream = mock({ write: "ping" }, { wait: 100 }, { read: "pong" });
 * yield* stream.writeAll(new TextEncoder().encode("ping"));
 * console.log(yield* stream.readToString()); // "pong"
 * stream.close();
 * ```
 */
export function mock(...steps: MockStep[]): Mock {
  return new Mock(steps.map(stepOf).filter((step) => !isNothing(step)));
}

function stepOf(step: MockStep): Step {
  if (typeof step === "object" && step !== null) {
    if ("read" in step) return { kind: "read", bytes: bytesOf(step.read) };
    if ("write" in step) return { kind: "write", bytes: bytesOf(step.write) };
    if ("readError" in step) return { kind: "readError", error: step.readError };
    if ("writeError" in step) return { kind: "writeError", error: step.writeError };
    if ("wait" in step) {
      checkDuration("wait", step.wait);
      return { kind: "wait", ms: step.wait };
    }
  }
  throw new TypeError("a step of a mock is { read }, { write }, { wait }, { readError } or { writeError }");
}

function isNothing(step: Step): boolean {
  return step.kind === "wait" ? step.ms === 0 : "bytes" in step && step.bytes.length === 0;
}

function bytesOf(bytes: Uint8Array | string): Uint8Array {
  if (typeof bytes === "string") return encodeUtf8(bytes);
  checkBytes(bytes, "a step of a mock");
  return bytes.slice();
}

function told(step: Step): string {
  if (step.kind === "wait") return `{ wait: ${step.ms} }`;
  return "bytes" in step ? `{ ${step.kind}: ${shown(step.bytes)} }` : `{ ${step.kind} }`;
}

const SHOWN = 32;

function shown(bytes: Uint8Array): string {
  const text = [...bytes.subarray(0, SHOWN)]
    .map((byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
    )
    .join("");
  return `"${text}"${bytes.length > SHOWN ? ` and ${bytes.length - SHOWN} bytes` : ""}`;
}
