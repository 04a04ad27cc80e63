import process from "node:process";
import type { Context } from "../core/context.ts";
import { ClosedError } from "../core/errors.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { Reader } from "../io/reader.ts";
import { Side } from "../io/side.ts";
import { Writer } from "../io/writer.ts";
import { KEEPS_NOTHING_ALIVE } from "../node/keeps-nothing-alive.ts";
import { NodeBytes } from "../node/node-bytes.ts";
import type { NodeWritable } from "../node/node-types.ts";
import { Waiting } from "../reactor/waiting.ts";
import { KeepsHandleAlive } from "./keeps-handle-alive.ts";
import { SharedPush } from "./shared-push.ts";

/** What all readers of the standard input read from: Node's stream, which is never destroyed. */
let input: NodeBytes | null = null;

/** One reads at a time. */
const READING = new Side("read");

class Stdin extends Reader {
  private isClosed: boolean;

  constructor() {
    super(READING);
    this.isClosed = false;
  }

  override get inspected(): InspectionTarget {
    return { kind: "stdin", key: this };
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    if (this.isClosed) throw new ClosedError("this reader of the standard input");
    input ??= new NodeBytes(process.stdin, new KeepsHandleAlive(process.stdin));
    return input.poll(cx, buf);
  }

  override cancelRead(): void {
    input?.cancel();
  }

  override close(): void {
    this.isClosed = true;
  }
}

class Output extends Writer {
  private readonly kind: string;
  private readonly shared: () => SharedPush;
  private readonly waiting: Waiting;
  private isClosed: boolean;

  constructor(kind: string, shared: () => SharedPush) {
    super();
    this.kind = kind;
    this.shared = shared;
    this.waiting = new Waiting(KEEPS_NOTHING_ALIVE);
    this.isClosed = false;
  }

  override get inspected(): InspectionTarget {
    return { kind: this.kind, key: this };
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.open().pollWrite(cx, this.waiting, buf);
  }

  override pollFlush(cx: Context): Poll<void> {
    return this.open().pollFlush(cx, this.waiting);
  }

  /** The same as `pollFlush`: the process has but one, which others use too. */
  override pollShutdown(cx: Context): Poll<void> {
    return this.pollFlush(cx);
  }

  override cancelWrite(): void {
    this.shared().cancel(this.waiting);
  }

  override close(): void {
    this.isClosed = true;
    this.waiting.wake();
  }

  private open(): SharedPush {
    if (this.isClosed) throw new ClosedError(`this writer to the ${this.kind}`);
    return this.shared();
  }
}

/** Made when it is first asked for: Node opens its streams then. */
function pushOf(stream: () => NodeWritable): () => SharedPush {
  let push: SharedPush | null = null;
  return () => {
    push ??= new SharedPush(stream());
    return push;
  };
}

const out = pushOf(() => process.stdout);
const err = pushOf(() => process.stderr);

/**
 * The standard input of the process, over `process.stdin`: a terminal, a pipe or a file. It keeps the process alive only
 * while somebody reads. Of all that are made, one reads at a time; what one of them has not taken is the next one's. To
 * close it leaves the input open. Who reads `process.stdin` too gets bytes that are missing here.
 *
 * @example
 * ```ts no-run
 * const main = co(function* () {
 *   yield* new BufReader(stdin()).lines().forEach((line) => console.log(line.length));
 * });
 * await run(main());
 * ```
 */
export function stdin(): Reader {
  return new Stdin();
}

/**
 * The standard output of the process, over `process.stdout`, which may be used beside it. Any number of writers may be made,
 * one for each task. A write waits while more than
 * Node's high-water mark is unsent; to a terminal or a file Node writes at once, and blocks meanwhile. `flush` and
 * `shutdown` wait until the system has what was written. To close it leaves the output open. Where the other side is gone,
 * a write fails with `EPIPE`.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const out = stdout();
 *   yield* out.writeAll(new TextEncoder().encode(""));
 *   yield* out.flush();
 * });
 * await run(main());
 * ```
 */
export function stdout(): Writer {
  return new Output("stdout", out);
}

/**
 * The standard error output of the process; see {@link stdout}.
 *
 * @example
 * ```ts
 * yield* stderr().flush();
 * ```
 */
export function stderr(): Writer {
  return new Output("stderr", err);
}
