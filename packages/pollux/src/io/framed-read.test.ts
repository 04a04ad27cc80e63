import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { yieldsAtTimes } from "../../test/support/cooperative.ts";
import { StepReader, text, utf8 } from "../../test/support/io.ts";
import { UintCodec } from "../../test/support/uint-codec.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, InvalidDataError, TooLongError, UnexpectedEofError } from "../core/errors.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { run } from "../runtime/runtime.ts";
import { Stream } from "../stream/stream.ts";
import { anyDelimiter } from "./any-delimiter.ts";
import { ByteQueue } from "./byte-queue.ts";
import { bytesCodec } from "./bytes-codec.ts";
import type { Codec } from "./codec.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";
import { FramedRead } from "./framed-read.ts";
import { jsonLines } from "./json-lines.ts";
import { lengthDelimited } from "./length-delimited.ts";
import { linesCodec } from "./lines-codec.ts";

const piecesOf = (bytes: Uint8Array, sizes: readonly number[]): (Uint8Array | typeof Pending)[] => {
  const pieces: (Uint8Array | typeof Pending)[] = [];
  let at = 0;
  for (const size of sizes) {
    if (size === 0) pieces.push(Pending);
    else if (at < bytes.length) pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return pieces;
};

const all = co(function* <T>(frames: FramedRead<T>) {
  const given: T[] = [];
  for (let frame: T | End; (frame = yield* frames.next()) !== End; ) given.push(frame);
  return given;
});

/** What a codec has encoded it decodes, in whatever pieces it comes. */
function roundTrip<T>(codec: () => Codec<T>, frame: fc.Arbitrary<T>): Promise<void> {
  return fc.assert(
    fc.asyncProperty(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(9)), async (given, sizes) => {
      const queue = new ByteQueue();
      const encoder = codec();
      for (const each of given) encoder.encode(each, queue);
      const reader = new StepReader(...piecesOf(queue.view(), sizes));
      expect(await run(all(new FramedRead(reader, codec())))).toEqual(given);
    }),
  );
}

describe("FramedRead: what was encoded is decoded again, in whatever pieces it comes", () => {
  const line = fc.string({ unit: "binary", maxLength: 20 }).map((text) => text.replaceAll(/[\r\n]/g, "-"));
  test("linesCodec", () => roundTrip(() => linesCodec(), line));
  // As JSON has them: it knows no -0.
  const value = fc.json().map((json): unknown => JSON.parse(JSON.stringify(JSON.parse(json))));
  test("jsonLines", () => roundTrip(() => jsonLines(), value));
  test("anyDelimiter", () =>
    roundTrip(() => anyDelimiter(Uint8Array.of(0, 1)), fc.uint8Array({ min: 2, maxLength: 20 })));
  for (const options of [
    {},
    { lengthFieldLength: 1, littleEndian: true },
    { lengthFieldLength: 3, lengthAdjustment: -3 },
  ])
    test(`lengthDelimited, ${JSON.stringify(options)}`, () =>
      roundTrip(() => lengthDelimited(options), fc.uint8Array({ maxLength: 40 })));
});

