import { InvalidDataError, TooLongError, UnexpectedEofError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import type { ByteQueue } from "./byte-queue.ts";
import { checkBytes, checkSize } from "./check.ts";
import type { Codec } from "./codec.ts";
import { FRAME_LIMIT } from "./limit.ts";

/** How a frame says its length. All are numbers of bytes. */
export interface LengthDelimitedOptions {
  /** The size of the length: 1 to 8; 4 unless said otherwise. */
  lengthFieldLength?: number;
  /** What comes before it; 0 unless said otherwise. Only where frames are read. */
  lengthFieldOffset?: number;
  /**
   * What is to be added to the length, to get that of the frame, from behind what is skipped: -4 where the length counts
   * its own four bytes. 0 unless said otherwise.
   */
  lengthAdjustment?: number;
  /** How much of the beginning is not given with the frame: all up to and with the length, unless said otherwise. */
  skip?: number;
  /** Whether the least significant byte of the length comes first; `false` unless said otherwise. */
  littleEndian?: boolean;
  /** The most that a frame may have, from behind what is skipped; 8 MiB unless said otherwise, or what the length can say, if that is less. */
  maxFrameLength?: number;
}

/** Made by {@link lengthDelimited}. */
export class LengthDelimitedCodec implements Codec<Uint8Array> {
  private readonly size: number;
  private readonly offset: number;
  private readonly adjustment: number;
  private readonly skip: number;
  private readonly littleEndian: boolean;
  private limit = 0;
  /** Of the frame whose head has been taken out: the bytes that follow; or -1. */
  private rest = -1;
  /** Bytes of a frame that was too long, and is read over. */
  private discarding = 0;

  /** @internal */
  constructor(options: LengthDelimitedOptions) {
    this.size = checkSize("lengthFieldLength", options.lengthFieldLength ?? 4, 1);
    if (this.size > 8) throw new RangeError(`lengthFieldLength must be 1 to 8 bytes, not ${this.size}`);
    this.offset = checkSize("lengthFieldOffset", options.lengthFieldOffset ?? 0, 0);
    this.adjustment = checkSize("lengthAdjustment", options.lengthAdjustment ?? 0, Number.MIN_SAFE_INTEGER);
    this.skip = checkSize("skip", options.skip ?? this.offset + this.size, 0);
    this.littleEndian = options.littleEndian ?? false;
    if (typeof this.littleEndian !== "boolean")
      throw new TypeError(`littleEndian must be true or false, not ${typeof this.littleEndian}`);
    this.maxFrameLength = options.maxFrameLength ?? FRAME_LIMIT;
  }

  /**
   * The most bytes that a frame may have. Set anew, it holds from the next frame on; it is never more
   * than what the length can say.
   *
   * @throws TypeError, RangeError if it is no number of bytes
   */
  get maxFrameLength(): number {
    return this.limit;
  }

  set maxFrameLength(limit: number) {
    const sayable = Math.min(256 ** this.size - 1, Number.MAX_SAFE_INTEGER);
    const most = Math.min(Math.max(0, sayable + this.adjustment), Number.MAX_SAFE_INTEGER);
    this.limit = Math.min(checkSize("maxFrameLength", limit, 0), most);
  }

  /** Takes the next frame, if it is all there. */
  decode(queue: ByteQueue): Poll<Uint8Array> {
    this.discard(queue);
    if (this.rest < 0) this.decodeHead(queue);
    // No room is made for the rest: the length is only what the other side says.
    if (this.rest < 0 || queue.length < this.rest) return Pending;
    const size = this.rest;
    this.rest = -1;
    return queue.take(size);
  }

  /** The same, where no more bytes come: what is left and no frame is an error. */
  decodeEnd(queue: ByteQueue): Poll<Uint8Array> {
    const frame = this.decode(queue);
    if (frame === Pending && (queue.length > 0 || this.rest >= 0)) throw new UnexpectedEofError("a frame");
    return frame;
  }

  /** Takes the head out, as far as it is not given with the frame, once it is whole. */
  private decodeHead(queue: ByteQueue): void {
    const { offset, size, skip } = this;
    if (queue.length < Math.max(offset + size, skip)) return;
    const said = queue.uintAt(offset, size, this.littleEndian);
    const length = said + this.adjustment;
    if (length < 0)
      throw new InvalidDataError(`a frame says that its length is ${said}, which is less than its head`);
    if (length > this.limit) {
      this.discarding = skip + length;
      this.discard(queue);
      throw new TooLongError("the frame", this.limit);
    }
    queue.advance(skip);
    this.rest = length;
  }

  /** Reads over what is left of a frame that was too long. */
  private discard(queue: ByteQueue): void {
    if (this.discarding === 0) return;
    const size = Math.min(this.discarding, queue.length);
    queue.advance(size);
    this.discarding -= size;
  }

  /** Puts the frame, with its length, into the queue. */
  encode(frame: Uint8Array, queue: ByteQueue): void {
    checkBytes(frame, "a frame");
    if (frame.length > this.limit) throw new TooLongError("the frame to be written", this.limit);
    const said = frame.length - this.adjustment;
    if (said < 0)
      throw new RangeError(
        `a frame of ${frame.length} bytes is too short: its length would be ${said}, for an adjustment of ${this.adjustment}`,
      );
    queue.appendUint(said, this.size, this.littleEndian);
    queue.append(frame);
  }
}

/**
 * Frames that begin with their length.
 *
 * A frame that is longer than `maxFrameLength` is a `TooLongError`: where it is read, it is left out, and those behind it
 * follow. A length that makes no sense is an `InvalidDataError`, after which there is only `End`: nobody knows where the
 * next frame begins. A codec belongs to one stream.
 *
 * @throws TypeError, RangeError for options that make no sense
 *
 * @example
 * ```ts
 * const bytes = new BytesWriter();
 * yield* new FramedWrite(bytes, lengthDelimited({ lengthFieldLength: 2 })).send(Uint8Array.of(7, 8, 9));
 * console.log(bytes.bytes); // Uint8Array(5) [ 0, 3, 7, 8, 9 ]
 * ```
 */
export function lengthDelimited(options: LengthDelimitedOptions = {}): LengthDelimitedCodec {
  return new LengthDelimitedCodec(options);
}
