import { expect, test } from "vitest";
import { Pending } from "../../../src/core/poll.ts";
import { FramedWrite } from "../../../src/io/framed-write.ts";
import { TestContext } from "../../support/context.ts";
import { StepWriter } from "../../support/io.ts";
import { UintCodec } from "../../support/uint-codec.ts";

const cx = new TestContext();

test("write_multi_frame_in_packet: frames are held back until the flush, and written together", () => {
  const writer = new StepWriter("\0\0\0\0\0\0\0\x01\0\0\0\x02");
  const frames = new FramedWrite(writer, new UintCodec(4));
  for (const n of [0, 1, 2]) {
    expect(frames.pollReady(cx)).toBe(undefined);
    frames.startSend(n);
  }
  expect(writer.steps).toHaveLength(1);
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toHaveLength(0);
});

test("write_multi_frame_after_codec_changed: also those of two codecs", () => {
  const writer = new StepWriter("\0\0\0\x04\0\0\0\0\0\0\0\x08");
  const first = new FramedWrite(writer, new UintCodec(4));
  first.startSend(4);
  const second = first.withEncoder(new UintCodec(8));
  expect(second.pollReady(cx)).toBe(undefined);
  second.startSend(8);
  expect(writer.steps).toHaveLength(1);
  expect(second.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toHaveLength(0);
});

test("write_hits_backpressure: with the high-water mark reached, the next frame waits until all is written", () => {
  const FRAMES = 4096;
  const all = new Uint8Array((FRAMES + 1) * 4);
  const view = new DataView(all.buffer);
  for (let i = 0; i <= FRAMES; i++) view.setUint32(i * 4, i);
  const pieces = Array.from({ length: 9 }, (_, i) => all.subarray(i * 2048, (i + 1) * 2048));
  const writer = new StepWriter(Pending, ...pieces);
  const frames = new FramedWrite(writer, new UintCodec(4), { highWaterMark: FRAMES * 4 });
  for (let i = 0; i < FRAMES; i++) {
    expect(frames.pollReady(cx)).toBe(undefined);
    frames.startSend(i);
  }
  expect(writer.steps).toHaveLength(10);
  expect(frames.pollReady(cx)).toBe(Pending);
  expect(frames.pollReady(cx)).toBe(undefined);
  expect(frames.bufferedBytes).toBe(0);
  frames.startSend(FRAMES);
  expect(frames.pollFlush(cx)).toBe(undefined);
  expect(writer.steps).toHaveLength(0);
});
