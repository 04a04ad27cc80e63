import { expect, test } from "vitest";
import { TooLongError, UnexpectedEofError, WriteZeroError } from "../../../src/core/errors.ts";
import { Pending } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import { ByteQueue } from "../../../src/io/byte-queue.ts";
import { FramedRead } from "../../../src/io/framed-read.ts";
import { FramedWrite } from "../../../src/io/framed-write.ts";
import { type LengthDelimitedOptions, lengthDelimited } from "../../../src/io/length-delimited.ts";
import { TestContext } from "../../support/context.ts";
import { type Step, StepReader, StepWriter, text, utf8 } from "../../support/io.ts";

const cx = new TestContext();

/** Frames out of what is read. */
function reading(options: LengthDelimitedOptions, ...steps: Step[]) {
  const codec = lengthDelimited(options);
  const frames = new FramedRead(new StepReader(...steps), codec);
  /** The next frame as text, the class of an error, `Pending` or `End`. */
  const next = (): unknown => {
    try {
      const frame = frames.pollNext(cx);
      return frame === Pending || frame === End ? frame : text(frame);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return error.constructor;
    }
  };
  return { codec, next, all: (count: number) => Array.from({ length: count }, next) };
}

/** Frames to what is written. */
function writing(options: LengthDelimitedOptions, ...steps: (Step | "flush")[]) {
  const codec = lengthDelimited(options);
  const writer = new StepWriter(...steps);
  const frames = new FramedWrite(writer, codec);
  return { codec, writer, frames };
}

test("read_empty_io_yields_nothing: of nothing there is no frame", () => {
  expect(reading({}).all(1)).toEqual([End]);
});

test("read_single_frame_one_packet: a frame comes in one piece", () => {
  expect(reading({}, "\0\0\0\x09abcdefghi").all(2)).toEqual(["abcdefghi", End]);
});

test("read_single_frame_one_packet_little_endian: the least significant byte of the length may come first", () => {
  expect(reading({ littleEndian: true }, "\x09\0\0\0abcdefghi").all(2)).toEqual(["abcdefghi", End]);
});

test("read_single_multi_frame_one_packet: several frames come in one piece", () => {
  const all = "\0\0\0\x09abcdefghi\0\0\0\x03123\0\0\0\x0bhello world";
  expect(reading({}, all).all(4)).toEqual(["abcdefghi", "123", "hello world", End]);
});

test("read_single_frame_multi_packet: a frame comes in several pieces", () => {
  expect(reading({}, "\0\0", "\0\x09abc", "defghi").all(2)).toEqual(["abcdefghi", End]);
});

test("read_multi_frame_multi_packet: several frames, in pieces of their own", () => {
  const pieces = ["\0\0", "\0\x09abc", "defghi", "\0\0\0\x0312", "3\0\0\0\x0bhello world"];
  expect(reading({}, ...pieces).all(4)).toEqual(["abcdefghi", "123", "hello world", End]);
});

test("read_single_frame_multi_packet_wait: it waits for each piece", () => {
  const frames = reading({}, "\0\0", Pending, "\0\x09abc", Pending, "defghi", Pending);
  expect(frames.all(5)).toEqual([Pending, Pending, "abcdefghi", Pending, End]);
});

test("read_multi_frame_multi_packet_wait: also where the pieces are not the frames", () => {
  const frames = reading(
    {},
    "\0\0",
    Pending,
    "\0\x09abc",
    Pending,
    "defghi",
    Pending,
    "\0\0\0\x0312",
    Pending,
    "3\0\0\0\x0bhello world",
    Pending,
  );
  expect(frames.all(9)).toEqual([
    Pending,
    Pending,
    "abcdefghi",
    Pending,
    Pending,
    "123",
    "hello world",
    Pending,
    End,
  ]);
});

test("read_incomplete_head: a length that is not whole at the end is an error", () => {
  expect(reading({}, "\0\0").all(2)).toEqual([UnexpectedEofError, End]);
});

test("read_incomplete_head_multi: also after waits", () => {
  expect(reading({}, Pending, "\0", Pending).all(4)).toEqual([Pending, Pending, UnexpectedEofError, End]);
});

test("read_incomplete_payload: and so is a frame that is not whole", () => {
  expect(reading({}, "\0\0\0\x09ab", Pending, "cd", Pending).all(4)).toEqual([
    Pending,
    Pending,
    UnexpectedEofError,
    End,
  ]);
});

test("read_max_frame_len: a frame that is longer than allowed is an error", () => {
  expect(reading({ maxFrameLength: 5 }, "\0\0\0\x09abcdefghi").all(1)).toEqual([TooLongError]);
});

