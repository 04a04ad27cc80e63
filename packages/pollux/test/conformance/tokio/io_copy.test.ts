import { expect, test } from "vitest";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import { Pending, type Poll } from "../../../src/core/poll.ts";
import { ByteQueue } from "../../../src/io/byte-queue.ts";
import { BytesWriter } from "../../../src/io/bytes-writer.ts";
import { copy } from "../../../src/io/copy.ts";
import { Cursor } from "../../../src/io/cursor.ts";
import { type DuplexStream, duplex } from "../../../src/io/duplex-stream.ts";
import { take } from "../../../src/io/take.ts";
import { Writer } from "../../../src/io/writer.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { yieldsAtTimes } from "../../support/cooperative.ts";
import { StepReader, text, utf8 } from "../../support/io.ts";

test("copy: gives the number of bytes that were written", () =>
  run(
    co(function* () {
      const writer = new BytesWriter();
      expect(yield* copy(new StepReader("hello world"), writer)).toBe(11);
      expect(text(writer.bytes)).toBe("hello world");
    })(),
  ));

test("proxy: what a writer holds back is flushed while the reader has nothing", () => {
  class Buffered extends Writer {
    private readonly queue = new ByteQueue();
    private readonly inner: DuplexStream;

    constructor(inner: DuplexStream) {
      super();
      this.inner = inner;
    }

    override pollWrite(_cx: Context, buf: Uint8Array): Poll<number> {
      this.queue.append(buf);
      return buf.length;
    }

    override pollFlush(cx: Context): Poll<void> {
      while (this.queue.length > 0) {
        const n = this.inner.pollWrite(cx, this.queue.view());
        if (n === Pending) return Pending;
        this.queue.advance(n);
      }
      return this.inner.pollFlush();
    }

    override pollShutdown(cx: Context): Poll<void> {
      return this.inner.pollShutdown(cx);
    }

    override cancelWrite(): void {
      this.inner.cancelWrite();
    }

    override close(): void {
      this.inner.close();
    }
  }
  return run(
    co(function* () {
      const [reader, inner] = duplex(1024);
      const writer = new Buffered(inner);
      yield* writer.writeAll(new Uint8Array(512).fill(0x42));
      yield* writer.flush();
      // What comes out at one end is put in again at the other one.
      expect(yield* copy(take(reader, 1024), writer)).toBe(1024);
    })(),
  );
});

test("copy_is_cooperative: copies that are ready at once let others run", () =>
  yieldsAtTimes(() => copy(new Cursor(utf8("hello")), new BytesWriter())));
