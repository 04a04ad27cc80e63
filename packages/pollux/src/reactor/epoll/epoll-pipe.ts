import { UnsupportedError } from "../../core/errors.ts";
import type { Poll } from "../../core/poll.ts";
import type { ByteSource } from "../source.ts";
import { EPOLLET, EPOLLIN, EPOLLOUT } from "./constants.ts";
import { EpollByteStream } from "./epoll-byte-stream.ts";
import type { EpollParts } from "./epoll-parts.ts";

/** One end of a pipe, or both of a named one. */
export class EpollPipe extends EpollByteStream implements ByteSource {
  private constructor(parts: EpollParts) {
    super(parts, "the pipe");
  }

  /** @throws the system's error, the descriptor being closed */
  static of(parts: EpollParts, fd: number): EpollPipe {
    const pipe = new EpollPipe(parts);
    const descriptor = pipe.opened(fd);
    try {
      descriptor.register(EPOLLIN | EPOLLOUT | EPOLLET);
    } catch (error) {
      pipe.close();
      throw error;
    }
    return pipe;
  }

  protected override tryConnect(): Poll<void> {
    // It is open from the beginning.
  }

  /** Whoever writes to a named pipe next comes after an end. */
  protected override get endsForGood(): boolean {
    return false;
  }

  protected override readInto(fd: number, buf: Uint8Array, flags: number): number {
    if (flags !== 0) throw new UnsupportedError("peek of a pipe", "what is read from it is gone");
    return this.native.read(fd, buf, 0, buf.length);
  }

  /** It cannot be looked into: the event is taken at its word. */
  protected override peekByte(): number {
    return 1;
  }

  /** Nothing that was written is lost by a close. */
  protected override hasUnread(): boolean {
    return false;
  }

  protected override writeFrom(fd: number, buf: Uint8Array): number {
    return this.native.write(fd, buf, 0, buf.length);
  }

  /** The end of a pipe is that nobody has it open to write to. */
  protected override endWriting(): void {
    this.releaseDescriptor();
  }
}
