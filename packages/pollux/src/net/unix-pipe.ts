import type { Context } from "../core/context.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import type { Poll } from "../core/poll.ts";
import { checkBytes, checkRoom } from "../io/check.ts";
import { Reader } from "../io/reader.ts";
import { Writer } from "../io/writer.ts";
import type { ByteSource } from "../reactor/source.ts";
import { attempt } from "./attempt.ts";
import { checkFlag, checkWhole } from "./check.ts";
import { localReactor } from "./local-reactor.ts";
import { opened } from "./open.ts";
import { Readable, Writable } from "./ready.ts";

/** How a named pipe is opened. */
export interface PipeOptions {
  /**
   * Whether it is opened to read and to write (Linux): then a writer can open it before any reader does, and a reader sees
   * no end when the last writer goes. Default `false`.
   */
  readWrite?: boolean;
}

/**
 * The end of a pipe that is read from. 0 bytes are the end: nobody has it open to write to. A named pipe may go on after it,
 * when somebody writes to it again; on Node's reactor it does not.
 */
export class PipeReader extends Reader {
  private readonly source: ByteSource;

  /** @internal */
  constructor(source: ByteSource) {
    super();
    this.source = source;
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    return { kind: "pipe reader", key: this };
  }

  /**
   * Opens a named pipe to read from. Nobody need write to it yet.
   *
   * Fails with the system's error: `ENOENT`, `EACCES`; with `TypeError` if something else is at the path.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError if the path is no string
   */
  static open(path: string, options: PipeOptions = {}): Future<PipeReader> {
    return openNamed("PipeReader", path, options, "read", (source) => new PipeReader(source));
  }

  /**
   * Takes over a pipe of this process: it is the reader's to close, and must be nobody else's.
   *
   * Fails with the system's error: `EBADF`, also if it is not open for that; `EPERM` for a file. It is left alone then.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError, RangeError for what is no number of a descriptor
   */
  static fromFd(fd: number): Future<PipeReader> {
    return adopt("PipeReader", fd, "read", (source) => new PipeReader(source));
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollRead(cx, buf);
  }

  /** Ready when `pollRead` would be. */
  pollReadReady(cx: Context): Poll<void> {
    return this.source.pollReadReady(cx);
  }

  override cancelRead(): void {
    this.source.cancelRead();
  }

  /**
   * Copies what is there into `buf`, as `read` does, and does not wait.
   *
   * @throws WouldBlockError if nothing is there
   * @throws FutureInUseError while another read waits
   */
  tryRead(buf: Uint8Array): number {
    checkRoom(buf, "tryRead");
    return attempt(this.reading, "read", () => this.source.tryRead(buf));
  }

  /**
   * Waits until there is something to read: bytes, the end, or a failure. It takes the place of a `read`.
   *
   * **Cancel safety.** Safe.
   */
  readable(): Future<void> {
    return new Readable(this);
  }

  /**
   * Closes this end and gives its descriptor, which stays open and is the caller's to close.
   *
   * @throws UnsupportedError on Node's reactor
   * @throws ClosedError after a close
   */
  intoFd(): number {
    return this.source.detach();
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  override close(): void {
    this.source.close();
  }
}

/** The end of a pipe that is written to. Once nobody reads any more, writing fails with `EPIPE`. */
export class PipeWriter extends Writer {
  private readonly source: ByteSource;

  /** @internal */
  constructor(source: ByteSource) {
    super();
    this.source = source;
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    return { kind: "pipe writer", key: this };
  }

  /**
   * Opens a named pipe to write to.
   *
   * Fails with the system's error: `ENXIO` if nobody has it open to read from (open it with `readWrite`, or try again),
   * `ENOENT`, `EACCES`; with `TypeError` if something else is at the path.
   *
   * **Cancel safety.** Safe: it does not wait.
   *
   * @throws TypeError if the path is no string
   */
  static open(path: string, options: PipeOptions = {}): Future<PipeWriter> {
    return openNamed("PipeWriter", path, options, "write", (source) => new PipeWriter(source));
  }

