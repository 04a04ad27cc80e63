import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, expectTypeOf, test } from "vitest";
import { FedSource } from "../../test/support/fed-source.ts";
import { FedReader } from "../../test/support/memory-bytes.ts";
import { Resource } from "../../test/support/probe.ts";
import { co } from "../core/coroutine.ts";
import { CancelledError, CleanupError } from "../core/errors.ts";
import { Runtime } from "../runtime/runtime.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { Stream } from "../stream/stream.ts";
import { fromPromise } from "./promise.ts";
import { toReadableStream } from "./to-readable-stream.ts";

describe("toReadableStream of a stream", () => {
  test("gives its values, then closes", async () => {
    const stream = toReadableStream(Stream.from([1, 2, 3]));
    expectTypeOf(stream).toEqualTypeOf<ReadableStream<number>>();
    const given: number[] = [];
    for await (const value of stream) given.push(value);
    expect(given).toEqual([1, 2, 3]);
  });

  test("polls when somebody reads, and not before", async () => {
    const source = new FedSource<number>().feed(1, 2, 3);
    const reader = toReadableStream(source).getReader();
    await turn();
    expect(source.polls).toBe(0);
    expect(await reader.read()).toEqual({ done: false, value: 1 });
    await turn();
    expect(source.polls).toBe(1);
  });

  test("polls ahead up to its highWaterMark, by count or by size", async () => {
    const source = new FedSource<number>().feed(1, 2, 3, 4, 5);
    toReadableStream(source, { highWaterMark: 3 });
    const sized = new FedSource<string>().feed("aa", "bb", "cc");
    toReadableStream(sized, { highWaterMark: 3, size: (chunk) => chunk.length });
    await turn();
    expect([source.polls, sized.polls]).toEqual([3, 2]);
  });

  test("cancel cancels the poll that waits, then the stream, with the reason, and waits for the cleanup", async () => {
    const source = new FedSource<number>("slow");
    const reader = toReadableStream(source).getReader();
    const read = reader.read();
    await turn();
    let over = false;
    const cancelled = reader.cancel("enough").then(() => {
      over = true;
    });
    await turn();
    expect([source.polls, source.reason, over]).toEqual([1, "enough", false]);
    source.endCleanup();
    await cancelled;
    expect(await read).toEqual({ done: true, value: undefined });
  });

  test("cancel before the first read cancels the stream too, once", async () => {
    const source = new FedSource<number>();
    await toReadableStream(source).cancel("enough");
    expect([source.polls, source.cancels, source.reason]).toEqual([0, 1, "enough"]);
  });

  test("a cleanup that fails rejects the cancel with CleanupError", async () => {
    const failure = new Error("cannot clean up");
    const source = new FedSource<number>();
    source.cleanupFailure = { error: failure };
    const error = await toReadableStream(source)
      .cancel("enough")
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CleanupError);
    expect(error).toMatchObject({ cause: "enough", errors: [failure] });
  });

  test("a failure of the stream is that of the ReadableStream, as it is, after the stream was closed", async () => {
    const failure = new Error("failed");
    const source = new FedSource<number>("slow").feed(1).fail(failure);
    const reader = toReadableStream(source).getReader();
    await reader.read();
    let thrown: unknown;
    const read = reader.read().catch((error) => {
      thrown = error;
    });
    await turn();
    expect([source.cancels > 0, source.reason, thrown]).toEqual([true, failure, undefined]);
    source.endCleanup();
    await read;
    expect(thrown).toBe(failure);
  });

  test("a cleanup that fails after that hides nothing", async () => {
    const [failure, second] = [new Error("failed"), new Error("cannot clean up")];
    const source = new FedSource<number>().fail(failure);
    source.cleanupFailure = { error: second };
    const error = await toReadableStream(source)
      .getReader()
      .read()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ cause: failure, errors: [second] });
  });

  test("a value that comes when nobody can receive it any more is disposed of", async () => {
    const resource = new Resource();
    let cancelled: Promise<void> | undefined;
    const reader = toReadableStream<Resource>({
      pollNext() {
        cancelled = reader.cancel("enough");
        return resource;
      },
      cancel() {},
    }).getReader();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await cancelled;
    await turn();
    expect(resource.disposals).toBe(1);
  });

  test("runs on the runtime of the task that made it, and afterwards too", async () => {
    const runtime = new Runtime({ clock: "paused" });
    const main = co(function* () {
      return toReadableStream(Stream.from([1, 2]));
    });
    const stream = await runtime.run(main());
    const { spawned } = runtime.metrics();
    expect(await stream.getReader().read()).toEqual({ done: false, value: 1 });
    expect(runtime.metrics().spawned).toBe(spawned + 1);
  });

  test("the end of that runtime fails a read that waits", async () => {
    const source = new FedSource<number>();
    let read: Promise<unknown> = Promise.resolve();
    const main = co(function* () {
      read = toReadableStream(source).getReader().read();
      read.catch(() => {});
      yield* fromPromise(turn());
    });
    await new Runtime().run(main());
    await expect(read).rejects.toThrow(CancelledError);
  });

  test("pipes, tees and iterates as any other", async () => {
    const [one, two] = toReadableStream(Stream.from("ab")).tee();
    const text: string[] = [];
    await one.pipeTo(
      new WritableStream({
        write(chunk) {
          text.push(chunk);
        },
      }),
    );
    for await (const chunk of two) text.push(chunk);
    expect(text).toEqual(["a", "b", "a", "b"]);
    const source = new FedSource<number>().feed(1, 2);
    for await (const _ of toReadableStream(source)) break;
    expect([source.polls, source.cancels]).toEqual([1, 1]);
  });

  test("a tee cancels the stream when both branches are cancelled", async () => {
    const source = new FedSource<number>();
    const [one, two] = toReadableStream(source).tee();
    const first = one.cancel("one");
    await turn();
    expect(source.cancels).toBe(0);
    await Promise.all([first, two.cancel("two")]);
    expect(source.reason).toEqual(["one", "two"]);
  });

  test("takes a stream or a reader, and a highWaterMark that is one", () => {
    expect(() => (toReadableStream as (source: unknown) => unknown)(1)).toThrow(
      "toReadableStream needs a stream, or something to iterate, not 1",
    );
    expect(() => toReadableStream(Stream.from([1]), { highWaterMark: -1 })).toThrow(RangeError);
    expect(() => toReadableStream(Stream.from([1]), { highWaterMark: Number.NaN })).toThrow(RangeError);
  });
});

