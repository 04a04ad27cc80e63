import { once } from "node:events";
import { PassThrough, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { FedSource } from "../../test/support/fed-source.ts";
import { FedReader } from "../../test/support/memory-bytes.ts";
import { until } from "../../test/support/net.ts";
import { furtherErrors } from "../core/further-errors.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { toNodeReadable } from "./to-node-readable.ts";

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
