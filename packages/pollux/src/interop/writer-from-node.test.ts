import { type Readable, Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { run } from "../runtime/runtime.ts";
import { writerFromNode } from "./writer-from-node.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All listeners of a stream, but those that Node itself puts on it. */
const listeners = (stream: Readable | Writable): number =>
  stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0);

describe("writerFromNode", () => {
  /** A writable whose writes end when the test says so. */
  function slow(highWaterMark = 1) {
    const seen = { texts: [] as string[], done: [] as ((error?: Error) => void)[], finals: 0 };
    const writable = new Writable({
      highWaterMark,
      write(chunk: Buffer, _encoding, callback) {
        seen.texts.push(chunk.toString());
        seen.done.push(callback);
      },
      final(callback) {
        seen.finals++;
        callback();
      },
    });
    return { writable, seen };
  }

  test("writes copies, waits for the drain, flushes, and ends; no listener is left", async () => {
    const { writable, seen } = slow();
    const before = listeners(writable);
    const writer = writerFromNode(writable);
    const cx = new TestContext();
    const buf = bytes("one");
    expect(readyNow(writer.write(buf), cx)).toBe(3);
    buf.fill(0);
    const second = writer.write(bytes("two"));
    pending(second, cx);
    const written = seen.done[0];
    cx.takeWakes();
    written?.();
    await turn();
    expect(cx.wakes).toBeGreaterThan(0);
    expect(readyNow(second, cx)).toBe(3);
    const flush = writer.flush();
    pending(flush, cx);
    seen.done[1]?.();
    await turn();
    readyNow(flush, cx);
    const shutdown = writer.shutdown();
    pending(shutdown, cx);
    await turn();
    readyNow(shutdown, cx);
    readyNow(writer.shutdown(), cx);
    expect([seen.texts, seen.finals]).toEqual([["one", "two"], 1]);
    expect(() => readyNow(writer.write(bytes("a")), cx)).toThrow("the write side of this stream is closed");
    await turn();
    expect([writable.closed, listeners(writable)]).toEqual([true, before]);
  });

  test("a stream that somebody else has ended takes nothing over: not before it has finished, and not later", async () => {
    for (const finished of [false, true]) {
      const { writable, seen } = slow();
      const errors: unknown[] = [];
      writable.on("error", (error) => errors.push(error));
      writable.end();
      if (finished) await turn();
      expect(writable.writableFinished).toBe(finished);
      const writer = writerFromNode(writable);
      const cx = new TestContext();
      const write = () => readyNow(writer.write(bytes("late")), cx);
      expect(write).toThrow(ClosedError);
      await turn();
      expect(write).toThrow("the write side of this stream is closed");
      readyNow(writer.flush(), cx);
      const shutdown = writer.shutdown();
      pending(shutdown, cx);
      await turn();
      readyNow(shutdown, cx);
      expect([seen.texts, errors]).toEqual([[], []]);
    }
  });

  test("a stream that is ended while a writer waits for room wakes it, and takes nothing more", async () => {
    const { writable, seen } = slow();
    const writer = writerFromNode(writable);
    const cx = new TestContext();
    readyNow(writer.write(bytes("one")), cx);
    const second = writer.write(bytes("two"));
    pending(second, cx);
    writable.end();
    cx.takeWakes();
    seen.done[0]?.();
    await turn();
    expect(cx.wakes).toBeGreaterThan(0);
    expect(() => readyNow(second, cx)).toThrow(ClosedError);
    expect(seen.texts).toEqual(["one"]);
  });

  test("keeps its own copy of what waits in the stream", async () => {
    const { writable, seen } = slow(100);
    const writer = writerFromNode(writable);
    const cx = new TestContext();
    readyNow(writer.write(bytes("one")), cx);
    const buf = bytes("two");
    readyNow(writer.write(buf), cx);
    buf.fill(0);
    seen.done[0]?.();
    await turn();
    expect(seen.texts).toEqual(["one", "two"]);
    writer.close();
  });

  test("a failure is thrown once, then ClosedError with it as cause; nothing is uncaught", async () => {
    const failure = new Error("failed");
    const { writable, seen } = slow();
    const writer = writerFromNode(writable);
    const cx = new TestContext();
    readyNow(writer.write(bytes("a")), cx);
    const second = writer.write(bytes("b"));
    pending(second, cx);
    seen.done[0]?.(failure);
    await turn();
    expect(() => second.poll(cx)).toThrow(failure);
    expect(() => writer.flush().poll(cx)).toThrow(
      expect.objectContaining({ code: "POLLUX_CLOSED", cause: failure }),
    );
  });

  test("a stream that is destroyed fails with ERR_STREAM_PREMATURE_CLOSE", async () => {
    const { writable } = slow();
    const writer = writerFromNode(writable);
    const main = co(function* () {
      yield* writer.write(bytes("a"));
      writable.destroy();
      yield* writer.writeAll(bytes("b"));
    });
    await expect(run(main())).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
  });

  test("close destroys the stream, wakes who waits, and can be waited for", async () => {
    const { writable } = slow();
    const writer = writerFromNode(writable);
    const cx = new TestContext();
    readyNow(writer.write(bytes("a")), cx);
    const second = writer.write(bytes("b"));
    pending(second, cx);
    writer.close();
    expect(() => second.poll(cx)).toThrow(ClosedError);
    await writer[Symbol.asyncDispose]();
    expect([writable.closed, writable.errored]).toEqual([true, null]);
  });

  test("takes a Writable of bytes", () => {
    expect(() => (writerFromNode as (stream: unknown) => unknown)(1)).toThrow(
      "writerFromNode needs a Writable of Node",
    );
    expect(() => writerFromNode(new Writable({ objectMode: true }))).toThrow("in object mode");
  });
});
