import { EventEmitter } from "node:events";
import { PassThrough } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  co,
  duplexFromNode,
  End,
  fromNodeReadable,
  fromReadableStream,
  on,
  type Reader,
  Runtime,
  readerFromNode,
  readerFromWeb,
  type Stream,
  type Writer,
  writerFromNode,
  writerFromWeb,
} from "../src/index.ts";
import { cancelAtEveryPoll } from "./support/cancel-at-every-poll.ts";

// What waits on a stream of others is given up at its first, second, … poll: what had arrived is there for the next one,
// nothing was written, and nothing stays outstanding.

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Later than the first poll. */
async function later(do_: () => void): Promise<void> {
  await turn();
  do_();
}

const streams: Record<string, () => Stream<unknown>> = {
  fromReadableStream: () => {
    let controller: ReadableStreamDefaultController<string> | undefined;
    const stream = new ReadableStream<string>({
      start(given) {
        controller = given;
      },
    });
    void later(() => {
      controller?.enqueue("value");
      controller?.close();
    });
    return fromReadableStream(stream);
  },
  fromNodeReadable: () => {
    const through = new PassThrough({ objectMode: true });
    void later(() => through.end("value"));
    return fromNodeReadable(through);
  },
  on: () => {
    const emitter = new EventEmitter();
    const events = on<[string]>(emitter, "value", { listenNow: true, close: ["end"] });
    void later(() => {
      emitter.emit("value", "value");
      emitter.emit("end");
    });
    return events.map(([value]) => value);
  },
};

for (const [name, make] of Object.entries(streams)) {
  test(`${name}: a next that is given up at any poll loses no value, and leaves nothing outstanding`, async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime();
      const main = co(function* () {
        const stream = make();
        const outcome = yield* cancelAt(stream.next());
        const rest: unknown[] = outcome.cancelled ? [] : [outcome.value];
        for (let value: unknown; (value = yield* stream.next()) !== End; ) rest.push(value);
        return rest;
      });
      expect(await runtime.run(main())).toEqual(["value"]);
      expect(runtime.handle.outstanding).toBe(0);
    });
    expect(polls).toBeGreaterThanOrEqual(1);
  });
}

const readers: Record<string, () => Reader> = {
  readerFromWeb: () => {
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const stream = new ReadableStream<Uint8Array>({
      start(given) {
        controller = given;
      },
    });
    void later(() => {
      controller?.enqueue(bytes("hello"));
      controller?.close();
    });
    return readerFromWeb(stream);
  },
  readerFromNode: () => {
    const through = new PassThrough();
    void later(() => through.end("hello"));
    return readerFromNode(through);
  },
  duplexFromNode: () => {
    const through = new PassThrough();
    void later(() => through.end("hello"));
    return duplexFromNode(through);
  },
};

for (const [name, make] of Object.entries(readers)) {
  test(`${name}: a read that is given up at any poll loses no byte, and leaves nothing outstanding`, async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime();
      const main = co(function* () {
        const reader = make();
        const buf = new Uint8Array(2);
        let text = "";
        const outcome = yield* cancelAt(reader.read(buf));
        if (!outcome.cancelled) text += new TextDecoder().decode(buf.subarray(0, outcome.value));
        for (let n: number; (n = yield* reader.read(buf)) > 0; )
          text += new TextDecoder().decode(buf.subarray(0, n));
        return text;
      });
      expect(await runtime.run(main())).toBe("hello");
      expect(runtime.handle.outstanding).toBe(0);
    });
    expect(polls).toBeGreaterThanOrEqual(1);
  });
}

/** Writers with room for one byte, and what has been written to each, of which the reader makes room. */
const writers: Record<string, () => { writer: Writer; written: () => Promise<string> }> = {
  writerFromWeb: () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>(undefined, {
      highWaterMark: 1,
    });
    return { writer: writerFromWeb(writable), written: () => new Response(readable).text() };
  },
  writerFromNode: () => {
    const through = new PassThrough({ highWaterMark: 1 });
    return {
      writer: writerFromNode(through),
      written: async () => {
        let text = "";
        for await (const chunk of through) text += chunk;
        return text;
      },
    };
  },
};

for (const [name, make] of Object.entries(writers)) {
  test(`${name}: a write that is given up at any poll has written nothing, and leaves nothing outstanding`, async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const runtime = new Runtime();
      const { writer, written } = make();
      const main = co(function* () {
        yield* writer.write(bytes("a"));
        yield* writer.write(bytes("b").subarray(0, 0));
        const reading = later(() => {}).then(written);
        const outcome = yield* cancelAt(writer.write(bytes("c")));
        yield* writer.shutdown();
        return { reading, text: outcome.cancelled ? "a" : "ac" };
      });
      const { reading, text } = await runtime.run(main());
      expect(await reading).toBe(text);
      expect(runtime.handle.outstanding).toBe(0);
    });
    expect(polls).toBeGreaterThanOrEqual(1);
  });
}
