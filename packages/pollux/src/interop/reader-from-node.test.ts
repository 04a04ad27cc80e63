import { PassThrough, Readable, type Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
import type { Reader } from "../io/reader.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { readerFromNode } from "./reader-from-node.ts";

/** All listeners of a stream, but those that Node itself puts on it. */
const listeners = (stream: Readable | Writable): number =>
  stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0);

const readAll = co(function* (reader: Reader) {
  const buf = new Uint8Array(3);
  const texts: string[] = [];
  for (let n: number; (n = yield* reader.read(buf)) > 0; )
    texts.push(new TextDecoder().decode(buf.subarray(0, n)));
  return texts;
});

describe("readerFromNode", () => {
  test("gives the bytes, whatever the sizes of the chunks; no listener is left", async () => {
    const readable = Readable.from([Buffer.from("hello"), Buffer.from("!")], { objectMode: false });
    const before = listeners(readable);
    expect((await run(readAll(readerFromNode(readable)))).join("")).toBe("hello!");
    await turn();
    expect(listeners(readable)).toBe(before);
  });

  test("a read that is given up leaves its bytes to the next one, and nothing outstanding", async () => {
    const through = new PassThrough();
    const reader = readerFromNode(through);
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 10;
    const first = reader.read(new Uint8Array(10));
    pending(first, cx);
    expect(cx.runtime.outstanding).toBe(1);
    first.cancel(cx);
    expect(cx.runtime.outstanding).toBe(0);
    through.write("kept");
    await turn();
    expect(cx.wakes).toBe(0);
    expect(readyNow(reader.read(new Uint8Array(10)), cx)).toBe(4);
    expect(cx.runtime.budget).toBe(9);
  });

  test("leaves in the stream what there is no room for", async () => {
    const through = new PassThrough();
    through.write("hello");
    await turn();
    const cx = new TestContext();
    expect(readyNow(readerFromNode(through).read(new Uint8Array(2)), cx)).toBe(2);
    expect(through.readableLength).toBe(3);
  });

  test("close destroys the stream, wakes who waits, and can be waited for", async () => {
    const through = new PassThrough();
    const reader = readerFromNode(through);
    const cx = new TestContext();
    const waiting = reader.read(new Uint8Array(1));
    pending(waiting, cx);
    reader.close();
    reader.close();
    expect(() => waiting.poll(cx)).toThrow(ClosedError);
    await reader[Symbol.asyncDispose]();
    expect(through.closed).toBe(true);
  });

  test("takes a Readable of bytes", () => {
    expect(() => readerFromNode(Readable.from([1]))).toThrow(
      "this one is in object mode: use fromNodeReadable",
    );
    const text = new PassThrough();
    text.setEncoding("utf8");
    expect(() => readerFromNode(text)).toThrow("do not call setEncoding");
  });
});
