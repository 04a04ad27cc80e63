import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { writerFromWeb } from "./writer-from-web.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A sink whose writes end when the test says so. */
function sink(highWaterMark = 1) {
  const seen = { chunks: [] as string[], closes: 0, reasons: [] as unknown[], done: [] as (() => void)[] };
  let controller: { error(error: unknown): void } | undefined;
  const stream = new WritableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      write(chunk) {
        seen.chunks.push(new TextDecoder().decode(chunk));
        return new Promise<void>((resolve) => {
          seen.done.push(resolve);
        });
      },
      close() {
        seen.closes++;
      },
      abort(reason) {
        seen.reasons.push(reason);
      },
    },
    { highWaterMark },
  );
  return { stream, seen, fail: (error: unknown) => controller?.error(error) };
}

describe("writerFromWeb", () => {
  test("writes copies, waits while the stream wants no more, and is unlocked by the shutdown", async () => {
    const { stream, seen } = sink();
    const writer = writerFromWeb(stream);
    const cx = new TestContext();
    const buf = bytes("one");
    expect(ready(writer.write(buf), cx)).toBe(3);
    buf.fill(0);
    const second = writer.write(bytes("two"));
    pending(second, cx);
    await turn();
    expect([seen.chunks, stream.locked]).toEqual([["one"], true]);
    pending(second, cx);
    cx.takeWakes();
    seen.done[0]?.();
    await turn();
    expect(cx.wakes).toBe(1);
    expect(ready(second, cx)).toBe(3);
    const shutdown = writer.shutdown();
    pending(shutdown, cx);
    await turn();
    seen.done[1]?.();
    await turn();
    ready(shutdown, cx);
    ready(writer.shutdown(), cx);
    expect([seen.chunks, seen.closes, stream.locked]).toEqual([["one", "two"], 1, false]);
    writer.close();
    expect(seen.reasons).toEqual([]);
  });

  test("does not touch the stream before the first poll", () => {
    const { stream } = sink();
    const writer = writerFromWeb(stream);
    const write = writer.write(bytes("a"));
    expect(stream.locked).toBe(false);
    pending(writer.shutdown());
    expect(() => ready(write)).toThrow();
  });

  test("a write takes over 64 KiB at most", async () => {
    const { stream } = sink(100);
    expect(ready(writerFromWeb(stream).write(new Uint8Array(100_000)))).toBe(65_536);
  });

  test("flush waits until the sink has done with what was written", async () => {
    const { stream, seen } = sink(10);
    const writer = writerFromWeb(stream);
    const cx = new TestContext();
    ready(writer.write(bytes("a")), cx);
    const flush = writer.flush();
    pending(flush, cx);
    await turn();
    pending(flush, cx);
    seen.done[0]?.();
    await turn();
    ready(flush, cx);
    ready(writer.write(bytes("")), cx);
    expect(seen.chunks).toEqual(["a"]);
  });

  test("a write that is given up has written nothing and leaves nothing outstanding", async () => {
    const { stream, seen } = sink();
    const writer = writerFromWeb(stream);
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 128;
    ready(writer.write(bytes("a")), cx);
    const second = writer.write(bytes("b"));
    pending(second, cx);
    expect(cx.runtime.outstanding).toBe(1);
    second.cancel(cx);
    expect(cx.runtime.outstanding).toBe(0);
    await turn();
    seen.done[0]?.();
    await turn();
    expect(seen.chunks).toEqual(["a"]);
  });

  test("a failure is thrown once, by the operation that waits or the next one; then ClosedError with it as cause", async () => {
    const failure = new Error("failed");
    for (const waiting of [true, false]) {
      const { stream, fail } = sink();
      const writer = writerFromWeb(stream);
      const cx = new TestContext();
      ready(writer.write(bytes("a")), cx);
      const second = writer.write(bytes("b"));
      if (waiting) pending(second, cx);
      fail(failure);
      await turn();
      if (waiting) expect(cx.wakes).toBeGreaterThan(0);
      expect(() => second.poll(cx)).toThrow(failure);
      expect(() => writer.flush().poll(cx)).toThrow(ClosedError);
      expect(() => writer.write(bytes("c")).poll(cx)).toThrow(expect.objectContaining({ cause: failure }));
      await writer[Symbol.asyncDispose]();
    }
  });

  test("what the sink throws in write and in close is that failure", async () => {
    const failure = new Error("failed");
    const reject = (): Promise<void> => Promise.reject(failure);
    for (const handlers of [{ write: reject }, { close: reject }]) {
      const stream = new WritableStream<Uint8Array>(handlers);
      const main = co(function* () {
        const writer = writerFromWeb(stream);
        yield* writer.writeAll(bytes("a"));
        yield* writer.shutdown();
      });
      await expect(run(main())).rejects.toBe(failure);
      expect(stream.locked).toBe(false);
    }
  });

  test("close aborts the stream, once, wakes who waits, and gives the lock back", async () => {
    const { stream, seen } = sink();
    const writer = writerFromWeb(stream);
    const cx = new TestContext();
    ready(writer.write(bytes("a")), cx);
    const second = writer.write(bytes("b"));
    pending(second, cx);
    writer.close();
    writer.close();
    expect(() => second.poll(cx)).toThrow(ClosedError);
    await turn();
    seen.done[0]?.();
    await writer[Symbol.asyncDispose]();
    expect([seen.reasons, stream.locked]).toEqual([[new ClosedError("this writer")], false]);
  });

  test("close before the first write aborts the stream too", async () => {
    const { stream, seen } = sink();
    await writerFromWeb(stream)[Symbol.asyncDispose]();
    expect(seen.reasons.length).toBe(1);
  });

  test("writes after a shutdown are refused", async () => {
    const { stream } = sink();
    const main = co(function* () {
      const writer = writerFromWeb(stream);
      yield* writer.shutdown();
      yield* writer.write(bytes("a"));
    });
    await expect(run(main())).rejects.toThrow("the write side of this writer is closed");
  });

  test("takes nothing but a WritableStream that is not locked", () => {
    expect(() => (writerFromWeb as (stream: unknown) => unknown)({})).toThrow(
      "writerFromWeb needs a WritableStream, not an object (Object)",
    );
    const { stream } = sink();
    stream.getWriter();
    expect(() => writerFromWeb(stream)).toThrow("locked");
  });
});
