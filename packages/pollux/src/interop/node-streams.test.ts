import { once } from "node:events";
import { type AddressInfo, createConnection, createServer } from "node:net";
import { Duplex as NodeDuplex, PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { FedSource } from "../../test/support/fed-source.ts";
import { FedReader, RoomyWriter } from "../../test/support/memory-bytes.ts";
import { until } from "../../test/support/net.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError } from "../core/errors.ts";
import { furtherErrors } from "../core/further-errors.ts";
import { End } from "../core/stream-source.ts";
import type { Reader } from "../io/reader.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { Stream } from "../stream/stream.ts";
import { spawn } from "../task/spawn.ts";
import { duplexFromNode } from "./duplex-from-node.ts";
import { fromNodeReadable } from "./from-node-readable.ts";
import { fromPromise } from "./promise.ts";
import { readerFromNode } from "./reader-from-node.ts";
import { toNodeDuplex } from "./to-node-duplex.ts";
import { toNodeReadable } from "./to-node-readable.ts";
import { toNodeWritable } from "./to-node-writable.ts";
import { writerFromNode } from "./writer-from-node.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

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

describe("fromNodeReadable", () => {
  test("gives objects, strings or buffers, as the stream does, and then the end; no listener is left", async () => {
    const objects = Readable.from([1, "two", { three: 3 }]);
    const before = listeners(objects);
    expect(await run(fromNodeReadable<unknown>(objects).collect())).toEqual([1, "two", { three: 3 }]);
    await turn();
    expect([listeners(objects), objects.closed]).toEqual([before, true]);
    const text = new PassThrough();
    text.setEncoding("utf8");
    text.end("hello");
    expect(await run(fromNodeReadable<string>(text).collect())).toEqual(["hello"]);
    const binary = new PassThrough();
    binary.end("hello");
    expect(await run(fromNodeReadable(binary).collect())).toEqual([Buffer.from("hello")]);
  });

  test("reads no further ahead than the highWaterMark, and nothing before the first poll", async () => {
    let made = 0;
    const readable = new Readable({
      objectMode: true,
      highWaterMark: 3,
      read() {
        this.push(++made);
      },
    });
    const stream = fromNodeReadable<number>(readable);
    await turn();
    expect(made).toBe(0);
    const main = co(function* () {
      for (let n = 1; n <= 10; n++) {
        expect(yield* stream.next()).toBe(n);
        yield* fromPromise(turn());
        expect(made).toBeLessThanOrEqual(n + 4);
      }
      yield* stream.close();
    });
    await run(main());
    expect([readable.destroyed, readable.closed, readable.errored]).toEqual([true, true, null]);
  });

  test("throws the failure as it is, then gives the end", async () => {
    const failure = new Error("failed");
    const readable = new Readable({
      read() {
        this.destroy(failure);
      },
    });
    const stream = fromNodeReadable(readable);
    await expect(run(stream.next())).rejects.toBe(failure);
    expect(await run(stream.next())).toBe(End);
  });

  test("a stream that is destroyed before its end fails with ERR_STREAM_PREMATURE_CLOSE, be it before or meanwhile", async () => {
    for (const before of [true, false]) {
      const readable = new Readable({ read() {} });
      if (before) readable.destroy();
      else setImmediate(() => readable.destroy());
      await expect(run(fromNodeReadable(readable).next())).rejects.toMatchObject({
        code: "ERR_STREAM_PREMATURE_CLOSE",
      });
    }
  });

  test("a stream that has ended or failed before is seen to have", async () => {
    const ended = Readable.from([]);
    ended.resume();
    await once(ended, "close");
    expect(await run(fromNodeReadable(ended).next())).toBe(End);
    const failed = new Readable({ read() {} });
    failed.once("error", () => {});
    failed.destroy(new Error("failed"));
    await until(() => failed.closed);
    await expect(run(fromNodeReadable(failed).next())).rejects.toThrow("failed");
  });

  test("a cancel destroys it without an error and waits until it has closed", async () => {
    let closed = false;
    const readable = new Readable({
      read() {},
      destroy(_error, callback) {
        setImmediate(() => {
          closed = true;
          callback(null);
        });
      },
    });
    const errors: unknown[] = [];
    readable.on("error", (error) => errors.push(error));
    const main = co(function* () {
      const task = spawn(fromNodeReadable(readable).collect());
      yield* fromPromise(turn());
      task.abort();
      yield* fromPromise(Promise.resolve(task).catch(() => {}));
      expect(closed).toBe(true);
    });
    await run(main());
    expect(errors).toEqual([]);
  });

  test("what the destruction fails with is a failure of the cleanup", async () => {
    const failure = new Error("cannot close");
    const readable = new Readable({
      read() {},
      destroy(_error, callback) {
        callback(failure);
      },
    });
    await expect(run(fromNodeReadable(readable).close())).rejects.toMatchObject(failure);
  });

  test("one that says by an AbortError that it was destroyed has not failed", async () => {
    const readable = new Readable({
      read() {},
      destroy(_error, callback) {
        callback(new DOMException("destroyed before its end", "AbortError"));
      },
    });
    expect(await run(fromNodeReadable(readable).close())).toBeUndefined();
  });

  test("takes nothing but a Readable", () => {
    const wrong = fromNodeReadable as (stream: unknown) => unknown;
    expect(() => wrong({})).toThrow("fromNodeReadable needs a Readable of Node, not an object (Object)");
  });
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

describe("toNodeReadable", () => {
  test("gives the values of a stream in object mode, and ends", async () => {
    const source = new FedSource<unknown>().feed(1, undefined, "three").end();
    const given: unknown[] = [];
    for await (const value of toNodeReadable(source)) given.push(value);
    expect(given).toEqual([1, undefined, "three"]);
    expect(source.cancels).toBe(0);
  });

  test("polls no further than its highWaterMark, and not before somebody reads", async () => {
    const source = new FedSource<number>().feed(1, 2, 3, 4, 5, 6);
    const readable = toNodeReadable(source, { highWaterMark: 2 });
    await turn();
    expect(source.polls).toBe(0);
    readable.once("readable", () => {});
    await turn();
    expect(source.polls).toBe(2);
    expect(readable.read()).toBe(1);
    await turn();
    expect(source.polls).toBe(3);
  });

  test("destroy cancels the poll that waits, then the stream, with the error as the reason, and closes after that", async () => {
    const source = new FedSource<number>("slow");
    const readable = toNodeReadable(source);
    const log: unknown[] = [];
    readable.on("error", (error) => log.push(error)).on("close", () => log.push("close"));
    readable.read();
    await turn();
    const reason = new Error("enough");
    readable.destroy(reason);
    await turn();
    expect([source.reason, log]).toEqual([reason, []]);
    source.endCleanup();
    await until(() => log.length === 2);
    expect(log).toEqual([reason, "close"]);
  });

  test("a cleanup that fails is the error, or beside the one that there was", async () => {
    const failure = new Error("cannot clean up");
    for (const reason of [undefined, new Error("enough")]) {
      const source = new FedSource<number>();
      source.cleanupFailure = { error: failure };
      const readable = toNodeReadable(source);
      readable.destroy(reason);
      const [error] = await once(readable, "error").catch((caught: unknown) => [caught]);
      if (reason === undefined)
        expect(error).toMatchObject({ code: "POLLUX_CLEANUP_FAILED", errors: [failure] });
      else expect([error, furtherErrors(error)[0]]).toMatchObject([reason, { errors: [failure] }]);
    }
  });

  test("a failure of the stream destroys it with the same error, after the stream was closed", async () => {
    const failure = new Error("failed");
    const source = new FedSource<number>().feed(1).fail(failure);
    await expect(pipeline(toNodeReadable(source), new PassThrough({ objectMode: true }))).rejects.toBe(
      failure,
    );
    expect([source.cancels, source.reason]).toEqual([1, failure]);
  });

  test("a pipeline that fails further on cancels the stream", async () => {
    const failure = new Error("failed");
    const source = new FedSource<string>().feed("a");
    const sink = new Writable({
      objectMode: true,
      write(_chunk, _encoding, callback) {
        callback(failure);
      },
    });
    await expect(pipeline(toNodeReadable(source), sink)).rejects.toBe(failure);
    await until(() => source.cancels === 1);
  });

  test("null, which ends a Readable, is refused", async () => {
    const source = new FedSource<null>().feed(null);
    const readable = toNodeReadable(source);
    readable.resume();
    const [error] = await once(readable, "error").catch((caught: unknown) => [caught]);
    expect(String(error)).toContain("cannot carry null");
    expect(source.cancels).toBe(1);
  });

  test("gives the bytes of a reader, and closes it", async () => {
    const reader = new FedReader().feed("hello ", "world").end();
    const chunks: Buffer[] = [];
    for await (const chunk of toNodeReadable(reader)) chunks.push(chunk);
    expect([Buffer.concat(chunks).toString(), reader.closes]).toEqual(["hello world", 2]);
    const given = new FedReader();
    const readable = toNodeReadable(given);
    readable.read();
    await turn();
    readable.destroy();
    await once(readable, "close");
    expect([given.cancels, given.closes]).toEqual([1, 1]);
  });

  test("takes a reader or what a stream can be made of", () => {
    const wrong = toNodeReadable as (source: unknown, options?: unknown) => unknown;
    expect(() => wrong(1)).toThrow("toNodeReadable needs a stream, or something to iterate, not 1");
    expect(() => wrong([], { highWaterMark: -1 })).toThrow(RangeError);
  });
});

describe("toNodeWritable", () => {
  test("writes the chunks in order; end shuts the writer down and closes it before finish", async () => {
    const target = new RoomyWriter();
    const writable = toNodeWritable(target);
    writable.write("a");
    writable.write(bytes("b"));
    writable.end();
    await once(writable, "finish");
    expect([target.text, target.isShutDown, target.closes]).toEqual(["ab", true, 1]);
  });

  test("says when it is full, and drains", async () => {
    const target = new RoomyWriter(2);
    const writable = toNodeWritable(target, { highWaterMark: 4 });
    expect([writable.write("abc"), writable.write("d")]).toEqual([true, false]);
    await turn();
    expect(target.text).toBe("ab");
    target.give(2);
    await once(writable, "drain");
    expect(target.text).toBe("abcd");
  });

  test("destroy cancels the write that waits, and closes the writer", async () => {
    const target = new RoomyWriter(0);
    const writable = toNodeWritable(target);
    writable.write("a");
    await turn();
    expect(target.isWaiting).toBe(true);
    writable.destroy();
    await once(writable, "close");
    expect([target.cancels, target.closes, target.isShutDown]).toEqual([1, 1, false]);
  });

  test("a failed write destroys it with the same error, and closes the writer", async () => {
    const failure = new Error("failed");
    const target = new RoomyWriter(0);
    target.fail(failure);
    await expect(pipeline(["a"], toNodeWritable(target))).rejects.toBe(failure);
    await until(() => target.closes === 1);
  });

  test("takes a sink for objects", async () => {
    const given: unknown[] = [];
    await pipeline(
      [1, { two: 2 }],
      toNodeWritable({
        write: (chunk) => {
          given.push(chunk);
        },
      }),
    );
    expect(given).toEqual([1, { two: 2 }]);
    expect(() => (toNodeWritable as (sink: unknown) => unknown)(1)).toThrow(
      "toNodeWritable needs a writer or an object",
    );
  });
});

describe("back-pressure", () => {
  test("bytes in flight are bounded from a stream of the library through Node and back", async () => {
    const CHUNK = 1000;
    let made = 0;
    const source = Stream.pollFn(() => {
      made++;
      return new Uint8Array(CHUNK);
    });
    const readable = toNodeReadable(source, { highWaterMark: 4 });
    const through = new PassThrough({ highWaterMark: 4 * CHUNK, readableHighWaterMark: 4 * CHUNK });
    readable.pipe(through);
    const reader = readerFromNode(through);
    const buf = new Uint8Array(CHUNK);
    let read = 0;
    let most = 0;
    const main = co(function* () {
      for (let n = 0; n < 200; n++) {
        read += yield* reader.read(buf);
        // Whoever is behind has time to run ahead.
        for (let k = 0; k < 3; k++) yield* fromPromise(turn());
        most = Math.max(most, made * CHUNK - read);
      }
    });
    await run(main());
    // Four values in the Readable, and twice 4 KB in the PassThrough, and one on its way in each.
    expect(most).toBeLessThanOrEqual(16 * CHUNK);
    readable.destroy();
    reader.close();
  });

  test("a writer over Node's stream is held up by a slow reader, and holds no more than the marks", async () => {
    const through = new PassThrough({ highWaterMark: 2000 });
    const writer = writerFromNode(through);
    let written = 0;
    const main = co(function* () {
      const task = spawn(
        co(function* () {
          for (;;) written += yield* writer.write(new Uint8Array(500));
        })(),
      );
      for (let k = 0; k < 50; k++) yield* fromPromise(turn());
      const first = written;
      expect(first).toBeLessThanOrEqual(5000);
      through.read();
      for (let k = 0; k < 50; k++) yield* fromPromise(turn());
      expect(written).toBeGreaterThan(first);
      expect(written).toBeLessThanOrEqual(first + 5000);
      task.abort();
    });
    await run(main());
    writer.close();
  });
});

describe("duplexes", () => {
  test("duplexFromNode over a socket: reads, writes, half-closes; toNodeDuplex over that is a socket again", async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const socket = createConnection({ port, host: "127.0.0.1", allowHalfOpen: true });
    const stream = toNodeDuplex(duplexFromNode(socket));
    stream.end("hello");
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("hello");
    await until(() => socket.closed);
    server.close();
    await once(server, "close");
  });

  test("toNodeDuplex: the end of the read side leaves the write side open", async () => {
    const [left, right] = pair();
    const stream = toNodeDuplex(duplexFromNode(left));
    right.end();
    stream.resume();
    await once(stream, "end");
    stream.write("late");
    const [chunk] = await once(right, "data");
    expect(String(chunk)).toBe("late");
    stream.destroy();
    await once(stream, "close");
    expect(left.destroyed).toBe(true);
  });

  test("toNodeDuplex: destroy cancels what waits, and closes", async () => {
    const [left] = pair();
    const stream = toNodeDuplex(duplexFromNode(left));
    stream.read();
    await turn();
    const failure = new Error("enough");
    stream.destroy(failure);
    const [error] = await once(stream, "error").catch((caught: unknown) => [caught]);
    expect(error).toBe(failure);
    await until(() => left.closed);
  });

  test("toNodeDuplex takes a duplex", () => {
    expect(() => (toNodeDuplex as (duplex: unknown) => unknown)(new FedReader())).toThrow(
      "toNodeDuplex needs a Duplex",
    );
  });
});

/** Two streams of Node, each of which gives what is written to the other. */
function pair(): [NodeDuplex, NodeDuplex] {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const end = (input: PassThrough, output: PassThrough): NodeDuplex =>
    new NodeDuplex({
      read() {
        const chunk: unknown = input.read();
        if (chunk !== null) this.push(chunk);
        else if (input.readableEnded) this.push(null);
        else {
          const again = (): void => {
            input.off("readable", again);
            input.off("end", again);
            this._read(0);
          };
          input.once("readable", again);
          input.once("end", again);
        }
      },
      write(chunk, encoding, callback) {
        output.write(chunk, encoding, callback);
      },
      final(callback) {
        output.end(callback);
      },
    });
  return [end(back, there), end(there, back)];
}
