import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { pending, ready } from "../../test/support/context.ts";
import { SlowWriter, StepWriter, text, utf8 } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError, WriteZeroError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { run } from "../runtime/runtime.ts";
import { BytesWriter } from "./bytes-writer.ts";
import { duplex } from "./duplex-stream.ts";

describe("Writer", () => {
  test("writeAll, writeAllVectored: a writer that takes nothing is an error, and no loop", () => {
    expect(() => ready(new StepWriter("ab").writeAll(utf8("abc")))).toThrow(WriteZeroError);
    expect(() => ready(new StepWriter("ab").writeAllVectored([utf8("abc")]))).toThrow(WriteZeroError);
  });

  test("writeAll, writeAllVectored: nothing is written of nothing", () => {
    const writer = new SlowWriter(4);
    ready(writer.writeAll(new Uint8Array(0)));
    ready(writer.writeAllVectored([]));
    ready(writer.writeAllVectored([new Uint8Array(0)]));
    expect(writer.data).toEqual([]);
  });

  test("writeAllVectored: all arrives in order, however much is taken over at a time", () => {
    for (const vectored of [false, true]) {
      for (let most = 1; most <= 8; most++) {
        const writer = new SlowWriter(most, vectored);
        ready(writer.writeAllVectored([utf8("ab"), utf8(""), utf8("cde"), utf8("f")]));
        expect(text(Uint8Array.from(writer.data))).toBe("abcdef");
      }
    }
  });

  test("each operation has the writing side to itself, from its first poll to its end", () => {
    const [a, b] = duplex(2);
    const first = a.writeAll(utf8("abc"));
    pending(first);
    expect(() => ready(a.flush())).toThrow(FutureInUseError);
    expect(() => ready(a.shutdown())).toThrow(FutureInUseError);
    ready(b.readExact(new Uint8Array(2)));
    ready(first);
    ready(a.shutdown());
  });

  test("a cancel ends the wait, and a write that is cancelled has written nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const writer = new StepWriter(Pending, Pending, "abc", "flush");
      await run(
        co(function* () {
          const outcome = yield* cancelAt(writer.write(utf8("abc")));
          if (outcome.cancelled) yield* writer.writeAll(utf8("abc"));
          yield* writer.flush();
        })(),
      );
      expect(writer.steps).toEqual([]);
      expect(writer.cancels).toBeGreaterThan(0);
    });
    expect(polls).toBe(3);
  });

  test("refuses bad arguments at the call", () => {
    const writer = new BytesWriter();
    for (const bad of ["abc", [1, 2], new ArrayBuffer(1), undefined] as never[]) {
      expect(() => writer.write(bad)).toThrow(TypeError);
      expect(() => writer.writeAll(bad)).toThrow(TypeError);
      expect(() => writer.writeVectored(bad)).toThrow(TypeError);
      expect(() => writer.writeAllVectored([bad])).toThrow(TypeError);
    }
  });

  test("is closed by `using`", async () => {
    const writer = new StepWriter();
    writer[Symbol.dispose]();
    await writer[Symbol.asyncDispose]();
    expect(writer.closes).toBe(2);
  });
});
