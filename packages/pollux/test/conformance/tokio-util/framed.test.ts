import { expect, test } from "vitest";
import type { Poll } from "../../../src/core/poll.ts";
import { ByteQueue } from "../../../src/io/byte-queue.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { duplexOf } from "../../../src/io/duplex-of.ts";
import { Framed } from "../../../src/io/framed.ts";
import { Reader } from "../../../src/io/reader.ts";
import { sink } from "../../../src/io/sink.ts";
import { ready } from "../../support/context.ts";
import { UintCodec } from "../../support/uint-codec.ts";

class NeverRead extends Reader {
  override pollRead(): Poll<number> {
    throw new Error("this must not be read");
  }
  override cancelRead(): void {}
  override close(): void {}
}

const unread = () => duplexOf(new NeverRead(), sink());

test("can_read_from_existing_buf: what was read before is decoded first, and nothing read for it", () => {
  const codec = new UintCodec(4);
  const framed = new Framed(unread(), codec, { buffered: ByteQueue.of(Uint8Array.of(0, 0, 0, 42)) });
  expect(ready(framed.next())).toBe(42);
  expect(codec.decodes).toBe(1);
});

test("can_read_from_existing_buf_after_codec_changed: another codec goes on where the first one was", () => {
  const buffered = ByteQueue.of(Uint8Array.of(0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 84));
  const framed = new Framed(unread(), new UintCodec(4), { buffered });
  expect(ready(framed.next())).toBe(42);
  expect(ready(framed.withCodec(new UintCodec(8)).next())).toBe(84);
});

test("from_parts_empty_read_buf_does_not_spuriously_decode: nothing is decoded before something was read", () => {
  const codec = new UintCodec(4);
  const stream = duplexOf(new Cursor(Uint8Array.of(0, 0, 0, 42)), sink());
  const framed = new Framed(stream, codec, { buffered: new ByteQueue(8192) });
  expect(ready(framed.next())).toBe(42);
  expect(codec.decodes).toBe(1);
});

test("external_buf_does_not_shrink: a buffer that is brought along keeps its memory", () => {
  const buffered = new ByteQueue(32_768);
  buffered.append(Uint8Array.of(0, 0, 0, 42));
  const framed = new Framed(unread(), new UintCodec(4), { buffered });
  ready(framed.next());
  expect(framed.buffered).toBe(buffered);
  expect(buffered.capacity).toBe(32_768);
});
