import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready } from "../../test/support/context.ts";
import { StepReader, text, utf8 } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import {
  FutureInUseError,
  InvalidDataError,
  PollAfterCompletionError,
  TooLongError,
  UnexpectedEofError,
} from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";
import { repeat } from "./repeat.ts";
import { take } from "./take.ts";

describe("Reader", () => {
  test("readExact: fails where the bytes end before the buffer is full", () => {
    const buf = new Uint8Array(4);
    expect(() => ready(new Cursor(utf8("abc")).readExact(buf))).toThrow(UnexpectedEofError);
    expect(text(buf)).toBe("abc\0");
  });

  test("readExact: reads nothing into an empty buffer", () => {
    const reader = new StepReader("abc");
    ready(reader.readExact(new Uint8Array(0)));
    expect(reader.steps).toEqual(["abc"]);
  });

  test("readToEnd: gathers what comes in pieces", () =>
    run(
      co(function* () {
        const reader = new StepReader("ab", Pending, "c", Pending, Pending, "def");
        expect(text(yield* reader.readToEnd())).toBe("abcdef");
      })(),
    ));

  test("readToEnd: what is longer than allowed is an error, and an endless reader is not read for ever", () => {
    expect(ready(new Cursor(utf8("abc")).readToEnd({ maxLength: 3 }))).toHaveLength(3);
    expect(() => ready(new Cursor(utf8("abcd")).readToEnd({ maxLength: 3 }))).toThrow(TooLongError);
    expect(() => ready(repeat(1).readToEnd({ maxLength: 100_000 }))).toThrow(
      expect.objectContaining({ maxLength: 100_000 }),
    );
    expect(ready(take(repeat(1), 100).readToEnd({ maxLength: Number.POSITIVE_INFINITY }))).toHaveLength(100);
  });

  test("readToString: characters may be cut by the pieces in which they come", () => {
    const bytes = utf8("aß€𝄞");
    const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
    expect(ready(new StepReader(...pieces).readToString())).toBe("aß€𝄞");
  });

  test("readToString: what is no UTF-8 is an error, or U+FFFD; a byte order mark is kept", () => {
    const bytes = Uint8Array.of(0x61, 0xff);
    expect(() => ready(new Cursor(bytes).readToString())).toThrow(InvalidDataError);
    expect(ready(new Cursor(bytes).readToString({ fatal: false }))).toBe("a\ufffd");
    expect(ready(new Cursor(Uint8Array.of(0xef, 0xbb, 0xbf)).readToString())).toBe("\ufeff");
  });

  test("each operation has the reading side to itself, from its first poll to its end", () => {
    const [a, b] = duplex(8);
    const first = a.readExact(new Uint8Array(2));
    const second = a.readToEnd();
    pending(first);
    expect(() => ready(second)).toThrow(FutureInUseError);
    ready(b.writeAll(utf8("abc")));
    ready(first);
    expect(() => ready(first)).toThrow(PollAfterCompletionError);
    expect(ready(a.read(new Uint8Array(8)))).toBe(1);
  });

  test("a cancel ends the wait, and a read that is cancelled has lost nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const reader = new StepReader(Pending, Pending, "abc");
      const buf = new Uint8Array(3);
      await run(
        co(function* () {
          const outcome = yield* cancelAt(reader.read(buf));
          if (outcome.cancelled) expect(text(yield* reader.readToEnd())).toBe("abc");
          else expect(text(buf)).toBe("abc");
        })(),
      );
      expect(reader.cancels).toBeGreaterThan(0);
    });
    expect(polls).toBe(3);
  });

  test("refuses bad arguments at the call", () => {
    const reader = new Cursor(new Uint8Array(1));
    expect(() => reader.read(new Uint8Array(0))).toThrow(RangeError);
    expect(() => reader.read("" as never)).toThrow(TypeError);
    expect(() => reader.readExact([] as never)).toThrow(TypeError);
    expect(() => reader.readToEnd({ maxLength: 0 })).toThrow(RangeError);
    expect(() => reader.readToEnd({ maxLength: 1.5 })).toThrow(RangeError);
    expect(() => reader.readToEnd({ maxLength: "1" as never })).toThrow(TypeError);
    expect(() => reader.readToString({ fatal: 1 as never })).toThrow(TypeError);
  });

  test("is closed by `using`", async () => {
    const reader = new StepReader();
    reader[Symbol.dispose]();
    await reader[Symbol.asyncDispose]();
    expect(reader.closes).toBe(2);
  });
});
