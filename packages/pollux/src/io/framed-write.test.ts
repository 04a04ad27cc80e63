import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready } from "../../test/support/context.ts";
import { yieldsAtTimes } from "../../test/support/cooperative.ts";
import { HesitantWriter, SlowWriter, StepWriter, text } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, WriteZeroError } from "../core/errors.ts";
import { run } from "../runtime/runtime.ts";
import { duplex } from "./duplex-stream.ts";
import { FramedWrite } from "./framed-write.ts";
import { jsonLines } from "./json-lines.ts";
import { linesCodec } from "./lines-codec.ts";
import { sink } from "./sink.ts";

const written = (writer: SlowWriter): string => text(Uint8Array.from(writer.data));

describe("FramedWrite", () => {
  test("feed holds back, up to the high-water mark; send and flush write all", () => {
    const writer = new SlowWriter(100);
    const frames = new FramedWrite(writer, linesCodec(), { highWaterMark: 6 });
    ready(frames.feed("abc"));
    ready(frames.feed("def"));
    expect(written(writer)).toBe("");
    // With 8 bytes held back it is reached.
    ready(frames.feed("ghi"));
    expect(written(writer)).toBe("abc\ndef\n");
    ready(frames.send("jkl"));
    expect(written(writer)).toBe("abc\ndef\nghi\njkl\n");
    ready(frames.feed("end"));
    ready(frames.shutdown());
    expect(written(writer)).toBe("abc\ndef\nghi\njkl\nend\n");
    expect(writer.shutdowns).toBe(1);
  });

  test("who feeds waits while too much is held back, until it is written", () => {
    const [a, b] = duplex(4);
    const frames = new FramedWrite(a, linesCodec(), { highWaterMark: 8 });
    ready(frames.feed("abcdefghijk"));
    const feeding = frames.feed("x");
    const cx = pending(feeding);
    expect(() => ready(frames.flush())).toThrow(FutureInUseError);
    // The pipe has four bytes, and eight are held back.
    expect(frames.bufferedBytes).toBe(8);
    pending(feeding, cx);
    ready(b.readExact(new Uint8Array(4)));
    expect(cx.wakes).toBe(1);
    ready(feeding, cx);
    expect(frames.bufferedBytes).toBeLessThan(8 + 2);
  });

  test("a feed that is cancelled has not taken its frame over, and the frames stay whole", async () => {
    for (const name of ["feed", "send", "flush"] as const) {
      const polls = await cancelAtEveryPoll(async (cancelAt) => {
        const inner = new SlowWriter(3);
        const frames = new FramedWrite(new HesitantWriter(inner), linesCodec(), { highWaterMark: 5 });
        await run(
          co(function* () {
            yield* frames.feed("first");
            const outcome = yield* cancelAt(name === "flush" ? frames.flush() : frames[name]("second"));
            yield* frames.send("third");
            const lines = written(inner).split("\n");
            if (name === "feed") {
              expect(lines).toEqual(
                outcome.cancelled ? ["first", "third", ""] : ["first", "second", "third", ""],
              );
            } else if (name === "send")
              expect(lines.filter((line) => line !== "second")).toEqual(["first", "third", ""]);
            else expect(lines).toEqual(["first", "third", ""]);
          })(),
        );
      });
      expect(polls).toBeGreaterThan(1);
    }
  });

  test("a frame that cannot be encoded has changed nothing", () => {
    const writer = new SlowWriter(100);
    const frames = new FramedWrite(writer, jsonLines());
    ready(frames.feed([1]));
    expect(() => ready(frames.send(undefined))).toThrow(TypeError);
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => ready(frames.send(circle))).toThrow(TypeError);
    ready(frames.send({ a: "ß" }));
    expect(written(writer)).toBe('[1]\n{"a":"ß"}\n');
  });

  test("a writer that takes nothing more is an error, and a close closes it", () => {
    const writer = new StepWriter();
    const frames = new FramedWrite(writer, linesCodec());
    expect(() => ready(frames.send("x"))).toThrow(WriteZeroError);
    frames.close();
    expect(writer.closes).toBe(1);
  });

  test("lets others run", async () => {
    const frames = new FramedWrite(sink(), linesCodec());
    await yieldsAtTimes(() => frames.feed("x"));
    await yieldsAtTimes(() => frames.send("x"));
  });

  test("refuses a high-water mark that is none", () => {
    expect(() => new FramedWrite(sink(), linesCodec(), { highWaterMark: 0 })).toThrow(RangeError);
  });
});
