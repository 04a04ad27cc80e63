import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { yieldsAtTimes } from "../../test/support/cooperative.ts";
import { StepReader, text, utf8 } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, InvalidDataError, TooLongError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { run } from "../runtime/runtime.ts";
import { BufReader } from "./buf-reader.ts";
import { Cursor } from "./cursor.ts";
import { duplex } from "./duplex-stream.ts";

const NEWLINE = 10;

/** The bytes cut into pieces, with waits between some of them. */
const steps = (bytes: Uint8Array, cuts: readonly { size: number; waits: boolean }[]) => {
  const pieces: (Uint8Array | typeof Pending)[] = [];
  let at = 0;
  for (const { size, waits } of cuts) {
    if (waits) pieces.push(Pending);
    if (at < bytes.length) pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) pieces.push(bytes.subarray(at));
  return new StepReader(...pieces);
};

const cuts = fc.array(fc.record({ size: fc.integer({ min: 1, max: 12 }), waits: fc.boolean() }));
const capacity = fc.integer({ min: 1, max: 20 });
const document = fc
  .array(fc.constantFrom("a", "bc", "ß", "€", "𝄞", "\n", "\r\n", "\r", "long enough to be cut"))
  .map((parts) => parts.join(""));

/** The lines of a text, as they are to be read. */
function linesOf(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const ended = lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
  return last === "" ? ended : [...ended, last];
}

