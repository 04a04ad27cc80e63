import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
import type { Reader } from "../io/reader.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { readerFromWeb } from "./reader-from-web.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const readAll = co(function* (reader: Reader) {
  const buf = new Uint8Array(3);
  const texts: string[] = [];
  for (let n: number; (n = yield* reader.read(buf)) > 0; )
    texts.push(new TextDecoder().decode(buf.subarray(0, n)));
  return texts;
});

function streamOf(...chunks: unknown[]): ReadableStream<unknown> {
  return new ReadableStream<unknown>(
    {
      pull(controller) {
        if (chunks.length === 0) controller.close();
        else controller.enqueue(chunks.shift());
      },
    },
    { highWaterMark: 0 },
  );
}

describe("readerFromWeb", () => {
  test("gives the bytes of the chunks, whatever their sizes; an empty chunk is not the end", async () => {
    const stream = streamOf(bytes("hello"), bytes(""), bytes("!"));
    expect(await run(readAll(readerFromWeb(stream)))).toEqual(["hel", "lo", "!"]);
    expect(stream.locked).toBe(false);
  });

  test("takes every kind of bytes, and says what to do with others", async () => {
    const view = new DataView(Uint8Array.from(bytes("xaby")).buffer, 1, 2);
    expect(await run(readAll(readerFromWeb(streamOf(view, bytes("c").buffer))))).toEqual(["ab", "c"]);
    await expect(run(readAll(readerFromWeb(streamOf("text"))))).rejects.toThrow(
      'this chunk is "text": pipe it through a TextEncoderStream',
    );
    await expect(run(readAll(readerFromWeb(streamOf(1))))).rejects.toThrow("read it with fromReadableStream");
  });

  test("reads byte streams", async () => {
    expect(await run(readAll(readerFromWeb(new Blob(["hello"]).stream())))).toEqual(["hel", "lo"]);
  });

  test("a read that is given up leaves its bytes to the next one, and nothing outstanding", async () => {
    let controller: ReadableStreamDefaultController<unknown> | undefined;
    const stream = new ReadableStream<unknown>({
      start(given) {
        controller = given;
      },
    });
    const reader = readerFromWeb(stream);
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 128;
    const first = reader.read(new Uint8Array(10));
    pending(first, cx);
    expect(cx.runtime.outstanding).toBe(1);
    first.cancel(cx);
    expect(cx.runtime.outstanding).toBe(0);
    controller?.enqueue(bytes("kept"));
    await turn();
    expect(cx.wakes).toBe(0);
    const buf = new Uint8Array(10);
    expect(ready(reader.read(buf), cx)).toBe(4);
  });

  test("takes a unit of the budget for each read, of what is left of a chunk too", async () => {
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    const reader = readerFromWeb(streamOf(bytes("hello")));
    const buf = new Uint8Array(1);
    cx.runtime.budget = 3;
    const first = reader.read(buf);
    pending(first, cx);
    await turn();
    ready(first, cx);
    ready(reader.read(buf), cx);
    expect(cx.runtime.budget).toBe(1);
    cx.runtime.budget = 0;
    pending(reader.read(buf), cx);
  });

  test("close cancels the stream once, and wakes who waits with ClosedError", async () => {
    const reasons: unknown[] = [];
    const stream = new ReadableStream<Uint8Array>({
      cancel(reason) {
        reasons.push(reason);
      },
    });
    const reader = readerFromWeb(stream);
    const cx = new TestContext();
    const waiting = reader.read(new Uint8Array(1));
    pending(waiting, cx);
    reader.close();
    reader.close();
    expect(cx.wakes).toBe(1);
    expect(() => waiting.poll(cx)).toThrow(ClosedError);
    await reader[Symbol.asyncDispose]();
    expect(reasons).toEqual([new ClosedError("this reader")]);
    expect(stream.locked).toBe(false);
  });

  test("asyncDispose waits for the cancel, and throws what that fails with", async () => {
    const failure = new Error("cannot cancel");
    const stream = new ReadableStream<Uint8Array>({
      async cancel() {
        await turn();
        throw failure;
      },
    });
    await expect(readerFromWeb(stream)[Symbol.asyncDispose]()).rejects.toBe(failure);
  });

  test("with preventCancel, close only unlocks the stream", async () => {
    const stream = streamOf(bytes("ab"), bytes("cd"));
    const main = co(function* () {
      const reader = readerFromWeb(stream, { preventCancel: true });
      yield* reader.read(new Uint8Array(2));
      reader.close();
      return yield* readAll(readerFromWeb(stream));
    });
    expect(await run(main())).toEqual(["cd"]);
  });

  test("takes nothing but a ReadableStream that is not locked", () => {
    expect(() => (readerFromWeb as (stream: unknown) => unknown)(1)).toThrow(
      "readerFromWeb needs a ReadableStream, not 1",
    );
    const stream = streamOf();
    stream.getReader();
    expect(() => readerFromWeb(stream)).toThrow("locked");
  });
});