  /** As {@link PipeReader.fromFd}: takes over a pipe of this process to write to. */
  static fromFd(fd: number): Future<PipeWriter> {
    return adopt("PipeWriter", fd, "write", (source) => new PipeWriter(source));
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.source.pollWrite(cx, buf);
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.source.pollWriteVectored(cx, bufs);
  }

  /** Ready when `pollWrite` would be. */
  pollWriteReady(cx: Context): Poll<void> {
    return this.source.pollWriteReady(cx);
  }

  /** What a write has taken over is in the pipe: nothing is held back. */
  override pollFlush(): Poll<void> {
    return undefined;
  }

  override pollShutdown(cx: Context): Poll<void> {
    return this.source.pollShutdown(cx);
  }

  override cancelWrite(): void {
    this.source.cancelWrite();
  }

  /**
   * Takes over some bytes from the start of `buf`, as `write` does, and does not wait.
   *
   * @throws WouldBlockError if the pipe is full
   * @throws FutureInUseError while another write waits
   */
  tryWrite(buf: Uint8Array): number {
    checkBytes(buf, "tryWrite");
    return attempt(this.writing, "written", () => this.source.tryWrite(buf));
  }

  /** As {@link tryWrite}, from several buffers in their order. */
  tryWriteVectored(bufs: readonly Uint8Array[]): number {
    for (const buf of bufs) checkBytes(buf, "tryWriteVectored");
    return attempt(this.writing, "written", () => this.source.tryWriteVectored(bufs));
  }

  /**
   * Waits until something can be written, or writing fails. It takes the place of a `write`.
   *
   * **Cancel safety.** Safe.
   */
  writable(): Future<void> {
    return new Writable(this);
  }

  /**
   * Closes this end and gives its descriptor, which stays open and is the caller's to close.
   *
   * @throws UnsupportedError on Node's reactor
   * @throws ClosedError after a close
   */
  intoFd(): number {
    return this.source.detach();
  }

  get isClosed(): boolean {
    return this.source.isClosed;
  }

  override close(): void {
    this.source.close();
  }
}

/**
 * A pipe of the system: what is written to the second end can be read from the first. Between tasks of one thread a channel
 * costs less; this is for what wants a descriptor.
 *
 * Fails with the system's error (`EMFILE`), and with `UnsupportedError` on Node's reactor, which cannot make one.
 *
 * **Cancel safety.** Safe: it does not wait.
 *
 * @example
 * ```ts
 * const main = co(function* () {
 *   const [reader, writer] = yield* unixPipe();
 *   yield* writer.writeAll(new TextEncoder().encode("hello"));
 *   writer.close();
 *   const buf = new Uint8Array(16);
 *   console.log(yield* reader.read(buf), yield* reader.read(buf)); // 5 0
 *   reader.close();
 * });
 * await run(main());
 * ```
 */
export function unixPipe(): Future<[PipeReader, PipeWriter]> {
  return opened("unixPipe()", (runtime) => {
    const [reader, writer] = localReactor(runtime, "unixPipe()").pipe();
    return [new PipeReader(reader), new PipeWriter(writer)];
  });
}

/** Which end of a pipe it is, by what is done to it. */
type Direction = "read" | "write";

function openNamed<P>(
  end: string,
  path: string,
  { readWrite }: PipeOptions,
  direction: Direction,
  make: (source: ByteSource) => P,
): Future<P> {
  if (typeof path !== "string") throw new TypeError(`a named pipe has a path; got ${typeof path}`);
  checkFlag("readWrite", readWrite);
  const mode = readWrite === true ? "readWrite" : direction;
  return opened(`${end}.open()`, (runtime) => make(localReactor(runtime, end).openPipe(path, mode)));
}

function adopt<P>(end: string, fd: number, direction: Direction, make: (source: ByteSource) => P): Future<P> {
  checkWhole("a descriptor", fd, 0, "descriptors");
  const what = `${end}.fromFd()`;
  return opened(what, (runtime) => make(localReactor(runtime, what).adoptPipe(fd, direction)));
}