describe("BufferedReader", () => {
  test("readLine, lines: give the same lines however the bytes come, and however they are buffered", () =>
    fc.assert(
      fc.asyncProperty(document, cuts, capacity, async (text, cuts, capacity) => {
        const read = co(function* (streamed: boolean) {
          const reader = new BufReader(steps(utf8(text), cuts), { capacity });
          const stream = reader.lines();
          const lines: string[] = [];
          for (;;) {
            const line = streamed ? yield* stream.next() : yield* reader.readLine();
            if (line === End) return lines;
            lines.push(line);
          }
        });
        expect(await run(read(false))).toEqual(linesOf(text));
        expect(await run(read(true))).toEqual(linesOf(text));
      }),
    ));

  test("any mixture of operations gives the bytes in their order, each once", () =>
    fc.assert(
      fc.asyncProperty(
        // Each line ends, and operations may cut a line anywhere.
        document.map((text) => `${text.replaceAll(/[^\n\r -~]/g, "x")}\n`),
        cuts,
        capacity,
        fc.array(fc.nat(5), { minLength: 1 }),
        async (document, cuts, capacity, operations) => {
          const main = co(function* () {
            const reader = new BufReader(steps(utf8(document), cuts), { capacity });
            const lines = reader.lines();
            const pieces = reader.split(NEWLINE);
            let read = "";
            const take = (bytes: Uint8Array): void => {
              read += String.fromCharCode(...bytes);
            };
            for (let i = 0; ; i++) {
              const buf = new Uint8Array(3);
              switch (operations[i % operations.length]) {
                case 0:
                  take(buf.subarray(0, yield* reader.read(buf)));
                  break;
                case 1:
                  take(yield* reader.readUntil(NEWLINE));
                  break;
                case 2: {
                  const bytes = yield* reader.fillBuf(4);
                  take(bytes.subarray(0, 2));
                  reader.consume(Math.min(2, bytes.length));
                  break;
                }
                case 3: {
                  const piece = yield* pieces.next();
                  if (piece !== End) take(Uint8Array.of(...piece, NEWLINE));
                  break;
                }
                default: {
                  const line = yield* operations[i % operations.length] === 4
                    ? lines.next()
                    : reader.readLine();
                  if (line !== End) read += `${line}\n`;
                }
              }
              if ((yield* reader.fillBuf()).length === 0) return read;
            }
          });
          // What lines leave out with their ends is not put in again.
          const without = (text: string): string => text.replaceAll("\r", "");
          expect(without(await run(main()))).toBe(without(document));
        },
      ),
    ));

  test("readUntil, readLine: what is too long is an error, and stays", () => {
    const reader = new BufReader(new StepReader("abcdef", "gh\nij\n"), { capacity: 4 });
    expect(() => ready(reader.readLine({ maxLength: 7 }))).toThrow(TooLongError);
    expect(() => ready(reader.readUntil(NEWLINE, { maxLength: 7 }))).toThrow(TooLongError);
    expect(ready(reader.readLine({ maxLength: 8 }))).toBe("abcdefgh");
    expect(ready(reader.readLine({ maxLength: 2 }))).toBe("ij");
  });

  test("readUntil: no more than one piece is read beyond what is allowed", () => {
    const inner = new StepReader("abcd", "efgh", "ijkl", "mnop");
    const reader = new BufReader(inner, { capacity: 4 });
    expect(() => ready(reader.readUntil(NEWLINE, { maxLength: 5 }))).toThrow(TooLongError);
    expect(inner.steps).toEqual(["ijkl", "mnop"]);
  });

  test("readLine: one that is no UTF-8 is an error, and the next one follows", () => {
    const reader = new Cursor(Uint8Array.of(0xff, NEWLINE, 0x61, NEWLINE, 0xff));
    expect(() => ready(reader.readLine())).toThrow(InvalidDataError);
    expect(ready(reader.readLine())).toBe("a");
    expect(ready(reader.readLine({ fatal: false }))).toBe("\ufffd");
    expect(ready(reader.readLine())).toBe(End);
  });

  test("lines: one that is no UTF-8 is an error, and those around it are given", () => {
    const bytes = Uint8Array.of(0x61, NEWLINE, 0xff, NEWLINE, 0x62, 13, NEWLINE, 0xc3, 0x9f, NEWLINE);
    const lines = new Cursor(bytes).lines();
    expect(ready(lines.next())).toBe("a");
    expect(() => ready(lines.next())).toThrow(InvalidDataError);
    expect([1, 2, 3].map(() => ready(lines.next()))).toEqual(["b", "ß", End]);
  });

  test("lines, split: what is too long is an error, and left out, whether its end is there or not", () => {
    const reader = () =>
      new BufReader(new StepReader("ab\nlong one\nc", "d\nlo", "ng ", "two\nef"), { capacity: 64 });
    const lines = reader().lines({ maxLength: 4 });
    expect(ready(lines.next())).toBe("ab");
    expect(() => ready(lines.next())).toThrow(TooLongError);
    expect(ready(lines.next())).toBe("cd");
    expect(() => ready(lines.next())).toThrow(TooLongError);
    expect([1, 2].map(() => ready(lines.next()))).toEqual(["ef", End]);

    const pieces = reader().split(NEWLINE, { maxLength: 4 });
    expect(text(ready(pieces.next()) as Uint8Array)).toBe("ab");
    expect(() => ready(pieces.next())).toThrow(TooLongError);
    expect(text(ready(pieces.next()) as Uint8Array)).toBe("cd");
    expect(() => ready(pieces.next())).toThrow(TooLongError);
    expect(text(ready(pieces.next()) as Uint8Array)).toBe("ef");
    expect(ready(pieces.next())).toBe(End);
  });

  test("lines: a line is taken out when it is given, so that other reads can come in between", () => {
    const reader = new Cursor(utf8("one\nßß\nthree\nfour\nfive"));
    const lines = reader.lines();
    expect(ready(lines.next())).toBe("one");
    expect(reader.position).toBe(4);
    ready(reader.seek(0));
    expect(ready(lines.next())).toBe("one");
    expect(ready(lines.next())).toBe("ßß");
    expect(text(reader.buffer)).toBe("three\nfour\nfive");
    expect(ready(reader.readLine())).toBe("three");
    expect(ready(lines.next())).toBe("four");
    ready(reader.seek(0));
    expect(ready(lines.next())).toBe("one");
  });

  test("lines, split: what others have taken out between two polls is not looked for any more", () => {
    for (const name of ["lines", "split"] as const) {
      const reader = new BufReader(new StepReader("abcdef", Pending, "\nx\n"));
      const stream = name === "lines" ? reader.lines() : reader.split(NEWLINE);
      const waiting: Future<unknown> = stream.next();
      pending(waiting);
      waiting.cancel(new TestContext());
      ready(reader.fillBuf(9));
      ready(reader.readExact(new Uint8Array(6)));
      const given = [1, 2].map(() => ready<unknown>(stream.next()));
      expect(given).toEqual(name === "lines" ? ["", "x"] : [utf8(""), utf8("x")]);
    }
  });

  test("lines: to give up leaves the reader open, with what was not given", () => {
    const reader = new Cursor(utf8("one\ntwo\n"));
    const lines = reader.lines();
    ready(lines.next());
    lines.cancel(new TestContext());
    expect(ready(reader.readLine())).toBe("two");
  });

  test("lines, split: give no line while another read waits", () => {
    const [a] = duplex(8);
    const reader = new BufReader(a);
    const line = reader.readLine();
    pending(line);
    expect(() => ready(reader.lines().next())).toThrow(FutureInUseError);
    expect(() => ready(reader.split(0).next())).toThrow(FutureInUseError);
    line.cancel(new TestContext());
  });

  test("lines: while it waits, other reads are refused; once that is given up, they can come in between", () => {
    const [a, b] = duplex(8);
    const reader = new BufReader(a);
    const lines = reader.lines();
    const cx = new TestContext();
    const next = lines.next();
    pending(next, cx);
    expect(() => ready(reader.readLine())).toThrow(FutureInUseError);
    ready(b.writeAll(utf8("a\nb\n")));
    expect(cx.wakes).toBe(1);
    expect(ready(next, cx)).toBe("a");
    expect(ready(reader.readLine())).toBe("b");
    const given = lines.next();
    pending(given, cx);
    given.cancel(cx);
    const line = reader.readLine();
    pending(line);
    line.cancel(new TestContext());
  });

  test("lines: to give up leaves another read waiting", () => {
    const [a, b] = duplex(8);
    const reader = new BufReader(a);
    const lines = reader.lines();
    const line = reader.readLine();
    const cx = pending(line);
    lines.cancel(new TestContext());
    ready(b.writeAll(utf8("one\n")));
    expect(cx.wakes).toBe(1);
    expect(ready(line, cx)).toBe("one");
  });

  test("a read of the inner reader is refused while one waits through the buffer, and the other way round", () => {
    const [a, b] = duplex(8);
    const reader = new BufReader(a);
    const line = reader.readLine();
    const cx = pending(line);
    expect(() => ready(a.read(new Uint8Array(1)))).toThrow(FutureInUseError);
    expect(() => ready(new BufReader(a).readLine())).toThrow(FutureInUseError);
    ready(b.writeAll(utf8("one\n")));
    expect(cx.wakes).toBe(1);
    expect(ready(line, cx)).toBe("one");
    const read = a.read(new Uint8Array(1));
    pending(read);
    expect(() => ready(reader.readLine())).toThrow(FutureInUseError);
    read.cancel(new TestContext());
  });

  test.each(["readLine", "readUntil", "fillBuf", "lines", "split"] as const)(
    "%s: a cancel loses nothing of what was read",
    async (name) => {
      const polls = await cancelAtEveryPoll(async (cancelAt) => {
        const reader = new BufReader(new StepReader("ab", Pending, "cd", Pending, "ef\ngh"));
        const main = co(function* () {
          const future = {
            readLine: () => reader.readLine(),
            readUntil: () => reader.readUntil(NEWLINE),
            fillBuf: () => reader.fillBuf(7),
            lines: () => reader.lines().next(),
            split: () => reader.split(NEWLINE).next(),
          }[name]();
          const outcome = yield* cancelAt<unknown>(future);
          const rest = yield* reader.readToString();
          if (outcome.cancelled || name === "fillBuf") expect(rest).toBe("abcdef\ngh");
          else expect(rest).toBe("gh");
        });
        await run(main());
      });
      expect(polls).toBe(3);
    },
  );

  test("what is in memory lets others run all the same", async () => {
    const bytes = utf8("line\n".repeat(1000));
    let reader = new Cursor(bytes);
    const again = (): Cursor => {
      if (reader.buffered.length === 0) reader = new Cursor(bytes);
      return reader;
    };
    await yieldsAtTimes(() => again().readLine());
    await yieldsAtTimes(() => again().readUntil(NEWLINE));
    await yieldsAtTimes(() => again().lines().next());
    await yieldsAtTimes(() => again().split(NEWLINE).next());
    await yieldsAtTimes(() => again().fillBuf());
    await yieldsAtTimes(() => again().read(new Uint8Array(1)));
  });

  test("refuses bad arguments at the call", () => {
    const reader = new Cursor(new Uint8Array(1));
    expect(() => reader.readUntil("\n" as never)).toThrow(TypeError);
    expect(() => reader.readUntil(256)).toThrow(RangeError);
    expect(() => reader.split(-1)).toThrow(RangeError);
    expect(() => reader.readLine({ maxLength: 0 })).toThrow(RangeError);
    expect(() => reader.lines({ fatal: "no" as never })).toThrow(TypeError);
    expect(() => reader.fillBuf(0)).toThrow(RangeError);
    expect(() => reader.consume(2)).toThrow(RangeError);
  });
});
