import { close, fchmod, fdatasync, fstat, fstatSync, fsync, ftruncate, open, read } from "node:fs";
import type { Context } from "../core/context.ts";
import { ClosedError, UnsupportedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import type { InspectionTarget } from "../core/inspection.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { AsyncSeek, SeekFrom } from "../io/async-seek.ts";
import { checkBytes, checkRoom, checkSize } from "../io/check.ts";
import { Duplex } from "../io/duplex.ts";
import { checkSeek, positionOf } from "../io/seek.ts";
import { Side } from "../io/side.ts";
import type { FileStats } from "../node/node-types.ts";
import { Descriptor } from "./descriptor.ts";
import { FileReading } from "./file-reading.ts";
import { FileSeek } from "./file-seek.ts";
import { FileWriting } from "./file-writing.ts";
import { type Opening, type OpenOptions, openingOf } from "./open-options.ts";
import { checkMode, checkPath, type FilePath } from "./path.ts";
import { Position } from "./position.ts";
import { type Done, Request, type RequestSpec } from "./request.ts";
import { writeWhole } from "./write-whole.ts";

/**
 * An open file. It has one position, from which `read` and `write` go on; `readAt` and `writeAt` have their own. Where
 * there are no positions, as in a pipe or a terminal, it is read and written as it comes.
 *
 * The work is done in the threads of libuv's pool, of which there are four (`UV_THREADPOOL_SIZE`): so many operations of
 * all files run at a time, and others wait for their turn. An operation that a thread has begun cannot be stopped. A pipe
 * or a terminal that is opened as a file keeps its thread until there is something to read.
 *
 * A `write` is taken over into a buffer, and a thread writes it: it goes on also when whoever wrote has been cancelled. So
 * a failure, such as `ENOSPC`, is thrown by the next `write`, `flush`, `sync` or `finish`. `close` closes the file when the
 * threads have done with it; end with `finish`, which says whether that went well.
 *
 * @example
 * ```ts
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { co, File, remove, run } from "pollux";
 *
 * const path = join(tmpdir(), `pollux-${process.pid}.txt`);
 * const main = co(function* () {
 *   const file = yield* File.open(path, { flags: "w+" });
 *   try {
 *     yield* file.writeAll(new TextEncoder().encode("hello, file"));
 *     yield* file.seek(7);
 *     console.log(yield* file.readToString()); // "file"
 *     yield* file.finish();
 *   } finally {
 *     file.close();
 *   }
 *   yield* remove(path);
 * });
 * await run(main());
 * ```
 */
export class File extends Duplex implements AsyncSeek {
  private readonly path: string;
  private readonly descriptor: Descriptor;
  private readonly location: Position;
  private readonly input: FileReading;
  private readonly output: FileWriting;
  /** @internal */
  readonly seeking: Side;
  /** What a `seek` from the end waits for. */
  private sizing: Future<FileStats> | null;

  /** @internal */
  constructor(
    fd: number,
    path: string,
    isSeekable: boolean,
    { isAppending, piece }: Pick<Opening, "isAppending" | "piece">,
  ) {
    super();
    this.path = path;
    this.descriptor = new Descriptor(fd);
    this.location = new Position(isSeekable);
    this.output = new FileWriting(this.descriptor, this.location, isAppending, piece);
    this.input = new FileReading(this.descriptor, this.location, this.output, piece);
    this.output.onIdle = () => this.input.waiting.wake();
    this.seeking = new Side("seek");
    this.sizing = null;
  }

  /**
   * Opens a file, to read unless the flags say otherwise.
   *
   * Fails with the system's error: `ENOENT`, `EACCES`, `EEXIST`, `EISDIR`, `EMFILE`.
   *
   * **Cancel safety.** Safe: the file is closed as soon as it is open. Where the flags have it made or emptied, that may have
   * happened, and the cancel waits until it has or never will; else nobody waits any more.
   *
   * @throws TypeError, RangeError for a path or options that make no sense
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   try {
   *     yield* File.open("/no/such/file");
   *   } catch (error) {
   *     console.log((error as { code?: string }).code); // "ENOENT"
   *   }
   * });
   * await run(main());
   * ```
   */
  static open(path: FilePath, options: OpenOptions = {}): Future<File> {
    checkPath("File.open", path);
    return openFile("File.open", path, openingOf("File.open", options));
  }

  /**
   * Opens a file to write; it is made, or emptied. The same as {@link File.open} with the flags `"w"`.
   *
   * **Cancel safety.** As that of {@link File.open}.
   */
  static create(path: FilePath, options: Omit<OpenOptions, "flags"> = {}): Future<File> {
    checkPath("File.create", path);
    return openFile("File.create", path, openingOf("File.create", { ...options, flags: "w" }));
  }

  /**
   * Makes a file, to write and to read; fails with `EEXIST` if there is something. The same as {@link File.open} with the
   * flags `"wx+"`.
   *
   * **Cancel safety.** As that of {@link File.open}.
   */
  static createNew(path: FilePath, options: Omit<OpenOptions, "flags"> = {}): Future<File> {
    checkPath("File.createNew", path);
    return openFile("File.createNew", path, openingOf("File.createNew", { ...options, flags: "wx+" }));
  }

  /**
   * Takes over a descriptor that was opened elsewhere; its position counts from the start of the file.
   *
   * @param options - `flags`, if they are those to append; `maxBufferSize`
   * @throws TypeError, RangeError for arguments that make no sense, the system's `EBADF` for what is not open
   */
  static fromFd(fd: number, options: Omit<OpenOptions, "mode"> = {}): File {
    checkSize("fd", fd, 0);
    const opening = openingOf("File.fromFd", options);
    return new File(fd, `fd ${fd}`, isSeekable(fstatSync(fd)), opening);
  }

  /** Its descriptor. To close it is this object's affair: see {@link intoFd}. */
  get fd(): number {
    return this.descriptor.fd;
  }

  get isClosed(): boolean {
    return this.descriptor.isClosed;
  }

  /** Where the next `read` or `write` goes, in bytes from the start; those of a file to append to go to its end. */
  get position(): number {
    return this.location.offset;
  }

  /** @internal */
  override get inspected(): InspectionTarget {
    return { kind: "file", name: this.path, key: this };
  }

  override pollRead(cx: Context, buf: Uint8Array): Poll<number> {
    return this.input.poll(cx, buf);
  }

  override cancelRead(): void {
    this.input.waiting.end();
  }

  override pollWrite(cx: Context, buf: Uint8Array): Poll<number> {
    return this.output.pollWrite(cx, [buf]);
  }

  override get isWriteVectored(): boolean {
    return true;
  }

  override pollWriteVectored(cx: Context, bufs: readonly Uint8Array[]): Poll<number> {
    return this.output.pollWrite(cx, bufs);
  }

  /** Ready once the system has what was written. {@link sync} says when the disk has it. */
  override pollFlush(cx: Context): Poll<void> {
    return this.output.pollIdle(cx);
  }

  /** The same as `pollFlush`: a file has no other side that reads an end. */
  override pollShutdown(cx: Context): Poll<void> {
    return this.output.pollIdle(cx);
  }

  override cancelWrite(): void {
    this.output.waiting.end();
  }

  /**
   * Moves to `offset` bytes from the start, from where it is, or from the end, and gives the new position.
   *
   * Fails with `RangeError` if that would be before the start, with `UnsupportedError` where there are no positions.
   *
   * **Cancel safety.** Safe: it has moved, or it has not.
   *
   * @throws TypeError, RangeError for arguments that make no sense
   */
  seek(offset: number, from: SeekFrom = "start"): Future<number> {
    checkSeek(offset, from);
    return new FileSeek(this, offset, from);
  }

  pollSeek(cx: Context, offset: number, from: SeekFrom): Poll<number> {
    const { location } = this;
    this.descriptor.check();
    if (!location.isSeekable)
      throw new UnsupportedError(`seek in ${this.path}`, "it is no regular file, and is read as it comes");
    let end = 0;
    if (from === "end") {
      this.sizing ??= this.stat();
      const stats = this.pollSize(cx, this.sizing);
      if (stats === Pending) return Pending;
      end = stats.size;
    } else if (!cx.takeBudget()) return Pending;
    const position = positionOf(offset, from, location.offset, end);
    if (position !== location.offset) location.moveTo(position);
    return position;
  }

  private pollSize(cx: Context, sizing: Future<FileStats>): Poll<FileStats> {
    let poll: Poll<FileStats> = Pending;
    let isOver = true;
    try {
      poll = sizing.poll(cx);
      isOver = poll !== Pending;
    } finally {
      if (isOver) this.sizing = null;
    }
    return poll;
  }

  /** @internal */
  cancelSeek(cx: Context): Poll<void> {
    const { sizing } = this;
    this.sizing = null;
    return sizing?.cancel(cx);
  }

  /**
   * Reads from `position`, in bytes from the start, and leaves the file's own position as it is. Gives the number of bytes:
   * at least 1, or 0 at the end of the file. Any number of these may run at a time.
   *
   * **Cancel safety.** Safe: the cancel waits until the system has let go of `buf`.
   *
   * @throws TypeError, RangeError for arguments that make no sense
   *
   * @example
   * ```ts
   * const main = co(function* () {
   *   const file = yield* File.open(process.execPath);
   *   const magic = new Uint8Array(3);
   *   yield* file.readAt(magic, 1);
   *   console.log(new TextDecoder().decode(magic)); // "ELF"
   *   file.close();
   * });
   * await run(main());
   * ```
   */
  readAt(buf: Uint8Array, position: number): Future<number> {
    checkRoom(buf, "readAt");
    checkSize("position", position, 0);
    return this.request("readAt", true, (fd, done) => {
      read(fd, buf, 0, buf.length, position, (error, count) => done(error, count));
    });
  }

  /**
   * Writes all of `buf` to `position`, in bytes from the start, and leaves the file's own position as it is. Any number of
   * these may run at a time. In a file that was opened to append, the bytes go to its end.
   *
   * **Cancel safety.** Not safe: nobody knows whether it was written. The cancel waits until the system has let go of `buf`.
   *
   * @throws TypeError, RangeError for arguments that make no sense
   */
  writeAt(buf: Uint8Array, position: number): Future<void> {
    checkBytes(buf, "writeAt");
    checkSize("position", position, 0);
    return this.request("writeAt", true, (fd, done) => {
      this.location.version++;
      writeWhole(fd, buf, position, done);
    });
  }

  /**
   * Makes the file `size` bytes long: cuts it, or fills it with zeros. The position stays as it is.
   *
   * **Cancel safety.** Not safe: nobody knows whether it was done. The cancel waits until it is known to the system.
   *
   * @throws TypeError, RangeError for a size that makes no sense
   */
  truncate(size = 0): Future<void> {
    checkSize("size", size, 0);
    return this.request("truncate", true, (fd, done) => {
      this.location.version++;
      ftruncate(fd, size, (error) => done(error, undefined));
    });
  }

  /**
   * Waits until all that was written, and what is known of the file, is on the disk (`fsync`).
   *
   * Fails with what a write before it has failed with.
   *
   * **Cancel safety.** Safe: the system goes on, and the cancel waits for it.
   */
  sync(): Future<void> {
    return this.request("sync", true, (fd, done) => {
      this.afterFailure(done, () => fsync(fd, (error) => done(error, undefined)));
    });
  }

  /** As {@link sync}, without what is only known of the file, such as its times (`fdatasync`). */
  datasync(): Future<void> {
    return this.request("datasync", true, (fd, done) => {
      this.afterFailure(done, () => fdatasync(fd, (error) => done(error, undefined)));
    });
  }

  /**
   * Size, times, kind and permissions.
   *
   * **Cancel safety.** Safe: nobody waits any more.
   */
  stat(): Future<FileStats> {
    return this.request("stat", false, (fd, done) => fstat(fd, done));
  }

  /**
   * Changes the permissions.
   *
   * **Cancel safety.** Not safe: nobody knows whether it was done. The cancel waits until it is known to the system.
   *
   * @throws TypeError, RangeError for permissions that make no sense
   */
  chmod(mode: number): Future<void> {
    checkMode("chmod", mode);
    return this.request("chmod", true, (fd, done) => fchmod(fd, mode, (error) => done(error, undefined)));
  }

  /**
   * Waits until nothing is being written, and gives the descriptor to the caller, who is to close it. This file is closed.
   *
   * Fails with what a write has failed with.
   *
   * **Cancel safety.** Safe: the file is as it was.
   */
  intoFd(): Future<number> {
    return new Request<number>({
      op: "intoFd",
      about: this.path,
      finishes: false,
      start: this.onceUsable((done) => {
        this.afterFailure(done, () => {
          this.descriptor.release();
          done(null, this.fd);
        });
      }),
      // Nobody is left to hear of a failure.
      tooLate: (fd) => close(fd),
    });
  }

  /**
   * Waits until all that was written is with the system, and closes the file.
   *
   * Fails with what a write has failed with, or the close; the file is closed all the same.
   *
   * **Cancel safety.** Safe: it goes on, and the cancel waits for it.
   */
  finish(): Future<void> {
    return new Request<void>({
      op: "finish",
      about: this.path,
      finishes: true,
      start: (done) => {
        this.closeAndWait().then(
          () => done(null, undefined),
          (error) => done(error, undefined),
        );
      },
    });
  }

  /**
   * Closes the file as soon as the threads have done with it. What was taken over is still written; if that fails, or the
   * close, the host reports it as a rejection that nobody handles. Whoever waits gets `ClosedError`. Idempotent.
   */
  override close(): void {
    this.closeAndWait();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAndWait();
  }

  private closeAndWait(): Promise<void> {
    const closing = this.descriptor.close(() => this.output.takeFailure());
    this.input.waiting.wake();
    this.output.waiting.wake();
    return closing;
  }

  /** An operation on the descriptor, once what was written before is with the system. */
  private request<T>(op: string, finishes: boolean, call: (fd: number, done: Done<T>) => void): Future<T> {
    return new Request<T>({
      op,
      about: this.path,
      finishes,
      start: this.onceUsable((done) => {
        this.descriptor.enter();
        call(this.fd, (error, value) => {
          done(error, value);
          this.descriptor.leave();
        });
      }),
    });
  }

  /** Begins once nothing is being written, unless it has been given up by then, or the file closed. */
  private onceUsable<T>(go: (done: Done<T>) => void): RequestSpec<T>["start"] {
    return (done, isGivenUp) =>
      this.output.whenIdle(() => {
        // Nobody looks at the value then; where there is an error there is none.
        const nothing = undefined as T;
        if (this.isClosed || isGivenUp()) done(new ClosedError("this file"), nothing);
        else go(done);
      });
  }

  private afterFailure<T>(done: Done<T>, go: () => void): void {
    const failure = this.output.takeFailure();
    if (failure === null) go();
    // Where there is an error there is no value.
    else done(failure, undefined as T);
  }
}

/** Whether it has positions. */
function isSeekable(stats: FileStats): boolean {
  return stats.isFile() || stats.isBlockDevice();
}

/** @internal */
export function openFile(op: string, path: FilePath, opening: Opening): Future<File> {
  const name = String(path);
  return new Request<File>({
    op,
    about: name,
    finishes: opening.isChanging,
    start: (done) => {
      open(path, opening.flags, opening.mode, (error, fd) => {
        // Without a value where there is an error.
        if (error !== null) return done(error, undefined as never);
        return fstat(fd, (error, stats) => {
          if (error === null) return done(null, new File(fd, name, isSeekable(stats), opening));
          return close(fd, () => done(error, undefined as never));
        });
      });
    },
    tooLate: (file) => file.close(),
  });
}
