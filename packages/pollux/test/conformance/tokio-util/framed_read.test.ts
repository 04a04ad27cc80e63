import { expect, test } from "vitest";
import { UnexpectedEofError } from "../../../src/core/errors.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { End } from "../../../src/core/stream-source.ts";
import type { ByteQueue } from "../../../src/io/byte-queue.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { FramedRead } from "../../../src/io/framed-read.ts";
import { TestContext } from "../../support/context.ts";
import { type Step, StepReader } from "../../support/io.ts";
import { UintCodec } from "../../support/uint-codec.ts";

/** What so many polls give; an error as its message. */
function polls<T>(framed: FramedRead<T>, count: number): unknown[] {
  return Array.from({ length: count }, () => {
    try {
      return framed.pollNext(new TestContext());
    } catch (error) {
      return error instanceof Error ? error.message : error;
    }
  });
}

const framed = (...steps: Step[]) => new FramedRead(new StepReader(...steps), new UintCodec(4));

test("read_multi_frame_in_packet: a read may bring several frames", () => {
  expect(polls(framed("\0\0\0\0\0\0\0\x01\0\0\0\x02"), 4)).toEqual([0, 1, 2, End]);
});

test("read_multi_frame_across_packets: and one each", () => {
  expect(polls(framed("\0\0\0\0", "\0\0\0\x01", "\0\0\0\x02"), 4)).toEqual([0, 1, 2, End]);
});

test("read_multi_frame_in_packet_after_codec_changed: another codec goes on where the first one was", () => {
  const first = framed("\0\0\0\x04\0\0\0\0\0\0\0\x08");
  expect(polls(first, 1)).toEqual([4]);
  expect(polls(first.withDecoder(new UintCodec(8)), 2)).toEqual([8, End]);
});

test("read_not_ready: where there is nothing, it waits", () => {
  expect(polls(framed(Pending, "\0\0\0\0", "\0\0\0\x01"), 4)).toEqual([Pending, 0, 1, End]);
});

test("read_partial_then_not_ready: where there is a part of a frame, too", () => {
  expect(polls(framed("\0\0", Pending, "\0\0\0\0\0\x01\0\0\0\x02"), 5)).toEqual([Pending, 0, 1, 2, End]);
});

test("read_err: a failure of the reader is thrown", () => {
  expect(polls(framed(new Error("failed")), 2)).toEqual(["failed", End]);
});

test("read_partial_then_err: also behind a part of a frame", () => {
  expect(polls(framed("\0\0", new Error("failed")), 2)).toEqual(["failed", End]);
});

test("read_partial_would_block_then_err: and after a wait", () => {
  expect(polls(framed("\0\0", Pending, new Error("failed")), 3)).toEqual([Pending, "failed", End]);
});

test("huge_size: a frame may be larger than what is read at once", () => {
  const size = 32 * 1024;
  const decoder = {
    decode(queue: ByteQueue): Poll<number> {
      if (queue.length < size) return Pending;
      queue.advance(size);
      return 0;
    },
  };
  expect(polls(new FramedRead(new Cursor(new Uint8Array(size)), decoder), 2)).toEqual([0, End]);
});

test("data_remaining_is_error: a part of a frame at the end is an error", () => {
  const frames = new FramedRead(new Cursor(new Uint8Array(5)), new UintCodec(4));
  expect(frames.pollNext(new TestContext())).toBe(0);
  expect(() => frames.pollNext(new TestContext())).toThrow(UnexpectedEofError);
  expect(frames.pollNext(new TestContext())).toBe(End);
});

test("multi_frames_on_eof: a codec may have several frames to give at the end", () => {
  const values = [0, 1, 2, 3];
  const decoder = {
    decode: (): never => {
      throw new Error("nothing was read");
    },
    decodeEnd: (): Poll<number> => values.shift() ?? Pending,
  };
  expect(polls(new FramedRead(new StepReader(), decoder), 5)).toEqual([0, 1, 2, 3, End]);
});
