import { once } from "node:events";
import { PassThrough, Readable, type Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { until } from "../../test/support/net.ts";
import { co } from "../core/coroutine.ts";
import { End } from "../core/stream-source.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { fromNodeReadable } from "./from-node-readable.ts";
import { fromPromise } from "./promise.ts";

/** All listeners of a stream, but those that Node itself puts on it. */
const listeners = (stream: Readable | Writable): number =>
  stream.eventNames().reduce((sum, name) => sum + stream.listenerCount(name), 0);

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

  test("to give up waiting wakes nobody, is outstanding no longer, and loses no chunk", async () => {
    const readable = new PassThrough({ objectMode: true });
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 10;
    const stream = fromNodeReadable<number>(readable);
    const next = stream.next();
    pending(next, cx);
    expect(cx.runtime.outstanding).toBe(1);
    next.cancel(cx);
    expect(cx.runtime.outstanding).toBe(0);
    readable.write(1);
    await turn();
    expect([cx.wakes, readable.destroyed]).toEqual([0, false]);
    expect(ready(stream.next(), cx)).toBe(1);
    readable.destroy();
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

  test("a failure that was there before is none of the cleanup", async () => {
    const readable = new Readable({
      read() {},
      destroy(error, callback) {
        setImmediate(callback, error);
      },
    });
    readable.on("error", () => {});
    readable.destroy(new Error("failed before"));
    expect(await run(fromNodeReadable(readable).close())).toBeUndefined();
  });

  test.each([
    ["an AbortError", new DOMException("destroyed before its end", "AbortError")],
    ["ECANCELED", Object.assign(new Error("write ECANCELED"), { code: "ECANCELED" })],
  ])("one that says by %s that it was destroyed has not failed", async (_what, error) => {
    const readable = new Readable({
      read() {},
      destroy(_error, callback) {
        callback(error);
      },
    });
    expect(await run(fromNodeReadable(readable).close())).toBeUndefined();
  });

  test("takes nothing but a Readable", () => {
    const wrong = fromNodeReadable as (stream: unknown) => unknown;
    expect(() => wrong({})).toThrow("fromNodeReadable needs a Readable of Node, not an object (Object)");
  });
});