describe("toReadableStream of a reader", () => {
  const text = (chunk: unknown): string => new TextDecoder().decode(chunk as Uint8Array);

  test("is a stream of bytes, closed with the reader at the end", async () => {
    const source = new FedReader().feed("hello", "!").end();
    const stream = toReadableStream(source);
    expectTypeOf(stream).toEqualTypeOf<ReadableStream<Uint8Array>>();
    const chunks: string[] = [];
    for await (const chunk of stream) chunks.push(text(chunk));
    expect([chunks, source.closes]).toEqual([["hello", "!"], 1]);
  });

  test("reads into the buffer of a BYOB reader", async () => {
    const source = new FedReader().feed("hello").end();
    const reader = toReadableStream(source).getReader({ mode: "byob" });
    const first = await reader.read(new Uint8Array(3));
    expect([text(first.value), first.value?.buffer.byteLength]).toEqual(["hel", 3]);
    expect(text((await reader.read(new Uint8Array(3))).value)).toBe("lo");
    expect((await reader.read(new Uint8Array(3))).done).toBe(true);
    expect(source.closes).toBe(1);
  });

  test("reads ahead with a highWaterMark, and not without", async () => {
    const source = new FedReader().feed("a", "b", "c");
    const lazy = new FedReader().feed("a");
    toReadableStream(source, { highWaterMark: 2 });
    toReadableStream(lazy);
    await turn();
    expect([source.polls, lazy.polls]).toEqual([2, 0]);
  });

  test("cancel gives the read that waits up, and closes the reader", async () => {
    const source = new FedReader();
    const reader = toReadableStream(source).getReader();
    const read = reader.read();
    await turn();
    expect(source.isWaiting).toBe(true);
    await reader.cancel("enough");
    expect([source.cancels, source.closes, (await read).done]).toEqual([1, 1, true]);
  });

  test("a failure fails it, and closes the reader", async () => {
    const failure = new Error("failed");
    const source = new FedReader().fail(failure);
    await expect(toReadableStream(source).getReader().read()).rejects.toBe(failure);
    expect(source.closes).toBe(1);
  });

  test("is what a Response takes", async () => {
    const source = new FedReader().feed("hello ", "world").end();
    expect(await new Response(toReadableStream(source)).text()).toBe("hello world");
  });
});
