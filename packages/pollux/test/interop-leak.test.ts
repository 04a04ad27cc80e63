import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import {
  co,
  fromNodeReadable,
  fromPromise,
  fromReadableStream,
  on,
  Runtime,
  Stream,
  select,
  toNodeReadable,
  toReadableStream,
  yieldNow,
} from "../src/index.ts";

// Thousands of bridges that are begun and given up: nothing stays behind.

const COUNT = 2000;

test("fromReadableStream: thousands that are cancelled while they wait unlock their streams, and nothing is outstanding", async () => {
  const runtime = new Runtime();
  let cancels = 0;
  const main = co(function* () {
    for (let n = 0; n < COUNT; n++) {
      const source = new ReadableStream({
        cancel() {
          cancels++;
        },
      });
      const stream = fromReadableStream(source);
      yield* select({ value: stream.next(), now: yieldNow() });
      yield* stream.close();
      if (source.locked) throw new Error("still locked");
    }
  });
  await runtime.run(main());
  expect([cancels, runtime.handle.outstanding, runtime.metrics().alive]).toEqual([COUNT, 0, 0]);
});

test("fromNodeReadable: thousands that are cancelled while they wait leave no listener", async () => {
  const runtime = new Runtime();
  const main = co(function* () {
    for (let n = 0; n < COUNT; n++) {
      const through = new PassThrough();
      const before = through.eventNames().length;
      const stream = fromNodeReadable(through);
      yield* select({ value: stream.next(), now: yieldNow() });
      yield* stream.close();
      if (!through.closed || through.eventNames().length !== before) throw new Error("left something behind");
    }
  });
  await runtime.run(main());
  expect(runtime.handle.outstanding).toBe(0);
});

test("on: thousands that are given up leave no listener on the emitter that they share", async () => {
  const emitter = new EventEmitter();
  const runtime = new Runtime();
  const main = co(function* () {
    for (let n = 0; n < COUNT; n++) {
      const events = on(emitter, "tick", { close: ["end"] });
      yield* select({ value: events.next(), now: yieldNow() });
      yield* events.close();
    }
  });
  await runtime.run(main());
  expect([emitter.eventNames(), runtime.handle.outstanding]).toEqual([[], 0]);
});

test("toReadableStream, toNodeReadable: thousands that are cancelled while they wait leave no task", async () => {
  const runtime = new Runtime();
  let closed = 0;
  const waiting = (): Stream<number> =>
    Stream.make<number>(function* (emit) {
      try {
        yield* emit(1);
        yield* fromPromise(new Promise<never>(() => {}));
      } finally {
        closed++;
      }
    });
  const main = co(function* () {
    for (let n = 0; n < COUNT / 2; n++) {
      const reader = toReadableStream(waiting()).getReader();
      yield* fromPromise(reader.read());
      const read = reader.read();
      yield* yieldNow();
      yield* fromPromise(reader.cancel());
      yield* fromPromise(read);
      const readable = toNodeReadable(waiting());
      yield* fromPromise(new Promise((resolve) => readable.once("data", resolve)));
      yield* fromPromise(new Promise<void>((resolve) => readable.once("close", resolve).destroy()));
    }
    return runtime.metrics().alive;
  });
  // The main one itself is left.
  expect(await runtime.run(main())).toBe(1);
  expect([closed, runtime.handle.outstanding]).toEqual([COUNT, 0]);
});
