import { expect, test } from "vitest";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import type { AsyncRead } from "../../../src/io/async-read.ts";
import type { AsyncSeek, SeekFrom } from "../../../src/io/async-seek.ts";
import { BufReader } from "../../../src/io/buf-reader.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { duplex } from "../../../src/io/duplex-stream.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { pending, ready } from "../../support/context.ts";
import { HesitantReader, StepReader, text, utf8 } from "../../support/io.ts";

const INNER = Uint8Array.of(5, 6, 7, 0, 1, 2, 3, 4);

/** Six reads of a buffer of two bytes: what is given, and what stays in the buffer. */
const reads = co(function* (inner: AsyncRead) {
  const reader = new BufReader(inner, { capacity: 2 });
  const seen: { read: number[]; buffered: number[] }[] = [];
  for (const size of [3, 2, 1, 3, 3, 3]) {
    const buf = new Uint8Array(size);
    const n = yield* reader.read(buf);
    seen.push({ read: [...buf.subarray(0, n)], buffered: [...reader.buffer] });
  }
  return seen;
});

const EXPECTED = [
  { read: [5, 6, 7], buffered: [] },
  { read: [0, 1], buffered: [] },
  { read: [2], buffered: [3] },
  { read: [3], buffered: [] },
  { read: [4], buffered: [] },
  { read: [], buffered: [] },
];

test("test_buffered_reader: reads of the buffer's size go past it, smaller ones through it", async () => {
  expect(await run(reads(new Cursor(INNER)))).toEqual(EXPECTED);
});

test("maybe_pending: and so they do where each read has to wait", async () => {
  expect(await run(reads(new HesitantReader(new Cursor(INNER))))).toEqual(EXPECTED);
});

const seeks = co(function* (inner: AsyncRead & AsyncSeek) {
  const reader = new BufReader(inner, { capacity: 2 });
  expect(yield* reader.seek(3)).toBe(3);
  expect([...(yield* reader.fillBuf())]).toEqual([0, 1]);
  let failure: unknown;
  try {
    yield* reader.seek(Number.MIN_SAFE_INTEGER, "current");
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(RangeError);
  expect([...(yield* reader.fillBuf())]).toEqual([0, 1]);
  expect(yield* reader.seek(1, "current")).toBe(4);
  expect([...(yield* reader.fillBuf())]).toEqual([1, 2]);
  reader.consume(1);
  expect(yield* reader.seek(-2, "current")).toBe(3);
});

test("test_buffered_reader_seek: a seek counts from what was taken out, and keeps the buffer if it fails", () =>
  run(seeks(new Cursor(INNER))));

test("maybe_pending_seek: and so does one that has to wait", () => {
  class HesitantSeek extends HesitantReader implements AsyncSeek {
    private readonly cursor: Cursor;
    private ready = false;

    constructor(cursor: Cursor) {
      super(cursor);
      this.cursor = cursor;
    }

    pollSeek(cx: Context, offset: number, from: SeekFrom): Poll<number> {
      this.ready = !this.ready;
      if (!this.ready) return this.cursor.pollSeek(cx, offset, from);
      cx.wake();
      return Pending;
    }
  }
  return run(seeks(new HesitantSeek(new Cursor(INNER))));
});

test("test_short_reads: what the reader gives is handed on as it comes, ends included", () =>
  run(
    co(function* () {
      const reader = new BufReader(new StepReader("", "a", "bc", "", "d", ""));
      const buf = new Uint8Array(2);
      const sizes = [];
      for (let i = 0; i < 7; i++) sizes.push(yield* reader.read(buf));
      expect(sizes).toEqual([0, 1, 2, 0, 1, 0, 0]);
    })(),
  ));

test("maybe_pending_buf_read: readUntil waits as often as it has to", () =>
  run(
    co(function* () {
      const inner = new HesitantReader(new Cursor(Uint8Array.of(0, 1, 2, 3, 1, 0)));
      const reader = new BufReader(inner, { capacity: 2 });
      const read = [];
      for (const delimiter of [3, 1, 8, 9]) read.push([...(yield* reader.readUntil(delimiter))]);
      expect(read).toEqual([[0, 1, 2, 3], [1], [0], []]);
    })(),
  ));

test("test_fill_buf_wrapper: fillBuf gives what is buffered until it is consumed, and waits when nothing is", () => {
  const [writer, inner] = duplex(16);
  const reader = new BufReader(inner);
  ready(writer.writeAll(utf8("hello world")));
  expect(text(ready(reader.fillBuf()))).toBe("hello world");
  reader.consume(6);
  expect(text(ready(reader.fillBuf()))).toBe("world");
  expect(text(ready(reader.fillBuf()))).toBe("world");
  reader.consume(5);
  const fill = reader.fillBuf();
  const cx = pending(fill);
  ready(writer.writeAll(utf8("foo bar")));
  expect(cx.wakes).toBe(1);
  expect(text(ready(fill))).toBe("foo bar");
  writer.close();
  expect(text(ready(reader.fillBuf()))).toBe("foo bar");
  reader.consume(7);
  expect(ready(reader.fillBuf())).toHaveLength(0);
});
