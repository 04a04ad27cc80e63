import { expect, test } from "vitest";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import type { AsyncSeek, SeekFrom } from "../../../src/io/async-seek.ts";
import type { AsyncWrite } from "../../../src/io/async-write.ts";
import { BufWriter } from "../../../src/io/buf-writer.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { HesitantWriter, SlowWriter, utf8 } from "../../support/io.ts";

/** Keeps what is written, at a position that can be moved. */
class SeekableWriter extends SlowWriter implements AsyncSeek {
  position = 0;

  constructor() {
    super(Number.POSITIVE_INFINITY);
  }

  override pollWrite(_cx: Context, buf: Uint8Array): Poll<number> {
    this.data.splice(this.position, buf.length, ...buf);
    this.position += buf.length;
    return buf.length;
  }

  pollSeek(_cx: Context, offset: number, from: SeekFrom): Poll<number> {
    this.position = offset + (from === "current" ? this.position : 0);
    return this.position;
  }
}

const writes = co(function* (inner: AsyncWrite, data: number[]) {
  const writer = new BufWriter(inner, { capacity: 2 });
  const seen: [buffered: number[], written: number][] = [];
  const note = () => seen.push([[...writer.buffer], data.length]);
  for (const bytes of [[0, 1], [2], [3]]) {
    expect(yield* writer.write(Uint8Array.from(bytes))).toBe(bytes.length);
    note();
  }
  yield* writer.flush();
  note();
  for (const bytes of [[4], [5], [6], [7, 8], [9, 10, 11]]) {
    expect(yield* writer.write(Uint8Array.from(bytes))).toBe(bytes.length);
    note();
  }
  yield* writer.flush();
  note();
  expect(data).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  return seen;
});

const EXPECTED = [
  [[], 2],
  [[2], 2],
  [[2, 3], 2],
  [[], 4],
  [[4], 4],
  [[4, 5], 4],
  [[6], 6],
  [[], 9],
  [[], 12],
  [[], 12],
];

test("buf_writer: small writes are gathered, writes of the buffer's size go past it", async () => {
  const inner = new SlowWriter(Number.POSITIVE_INFINITY);
  expect(await run(writes(inner, inner.data))).toEqual(EXPECTED);
});

test("maybe_pending_buf_writer: and so they do where each write has to wait", async () => {
  const inner = new SlowWriter(Number.POSITIVE_INFINITY);
  expect(await run(writes(new HesitantWriter(inner), inner.data))).toEqual(EXPECTED);
});

const flushes = co(function* (inner: AsyncWrite, data: number[]) {
  const writer = new BufWriter(inner, { capacity: 3 });
  expect(yield* writer.write(Uint8Array.of(0, 1))).toBe(2);
  expect(data).toEqual([]);
  yield* writer.flush();
  expect(data).toEqual([0, 1]);
  expect(writer.inner).toBe(inner);
});

test("buf_writer_inner_flushes: a flush hands on what is in the buffer", async () => {
  const inner = new SlowWriter(Number.POSITIVE_INFINITY);
  await run(flushes(inner, inner.data));
  expect(inner.flushes).toBe(1);
});

test("maybe_pending_buf_writer_inner_flushes: also where it has to wait", async () => {
  const inner = new SlowWriter(Number.POSITIVE_INFINITY);
  await run(flushes(new HesitantWriter(inner), inner.data));
  expect(inner.flushes).toBe(1);
});

const seeks = co(function* (inner: AsyncWrite & AsyncSeek, data: number[]) {
  const writer = new BufWriter(inner, { capacity: 3 });
  yield* writer.writeAll(Uint8Array.of(0, 1, 2, 3, 4, 5));
  yield* writer.writeAll(Uint8Array.of(6, 7));
  expect(yield* writer.seek(0, "current")).toBe(8);
  expect(data).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(yield* writer.seek(2)).toBe(2);
  yield* writer.writeAll(Uint8Array.of(8, 9));
  yield* writer.flush();
  expect(data).toEqual([0, 1, 8, 9, 4, 5, 6, 7]);
});