test("read_update_max_frame_len_at_rest: what is allowed can be changed between frames", () => {
  const frames = reading({}, "\0\0\0\x09abcdefghi", "\0\0\0\x09abcdefghi");
  expect(frames.next()).toBe("abcdefghi");
  frames.codec.maxFrameLength = 5;
  expect(frames.next()).toBe(TooLongError);
});

test("read_update_max_frame_len_in_flight: and within one it holds for the next", () => {
  const frames = reading({}, "\0\0\0\x09abcd", Pending, "efghi", "\0\0\0\x09abcdefghi");
  expect(frames.next()).toBe(Pending);
  frames.codec.maxFrameLength = 5;
  expect(frames.all(2)).toEqual(["abcdefghi", TooLongError]);
});

test("read_one_byte_length_field: a length may be one byte", () => {
  expect(reading({ lengthFieldLength: 1 }, "\x09abcdefghi").all(2)).toEqual(["abcdefghi", End]);
});

test("read_header_offset: something may come before the length", () => {
  const options = { lengthFieldLength: 2, lengthFieldOffset: 4 };
  expect(reading(options, "zzzz\0\x09abcdefghi").all(2)).toEqual(["abcdefghi", End]);
});

test("read_single_multi_frame_one_packet_skip_none_adjusted: the head may be given with the frame", () => {
  const options = { lengthFieldLength: 2, lengthFieldOffset: 2, skip: 0, lengthAdjustment: 4 };
  const frames = reading(options, "xx\0\x09abcdefghiyy\0\x03123zz\0\x0bhello world");
  expect(frames.all(4)).toEqual(["xx\0\x09abcdefghi", "yy\0\x03123", "zz\0\x0bhello world", End]);
});

test("read_single_frame_length_adjusted: what comes between the length and the frame may be skipped", () => {
  const options = { lengthFieldLength: 3, lengthAdjustment: 0, skip: 4 };
  expect(reading(options, "\0\0\x0b\x0cHello world").all(2)).toEqual(["Hello world", End]);
});

test("read_single_multi_frame_one_packet_length_includes_head: a length may count the head", () => {
  const options = { lengthFieldLength: 2, lengthAdjustment: -2 };
  const frames = reading(options, "\0\x0babcdefghi\0\x05123\0\x0dhello world");
  expect(frames.all(4)).toEqual(["abcdefghi", "123", "hello world", End]);
});

test("write_single_frame_length_adjusted: and does so where it is written", () => {
  const { frames, writer } = writing({ lengthAdjustment: -2 }, "\0\0\0\x0b", "abcdefghi", "flush");
  expect(frames.pollReady(cx)).toBe(undefined);
  frames.startSend(utf8("abcdefghi"));
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toEqual([]);
});

test("write_nothing_yields_nothing: without frames nothing is written", () => {
  expect(writing({}).frames.pollFlush(cx)).toBe(undefined);
});

test("write_single_frame_one_packet, write_single_frame_from_slice: a frame is written behind its length", () => {
  const { frames, writer } = writing({}, "\0\0\0\x09", "abcdefghi", "flush");
  frames.startSend(utf8("abcdefghi"));
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toEqual([]);
});

test("write_single_multi_frame_one_packet: several frames with one flush", () => {
  const steps = ["\0\0\0\x09", "abcdefghi", "\0\0\0\x03", "123", "\0\0\0\x0b", "hello world", "flush"];
  const { frames, writer } = writing({}, ...steps);
  for (const frame of ["abcdefghi", "123", "hello world"]) {
    expect(frames.pollReady(cx)).toBe(undefined);
    frames.startSend(utf8(frame));
  }
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toEqual([]);
});

test("write_single_multi_frame_multi_packet: several frames with a flush each", () => {
  const { frames, writer } = writing(
    {},
    "\0\0\0\x09",
    "abcdefghi",
    "flush",
    "\0\0\0\x03",
    "123",
    "flush",
    "\0\0\0\x0b",
    "hello world",
    "flush",
  );
  for (const frame of ["abcdefghi", "123", "hello world"]) {
    expect(frames.pollReady(cx)).toBe(undefined);
    frames.startSend(utf8(frame));
    expect(frames.pollFlush(cx)).toBe(undefined);
  }
  expect(writer.steps).toEqual([]);
});

