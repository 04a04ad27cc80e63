import { expect, test } from "vitest";
import type { Context } from "../../../src/core/context.ts";
import { co } from "../../../src/core/coroutine.ts";
import type { Poll } from "../../../src/core/poll.ts";
import { Duplex } from "../../../src/io/duplex.ts";
import { run } from "../../../src/runtime/runtime.ts";

class ReadWrite extends Duplex {
  override get isWriteVectored(): boolean {
    return true;
  }

  override pollRead(_cx: Context, buf: Uint8Array): Poll<number> {
    buf[0] = 122;
    return 1;
  }

  override pollWrite(): Poll<number> {
    return 1;
  }

  override pollWriteVectored(): Poll<number> {
    return 2;
  }

  override pollFlush(): Poll<void> {}
  override pollShutdown(): Poll<void> {}
  override cancelRead(): void {}
  override cancelWrite(): void {}
  override close(): void {}
}

test("split_stream_id: halves know whether they are of one stream", () => {
  const [r1, w1] = new ReadWrite().intoSplit();
  const [r2, w2] = new ReadWrite().intoSplit();
  expect([r1.isPairOf(w1), r1.isPairOf(w2), r2.isPairOf(w2), r2.isPairOf(w1)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});

test("unsplit_ok: the two halves give the stream back", () => {
  const stream = new ReadWrite();
  const [r, w] = stream.intoSplit();
  expect(r.reunite(w)).toBe(stream);
});

test("unsplit_err1, unsplit_err2: halves of two streams do not", () => {
  const [r1, w1] = new ReadWrite().intoSplit();
  const [r2, w2] = new ReadWrite().intoSplit();
  expect(() => r1.reunite(w2)).toThrow(RangeError);
  expect(() => r2.reunite(w1)).toThrow(RangeError);
  expect(r1.reunite(w1)).toBeInstanceOf(ReadWrite);
});

test("method_delegation: the halves do what the stream does", () =>
  run(
    co(function* () {
      const [r, w] = new ReadWrite().intoSplit();
      const buf = new Uint8Array(1);
      expect(yield* r.read(buf)).toBe(1);
      expect(buf[0]).toBe(122);
      expect(yield* w.write(buf)).toBe(1);
      expect(yield* w.writeVectored([buf])).toBe(2);
      expect(w.isWriteVectored).toBe(true);
      yield* w.flush();
      yield* w.shutdown();
    })(),
  ));
