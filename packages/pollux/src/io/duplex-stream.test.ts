import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready, TestContext } from "../../test/support/context.ts";
import { text, utf8 } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { ClosedError, UnexpectedEofError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { duplex } from "./duplex-stream.ts";

type Step = { do: "write"; sizes: number[] } | { do: "read"; size: number } | { do: "end" };

describe("duplex", () => {
  test("is a queue of bytes with a capacity: whatever is written and read, none is lost, and who waits is woken", () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.array(
          fc.oneof<fc.Arbitrary<Step>[]>(
            fc.record({
              do: fc.constant("write" as const),
              sizes: fc.array(fc.nat(12), { minLength: 1, maxLength: 3 }),
            }),
            fc.record({ do: fc.constant("read" as const), size: fc.integer({ min: 1, max: 12 }) }),
            fc.record({ do: fc.constant("end" as const) }),
          ),
          { maxLength: 40 },
        ),
        (capacity, steps) => {
          const [a, b] = duplex(capacity);
          const model: number[] = [];
          let next = 0;
          let ended = false;
          const reader = new TestContext();
          const writer = new TestContext();
          let isReading = false;
          let isWriting = false;
          for (const step of steps) {
            if (step.do === "write") {
              const bufs = step.sizes.map((size) => Uint8Array.from({ length: size }, () => next++ % 256));
              const wanted = bufs.flatMap((buf) => [...buf]);
              next -= wanted.length;
              const write = () =>
                bufs.length === 1
                  ? a.pollWrite(writer, bufs[0] ?? new Uint8Array(0))
                  : a.pollWriteVectored(writer, bufs);
              if (ended) {
                expect(write).toThrow(ClosedError);
                continue;
              }
              const room = capacity - model.length;
              const expected = wanted.length > 0 && room === 0 ? Pending : Math.min(room, wanted.length);
              const poll = write();
              expect(poll).toBe(expected);
              // An empty write is ready whoever waits, and takes nobody's place.
              if (poll === Pending) isWriting = true;
              if (poll !== Pending) {
                model.push(...wanted.slice(0, poll));
                next += poll;
                if (isReading && poll > 0) {
                  expect(reader.takeWakes()).toBe(1);
                  isReading = false;
                }
              }
            } else if (step.do === "read") {
              const buf = new Uint8Array(step.size);
              const poll = b.pollRead(reader, buf);
              const expected = model.splice(0, step.size);
              if (expected.length > 0) {
                expect([...buf.subarray(0, poll as number)]).toEqual(expected);
                isReading = false;
                if (isWriting) {
                  expect(writer.takeWakes()).toBe(1);
                  isWriting = false;
                }
              } else {
                expect(poll).toBe(ended ? 0 : Pending);
                isReading = poll === Pending;
              }
            } else {
              a.pollShutdown(new TestContext());
              ended = true;
              if (isReading) expect(reader.takeWakes()).toBe(1);
              if (isWriting) expect(writer.takeWakes()).toBe(1);
              isReading = false;
              isWriting = false;
            }
            expect([reader.wakes, writer.wakes]).toEqual([0, 0]);
          }
        },
      ),
    ));

  test("the two directions are independent: one may end while the other one goes on", () => {
    const [a, b] = duplex(8);
    ready(a.shutdown());
    expect(ready(b.readToEnd())).toHaveLength(0);
    ready(b.writeAll(utf8("still")));
    b.close();
    expect(text(ready(a.readToEnd()))).toBe("still");
    expect(() => ready(a.write(utf8("x")))).toThrow(ClosedError);
    ready(a.shutdown());
  });

  test("a close ends what waits on either end", () => {
    const [a, b] = duplex(1);
    const read = a.readExact(new Uint8Array(1));
    const theirs = b.readExact(new Uint8Array(2));
    const contexts = [pending(read), pending(theirs)];
    ready(a.writeAll(utf8("x")));
    const write = a.writeAll(utf8("y"));
    contexts.push(pending(write));
    expect(contexts.map((cx) => cx.takeWakes())).toEqual([0, 1, 0]);
    a.close();
    expect(contexts.map((cx) => cx.takeWakes())).toEqual([1, 0, 1]);
    expect(() => ready(read)).toThrow(ClosedError);
    expect(() => ready(write)).toThrow(ClosedError);
    // The other end reads what was written, and the end; and cannot write.
    expect(() => ready(theirs)).toThrow(UnexpectedEofError);
    expect(() => ready(b.write(utf8("z")))).toThrow(ClosedError);
    a.close();
  });

  test("a read or a write that is cancelled leaves nobody waiting, and moves nothing", async () => {
    for (const side of ["read", "write"] as const) {
      await cancelAtEveryPoll(async (cancelAt) => {
        const [a, b] = duplex(2);
        await run(
          co(function* () {
            if (side === "write") yield* a.writeAll(utf8("12"));
            const buf = new Uint8Array(2);
            const operation = spawn(cancelAt(side === "read" ? b.read(buf) : a.write(utf8("34"))));
            yield* yieldNow();
            if (side === "read") yield* a.writeAll(utf8("12"));
            else yield* b.readExact(buf);
            const { cancelled } = yield* operation;
            a.close();
            const rest = text(yield* b.readToEnd());
            if (side === "read") expect(rest).toBe(cancelled ? "12" : "");
            else expect(rest).toBe(cancelled ? "" : "34");
          })(),
        );
      });
    }
  });

  test("takes memory for what is in it, and not for its capacity", () => {
    const [a, b] = duplex(Number.MAX_SAFE_INTEGER);
    ready(a.writeAll(new Uint8Array(1000)));
    ready(b.readExact(new Uint8Array(1000)));
  });

  test("refuses a capacity that is none", () => {
    expect(() => duplex(0)).toThrow(RangeError);
    expect(() => duplex(1.5)).toThrow(RangeError);
    expect(() => duplex("1" as never)).toThrow(TypeError);
  });
});
