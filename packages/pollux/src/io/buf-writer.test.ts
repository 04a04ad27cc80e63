import fc from "fast-check";
import { expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { ready } from "../../test/support/context.ts";
import { HesitantWriter, SlowWriter, StepWriter, text, utf8 } from "../../test/support/io.ts";
import { co } from "../core/coroutine.ts";
import { WriteZeroError } from "../core/errors.ts";
import { run } from "../runtime/runtime.ts";
import { BufWriter } from "./buf-writer.ts";

test("BufWriter: the same bytes arrive, whatever its size, the writes' and what the writer takes", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 })),
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 1, max: 30 }),
      fc.boolean(),
      async (writes, capacity, most, vectored) => {
        const inner = new SlowWriter(most, vectored);
        const main = co(function* () {
          const writer = new BufWriter(vectored ? inner : new HesitantWriter(inner), { capacity });
          for (const bufs of writes) {
            if (bufs.length === 1) for (const buf of bufs) yield* writer.writeAll(buf);
            else yield* writer.writeAllVectored(bufs);
            expect(writer.buffer.length).toBeLessThanOrEqual(capacity);
          }
          yield* writer.shutdown();
        });
        await run(main());
        expect(inner.data).toEqual(writes.flat().flatMap((buf) => [...buf]));
        expect(inner.shutdowns).toBe(1);
      },
    ),
  ));

test("BufWriter: a flush or a shutdown that is cancelled has lost nothing, and written nothing twice", async () => {
  for (const name of ["flush", "shutdown", "write"] as const) {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const inner = new SlowWriter(2);
      const writer = new BufWriter(new HesitantWriter(inner), { capacity: 8 });
      const main = co(function* () {
        yield* writer.writeAll(utf8("abcdef"));
        const outcome = yield* cancelAt<unknown>(
          name === "write" ? writer.write(utf8("ghi")) : writer[name](),
        );
        if (name === "write" && outcome.cancelled) yield* writer.writeAll(utf8("ghi"));
        yield* writer.flush();
      });
      await run(main());
      expect(text(Uint8Array.from(inner.data))).toBe(name === "write" ? "abcdefghi" : "abcdef");
    });
    expect(polls).toBeGreaterThan(2);
  }
});

test("BufWriter: a writer that takes nothing more is an error", () => {
  const writer = new BufWriter(new StepWriter("ab"));
  ready(writer.writeAll(utf8("abc")));
  expect(() => ready(writer.flush())).toThrow(WriteZeroError);
  expect(text(writer.buffer)).toBe("c");
});

test("BufWriter: closes its writer, and forgets what was not flushed", () => {
  const inner = new StepWriter();
  const writer = new BufWriter(inner);
  ready(writer.writeAll(utf8("abc")));
  writer.close();
  expect(inner.closes).toBe(1);
  expect(writer.buffer).toHaveLength(0);
});
