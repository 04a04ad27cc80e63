import type { Context } from "../core/context.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { WriteOperation, type WriteSide } from "../io/operation.ts";
import { checkWhole } from "./check.ts";

/** An open file, such as a `FileHandle` of `node:fs/promises`. */
export interface OpenFile {
  readonly fd: number;
}

interface FileSink extends WriteSide {
  pollSendFile(cx: Context, file: number, count: number): Poll<number>;
}

/** The most that is asked for in one call. */
const PIECE = 0x7fff_f000;

/** @internal */
export class SendFile extends WriteOperation<number, FileSink> {
  private readonly file: number;
  private left: number;
  private sent = 0;

  constructor(stream: FileSink, file: number, count: number) {
    super(stream);
    this.file = file;
    this.left = count;
  }

  protected override get what(): string {
    return "sendFile()";
  }

  protected override attempt(stream: FileSink, cx: Context): Poll<number> {
    while (this.left > 0) {
      const size = stream.pollSendFile(cx, this.file, Math.min(this.left, PIECE));
      if (size === Pending) return Pending;
      if (size === 0) break;
      this.left -= size;
      this.sent += size;
    }
    return this.sent;
  }
}

/**
 * The descriptor of a file that is to be sent.
 *
 * @internal
 */
export function checkFile(file: OpenFile | number, count: number | undefined): number {
  const fd = typeof file === "object" && file !== null ? file.fd : file;
  if (typeof fd !== "number") throw new TypeError("sendFile needs an open file: { fd } or a descriptor");
  checkWhole("the descriptor", fd, 0, "descriptors");
  checkWhole("count", count, 0, "bytes");
  return fd;
}