test("write_single_frame_would_block: a flush that has to wait goes on where it was", () => {
  const { frames, writer } = writing({}, Pending, "\0\0", Pending, "\0\x09", "abcdefghi", "flush");
  frames.startSend(utf8("abcdefghi"));
  expect([1, 2, 3].map(() => frames.pollFlush(cx))).toEqual([Pending, Pending, undefined]);
  expect(writer.steps).toEqual([]);
});

test("write_single_frame_little_endian: the least significant byte of the length may come first", () => {
  const { frames, writer } = writing({ littleEndian: true }, "\x09\0\0\0", "abcdefghi", "flush");
  frames.startSend(utf8("abcdefghi"));
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toEqual([]);
});

test("write_single_frame_with_short_length_field: a length may be one byte", () => {
  const { frames, writer } = writing({ lengthFieldLength: 1 }, "\x09", "abcdefghi", "flush");
  frames.startSend(utf8("abcdefghi"));
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toEqual([]);
});

test("write_max_frame_len: a frame that is longer than allowed is not taken over", () => {
  const { frames } = writing({ maxFrameLength: 5 });
  expect(() => frames.startSend(utf8("abcdef"))).toThrow(TooLongError);
  expect(frames.bufferedBytes).toBe(0);
});

test("write_update_max_frame_len_at_rest: what is allowed can be changed between frames", () => {
  const { frames, codec, writer } = writing({}, "\0\0\0\x06", "abcdef", "flush");
  frames.startSend(utf8("abcdef"));
  expect(frames.pollFlush(cx)).toBe(undefined);
  codec.maxFrameLength = 5;
  expect(() => frames.startSend(utf8("abcdef"))).toThrow(TooLongError);
  expect(writer.steps).toEqual([]);
});

test("write_update_max_frame_len_in_flight: and while one is written it holds for the next", () => {
  const { frames, codec, writer } = writing({}, "\0\0\0\x06", "ab", Pending, "cdef", "flush");
  frames.startSend(utf8("abcdef"));
  expect(frames.pollFlush(cx)).toBe(Pending);
  codec.maxFrameLength = 5;
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(() => frames.startSend(utf8("abcdef"))).toThrow(TooLongError);
  expect(writer.steps).toEqual([]);
});

test("write_zero: a writer that takes nothing more is an error", () => {
  const { frames } = writing({});
  frames.startSend(utf8("abcdef"));
  expect(() => frames.pollFlush(cx)).toThrow(WriteZeroError);
});

test("encode_overflow: a queue that is full grows", () => {
  const queue = new ByteQueue(1024);
  queue.append(new Uint8Array(1024).fill(97));
  lengthDelimited().encode(utf8("hello"), queue);
  expect(queue.length).toBe(1024 + 9);
});

test("frame_does_not_fit: no more is allowed than the length can say", () => {
  expect(lengthDelimited({ lengthFieldLength: 1, maxFrameLength: 256 }).maxFrameLength).toBe(255);
});

test("runtime_max_frame_len_respects_length_field: also when it is changed, and the adjustment counts", () => {
  for (const [lengthAdjustment, most] of [
    [-1, 254],
    [0, 255],
    [1, 256],
  ] as const) {
    const codec = lengthDelimited({ lengthFieldLength: 1, lengthAdjustment });
    codec.maxFrameLength = 1000;
    expect(codec.maxFrameLength).toBe(most);
    const queue = new ByteQueue();
    codec.encode(new Uint8Array(most), queue);
    expect(queue.at(0)).toBe(255);
    const before = ByteQueue.of(utf8("prefix"));
    expect(() => codec.encode(new Uint8Array(most + 1), before)).toThrow(TooLongError);
    expect(text(before.view())).toBe("prefix");
  }
});

test("neg_adjusted_frame_does_not_fit: an adjustment below 0 leaves less", () => {
  expect(lengthDelimited({ lengthFieldLength: 1, lengthAdjustment: -1 }).maxFrameLength).toBe(254);
});

test("pos_adjusted_frame_does_not_fit: one above 0 leaves more", () => {
  expect(lengthDelimited({ lengthFieldLength: 1, lengthAdjustment: 1 }).maxFrameLength).toBe(256);
});

test("max_allowed_frame_fits, max_allowed_length_field: the largest length can be allowed", () => {
  const maxFrameLength = Number.MAX_SAFE_INTEGER;
  expect(lengthDelimited({ lengthFieldLength: 8, maxFrameLength }).maxFrameLength).toBe(maxFrameLength);
});

test("smaller_frame_len_not_adjusted: what is less than the length can say stays", () => {
  expect(lengthDelimited({ maxFrameLength: 10, lengthFieldLength: 8 }).maxFrameLength).toBe(10);
});
