import { EventEmitter, on as nodeOn } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import {
  co,
  fromPromise,
  mpsc,
  on,
  run,
  Stream,
  sleep,
  spawn,
  timeout,
  toNodeReadable,
  toReadableStream,
} from "../src/index.ts";

// What is iterated asynchronously, in both directions, beside the streams of the platform.

test("Stream.from: takes the iterators of Node's events and Readables, and closes them when it is given up", async () => {
  const emitter = new EventEmitter();
  const readable = Readable.from([1, 2, 3]);
  const main = co(function* () {
    const events = Stream.from<unknown[]>(nodeOn(emitter, "tick"));
    const first = events.next();
    setImmediate(() => emitter.emit("tick", 1));
    expect(yield* first).toEqual([1]);
    yield* events.close();
    expect(emitter.listenerCount("tick")).toBe(0);
    const numbers = Stream.from<number>(readable);
    expect(yield* numbers.next()).toBe(1);
    yield* numbers.close();
    expect(readable.destroyed).toBe(true);
  });
  await run(main());
});

test("for await: leaves a stream over events, a channel and a Node stream without anything behind", async () => {
  const emitter = new EventEmitter();
  const events = on<[number]>(emitter, "tick", { listenNow: true });
  emitter.emit("tick", 1);
  for await (const [n] of events.map((args) => args)) {
    expect(n).toBe(1);
    break;
  }
  expect(emitter.listenerCount("tick")).toBe(0);
  const [tx, rx] = mpsc<number>(1);
  tx.trySend(1);
  for await (const n of rx) {
    expect(n).toBe(1);
    break;
  }
});

test("a stream goes round through AsyncIterable, Web and Node streams, in order and whole", async () => {
  const numbers = Array.from({ length: 500 }, (_, n) => n);
  const web = toReadableStream(Stream.from(numbers));
  const node = toNodeReadable(web[Symbol.asyncIterator]() as AsyncIterable<number>);
  const generator = (async function* () {
    yield* node as AsyncIterable<number>;
  })();
  expect(await run(Stream.from(generator).collect())).toEqual(numbers);
});

test("a cancel goes all the way back, and waits for the cleanup at the other end", async () => {
  const log: string[] = [];
  const source = Stream.make<number>(function* (emit) {
    try {
      for (let n = 0; ; n++) yield* emit(n);
    } finally {
      yield* sleep(1);
      log.push("cleaned up");
    }
  });
  const web = toReadableStream(source);
  const main = co(function* () {
    const consume = Stream.from<number>(web).forEach(function* () {
      yield* fromPromise(turn());
    });
    const task = spawn(consume);
    yield* fromPromise(turn());
    task.abort();
    yield* fromPromise(Promise.resolve(task).catch(() => {}));
    log.push("ended");
  });
  await run(main());
  expect(log).toEqual(["cleaned up", "ended"]);
});

test("a pipeline of Node is cancelled by a timeout of ours", async () => {
  const readable = new Readable({ read() {} });
  const main = co(function* () {
    yield* timeout(
      5,
      fromPromise((signal) =>
        pipeline(
          readable,
          async (chunks: AsyncIterable<unknown>) => {
            for await (const _ of chunks);
          },
          { signal },
        ),
      ),
    );
  });
  await expect(run(main())).rejects.toMatchObject({ code: "POLLUX_TIMEOUT" });
  await turn();
  expect(readable.destroyed).toBe(true);
});