test("buf_writer_seek: a seek comes behind what was written before it", () => {
  const inner = new SeekableWriter();
  return run(seeks(inner, inner.data));
});

test("maybe_pending_buf_writer_seek: also where it has to wait", () => {
  class HesitantSeek extends HesitantWriter<SeekableWriter> implements AsyncSeek {
    private ready = false;

    pollSeek(cx: Context, offset: number, from: SeekFrom): Poll<number> {
      this.ready = !this.ready;
      if (!this.ready) return this.inner.pollSeek(cx, offset, from);
      cx.wake();
      return Pending;
    }
  }
  const inner = new SeekableWriter();
  return run(seeks(new HesitantSeek(inner), inner.data));
});

const MESSAGE = utf8("foo bar baz");

const cut = (...ends: number[]): Uint8Array[] =>
  ends.map((end, i) => MESSAGE.subarray(i === 0 ? 0 : ends[i - 1], end));

const writeRest = co(function* (writer: BufWriter, bufs: Uint8Array[], capacity: number) {
  let rest = bufs;
  let total = 0;
  while (rest.length > 0) {
    const n = yield* writer.writeVectored(rest);
    expect(n).toBeGreaterThan(0);
    expect(writer.buffer.length).toBeLessThanOrEqual(capacity);
    total += n;
    let skip = n;
    rest = rest.flatMap((buf) => {
      const taken = Math.min(skip, buf.length);
      skip -= taken;
      return taken === buf.length ? [] : [buf.subarray(taken)];
    });
  }
  return total;
});

for (const vectored of [false, true]) {
  const named = (name: string): string => `write_vectored_${name}_on_${vectored ? "" : "non_"}vectored`;

  test(`${named("empty")}: nothing is written of nothing`, () =>
    run(
      co(function* () {
        const writer = new BufWriter(new SlowWriter(4, vectored));
        expect(yield* writer.writeVectored([])).toBe(0);
        const empty = new Uint8Array(0);
        expect(yield* writer.writeVectored([empty, empty, empty])).toBe(0);
        yield* writer.flush();
        expect(writer.inner.data).toEqual([]);
      })(),
    ));

  test(`${named("basic")}: buffers that fit are gathered`, () =>
    run(
      co(function* () {
        const writer = new BufWriter(new SlowWriter(4, vectored));
        expect(yield* writer.writeVectored(cut(4, 8, 11))).toBe(11);
        expect(writer.buffer).toEqual(MESSAGE);
        yield* writer.flush();
        expect(writer.inner.data).toEqual([...MESSAGE]);
      })(),
    ));

  test(`${named("large_total")}: of what does not fit, ${vectored ? "all goes past the buffer" : "the first buffers are gathered"}`, () =>
    run(
      co(function* () {
        const first = vectored ? 10 : 8;
        const writer = new BufWriter(new SlowWriter(vectored ? 10 : 4, vectored), { capacity: 8 });
        expect(yield* writer.writeVectored(cut(4, 8, 11))).toBe(first);
        expect(writer.buffer).toEqual(vectored ? new Uint8Array(0) : MESSAGE.subarray(0, 8));
        expect(yield* writer.writeVectored([MESSAGE.subarray(first)])).toBe(11 - first);
        expect(writer.inner.data).toEqual([...MESSAGE.subarray(0, first)]);
        expect(writer.buffer).toEqual(MESSAGE.subarray(first));
      })(),
    ));

  for (const [name, bufs] of [
    ["odd", [...cut(4), new Uint8Array(0), MESSAGE.subarray(4, 9), MESSAGE.subarray(9)]],
    ["large_slice", [new Uint8Array(0), MESSAGE.subarray(0, 9), MESSAGE.subarray(9)]],
  ] as const)
    test(`${named(name)}: all arrives in order, and the buffer does not outgrow its size`, () =>
      run(
        co(function* () {
          const writer = new BufWriter(new SlowWriter(4, vectored), { capacity: 8 });
          expect(yield* writeRest(writer, [...bufs], 8)).toBe(MESSAGE.length);
          yield* writer.flush();
          expect(writer.inner.data).toEqual([...MESSAGE]);
        })(),
      ));
}