describe("FramedRead", () => {
  test("a stream of it has its frames, and to give that up closes the reader", async () => {
    const inner = new StepReader("one\ntwo\nthree\n");
    const stream = new Stream(new FramedRead(inner, linesCodec()));
    expect(await run(stream.next())).toBe("one");
    stream.cancel(new TestContext());
    expect(inner.closes).toBe(1);
  });

  test("a frame that is wrong is an error, and those behind it follow", () => {
    const frames = new FramedRead(new Cursor(utf8('{"a":1}\n{]\n\n  \n"b"\nnope')), jsonLines());
    expect(ready(frames.next())).toEqual({ a: 1 });
    expect(() => ready(frames.next())).toThrow(InvalidDataError);
    expect(ready(frames.next())).toBe("b");
    expect(() => ready(frames.next())).toThrow(InvalidDataError);
    expect(ready(frames.next())).toBe(End);
  });

  test("a frame that stands in the way for ever ends the stream", () => {
    const frames = new FramedRead(
      new Cursor(Uint8Array.of(0, 1, 2)),
      lengthDelimited({ lengthFieldLength: 1, lengthAdjustment: -1 }),
    );
    expect(() => ready(frames.next())).toThrow(InvalidDataError);
    expect([1, 2].map(() => ready(frames.next()))).toEqual([End, End]);
  });

  test("lengthDelimited: a frame that is too long is read over, however it comes, and costs no memory", () =>
    run(
      co(function* () {
        const long = new Uint8Array(1_000_005);
        new DataView(long.buffer).setUint32(0, 1_000_001);
        const next = Uint8Array.of(0, 0, 0, 2, 104, 105);
        const pieces = piecesOf(long, [2, 0, 5, 0, 100_000, 0]);
        const frames = new FramedRead(
          new StepReader(...pieces, next),
          lengthDelimited({ maxFrameLength: 1_000_000 }),
        );
        let failure: unknown;
        try {
          yield* frames.next();
        } catch (error) {
          failure = error;
        }
        expect(failure).toBeInstanceOf(TooLongError);
        expect(text((yield* frames.next()) as Uint8Array)).toBe("hi");
        expect(yield* frames.next()).toBe(End);
        expect(frames.buffered.capacity).toBeLessThan(100_000);
      })(),
    ));

  test("lengthDelimited: a head without its frame at the end is an error", () => {
    const frames = new FramedRead(new StepReader("\0\0\0\x09"), lengthDelimited());
    expect(() => ready(frames.next())).toThrow(UnexpectedEofError);
    expect(ready(frames.next())).toBe(End);
  });

  test("lengthDelimited: makes no room for what only the length promises", () => {
    const frames = new FramedRead(new StepReader("\0\x70\0\0a", Pending), lengthDelimited());
    pending(frames.next());
    expect(frames.buffered.capacity).toBeLessThan(100_000);
  });

  test("a `next` that is cancelled loses nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const frames = new FramedRead(new StepReader("on", Pending, "e\ntw", Pending, "o\n"), linesCodec());
      await run(
        co(function* () {
          const first = yield* cancelAt(frames.next());
          const rest = yield* all(frames);
          expect(rest).toEqual(first.cancelled ? ["one", "two"] : ["two"]);
        })(),
      );
    });
    expect(polls).toBe(2);
  });

  test("one waits at a time, and a close ends it", () => {
    const [a] = duplex(8);
    const frames = new FramedRead(a, bytesCodec());
    const waiting = frames.next();
    const cx = pending(waiting);
    expect(() => ready(frames.next())).toThrow(FutureInUseError);
    frames.close();
    expect(cx.wakes).toBe(1);
    expect(ready(waiting)).toBe(End);
  });

  test("lets others run while frames are buffered", () => {
    const codec = { decode: (): Poll<number> => 1 };
    const frames = new FramedRead(new StepReader(), codec, { buffered: ByteQueue.of(utf8("x")) });
    return yieldsAtTimes(() => frames.next());
  });

  test("withDecoder: the first one is over, and the rest is the second's", () => {
    const first = new FramedRead(new StepReader("hello\n\0\0\0\x07"), linesCodec());
    expect(ready(first.next())).toBe("hello");
    const second = first.withDecoder(new UintCodec(4));
    expect(ready(first.next())).toBe(End);
    expect([1, 2].map(() => ready(second.next()))).toEqual([7, End]);
  });
});

test("framed read: takes part in the read side of its reader, also as a stream, until nobody waits", () => {
  const [a, b] = duplex(8);
  const frames = new FramedRead(a, linesCodec());
  const stream = new Stream(frames);
  for (const next of [frames.next(), stream.next()]) {
    const cx = pending(next);
    expect(() => ready(a.read(new Uint8Array(1)))).toThrow(FutureInUseError);
    expect(() => ready(new FramedRead(a, linesCodec()).next())).toThrow(FutureInUseError);
    ready(b.writeAll(utf8("one\n")));
    expect(cx.wakes).toBe(1);
    expect(ready(next, cx)).toBe("one");
    const given = stream.next();
    pending(given);
    given.cancel(cx);
    const read = a.read(new Uint8Array(1));
    pending(read);
    read.cancel(cx);
  }
});
