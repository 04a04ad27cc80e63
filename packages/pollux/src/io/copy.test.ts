import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { yieldsAtTimes } from "../../test/support/cooperative.ts";
import {
  HesitantReader,
  HesitantWriter,
  SlowWriter,
  StepReader,
  StepWriter,
  text,
  utf8,
} from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, PollAfterCompletionError, WriteZeroError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import { BufReader } from "./buf-reader.ts";
import { BytesWriter } from "./bytes-writer.ts";
import { copy, copyBuf } from "./copy.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";
import { simplex } from "./simplex.ts";

const ALL = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);

describe("copy", () => {
  test("copies all, through a buffer of any size, however the two sides hesitate", async () => {
    for (const bufferSize of [1, 7, 1000, 5000]) {
      const inner = new SlowWriter(13);
      const main = co(function* () {
        const reader = new HesitantReader(new Cursor(ALL));
        return yield* copy(reader, new HesitantWriter(inner), { bufferSize });
      });
      expect(await run(main())).toBe(1000);
      expect(inner.data).toEqual([...ALL]);
      expect(inner.flushes).toBeGreaterThan(0);
      expect(inner.shutdowns).toBe(0);
    }
  });

  test("flushes when the reader has nothing, and not again before there was something", () => {
    const inner = new SlowWriter(10);
    const [reader, writer] = simplex(8);
    const copying = copy(reader, inner);
    const cx = pending(copying);
    expect(inner.flushes).toBe(0);
    ready(writer.writeAll(utf8("ab")));
    pending(copying, cx);
    pending(copying, cx);
    expect(inner).toMatchObject({ flushes: 1, data: [97, 98] });
    writer.close();
    expect(ready(copying, cx)).toBe(2);
    expect(inner.flushes).toBe(1);
  });

  test("a cancel says what was written, and has what was read and not written: together they are all", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const reader = new HesitantReader(new Cursor(ALL));
      const inner = new SlowWriter(100);
      const copying = copy(reader, new HesitantWriter(inner), { bufferSize: 300 });
      await run(
        co(function* () {
          yield* cancelAt(copying);
          expect(copying.copied).toBe(inner.data.length);
          const rest = yield* reader.readToEnd();
          expect([...inner.data, ...copying.unwritten, ...rest]).toEqual([...ALL]);
        })(),
      );
    });
    expect(polls).toBeGreaterThan(8);
  });

  test("a failure, of the reader or the writer, ends it, and frees both sides", () => {
    const failure = new Error("no more");
    const writer = new BytesWriter();
    const reading = copy(new StepReader("ab", failure), writer);
    expect(() => ready(reading)).toThrow(failure);
    expect(() => ready(reading)).toThrow(PollAfterCompletionError);
    ready(writer.writeAll(utf8("c")));

    const reader = new Cursor(utf8("abcd"));
    const writing = copy(reader, new StepWriter("ab", failure));
    expect(() => ready(writing)).toThrow(failure);
    expect(text(writing.unwritten)).toBe("cd");
    expect(() => ready(copy(new Cursor(utf8("ab")), new StepWriter("a")))).toThrow(WriteZeroError);
  });

  test("has both sides to itself", () => {
    const [a, b] = duplex(8);
    const copying = copy(a, a);
    pending(copying);
    expect(() => ready(a.read(new Uint8Array(1)))).toThrow(FutureInUseError);
    expect(() => ready(a.write(utf8("x")))).toThrow(FutureInUseError);
    copying.cancel();
    ready(b.writeAll(utf8("x")));
    ready(a.readExact(new Uint8Array(1)));
  });

  test("a reader and a writer that ask for no budget do not keep others from running", async () => {
    const endless = new StepReader();
    endless.pollRead = (_cx, buf) => buf.length;
    const copying = copy(endless, new SlowWriter(0x10000));
    // A copy that has begun is polled again and again: it gives way, and has not ended.
    await yieldsAtTimes(() => copying.ref());
    expect(copying.copied).toBeGreaterThan(0);
    copying.cancel();
  });

  test("refuses a buffer that has no size", () => {
    expect(() => copy(new StepReader(), new BytesWriter(), { bufferSize: 0 })).toThrow(RangeError);
    expect(() => copy(new StepReader(), new BytesWriter(), { bufferSize: "1" as never })).toThrow(TypeError);
  });
});

describe("copyBuf", () => {
  test("copies all, and flushes at the end", async () => {
    const inner = new SlowWriter(13);
    const main = co(function* () {
      const reader = new BufReader(new HesitantReader(new Cursor(ALL)), { capacity: 64 });
      return yield* copyBuf(reader, new HesitantWriter(inner));
    });
    expect(await run(main())).toBe(1000);
    expect(inner.data).toEqual([...ALL]);
    expect(inner.flushes).toBeGreaterThan(0);
  });

  test("a cancel loses nothing: what was not written is still to be read", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const reader = new BufReader(new HesitantReader(new Cursor(ALL)), { capacity: 300 });
      const inner = new SlowWriter(100);
      await run(
        co(function* () {
          yield* cancelAt(copyBuf(reader, new HesitantWriter(inner)));
          expect([...inner.data, ...(yield* reader.readToEnd())]).toEqual([...ALL]);
        })(),
      );
    });
    expect(polls).toBeGreaterThan(8);
  });

  test("flushes while the reader has nothing", () => {
    const inner = new SlowWriter(10);
    const [source, writer] = simplex(8);
    const copying = copyBuf(new BufReader(source), inner);
    ready(writer.writeAll(utf8("ab")));
    pending(copying);
    expect(inner.flushes).toBe(1);
    copying.cancel(new TestContext());
  });

  test("a flush that has to wait is waited for", () => {
    const writer = new StepWriter("ab", Pending, "flush");
    const copying = copyBuf(new Cursor(utf8("ab")), writer);
    const cx = pending(copying);
    expect(writer.steps).toEqual(["flush"]);
    expect(ready(copying, cx)).toBe(2);
  });
});
