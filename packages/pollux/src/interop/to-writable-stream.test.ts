import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, expectTypeOf, test } from "vitest";
import { Gate } from "../../test/support/gate.ts";
import { RoomyWriter } from "../../test/support/memory-bytes.ts";
// Gives the default runtime.
import "../runtime/default.ts";
import { failed } from "../combine/ready.ts";
import { sleep } from "../time/sleep.ts";
import { toWritableStream } from "./to-writable-stream.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("toWritableStream of a writer", () => {
  test("writes the chunks in order; close shuts the writer down and closes it", async () => {
    const target = new RoomyWriter();
    const stream = toWritableStream(target);
    expectTypeOf(stream).toEqualTypeOf<WritableStream<Uint8Array>>();
    const writer = stream.getWriter();
    writer.write(bytes("a"));
    writer.write(bytes("b"));
    await writer.close();
    expect([target.text, target.isShutDown, target.closes]).toEqual(["ab", true, 1]);
  });

  test("ready waits for room: nothing is held beyond the highWaterMark", async () => {
    const target = new RoomyWriter(1);
    const writer = toWritableStream(target).getWriter();
    writer.write(bytes("ab"));
    let isReady = false;
    const ready = writer.ready.then(() => {
      isReady = true;
    });
    await turn();
    expect([target.text, target.isWaiting, isReady, writer.desiredSize]).toEqual(["a", true, false, 0]);
    target.give(1);
    await ready;
    expect(target.text).toBe("ab");
  });

  test("abort gives the write that waits up, and closes the writer", async () => {
    const target = new RoomyWriter(0);
    const writer = toWritableStream(target).getWriter();
    const write = writer.write(bytes("a")).catch((error: unknown) => error);
    writer.closed.catch(() => {});
    await turn();
    expect(target.isWaiting).toBe(true);
    const reason = new Error("enough");
    await writer.abort(reason);
    expect([target.cancels, target.closes, target.isShutDown]).toEqual([1, 1, false]);
    expect(await write).toBe(reason);
  });

  test("a failed write fails it, as it is, and closes the writer", async () => {
    const failure = new Error("failed");
    const target = new RoomyWriter(0);
    const writer = toWritableStream(target).getWriter();
    const closed = writer.closed.catch((error: unknown) => error);
    const write = writer.write(bytes("a"));
    await turn();
    target.fail(failure);
    await expect(write).rejects.toBe(failure);
    expect(await closed).toBe(failure);
    expect(target.closes).toBe(1);
  });

  test("a failed shutdown too", async () => {
    const failure = new Error("failed");
    const target = new RoomyWriter();
    target.fail(failure);
    const writer = toWritableStream(target).getWriter();
    writer.closed.catch(() => {});
    await expect(writer.close()).rejects.toBe(failure);
    expect(target.closes).toBe(1);
  });

  test("takes bytes alone", async () => {
    const target = new RoomyWriter();
    const writer = (toWritableStream(target) as WritableStream<unknown>).getWriter();
    writer.closed.catch(() => {});
    await expect(writer.write("text")).rejects.toThrow("writeAll needs a Uint8Array");
    expect(target.closes).toBe(1);
  });

  test("is what pipeTo takes", async () => {
    const target = new RoomyWriter();
    await new Blob(["hello"]).stream().pipeTo(toWritableStream(target));
    expect([target.text, target.isShutDown]).toEqual(["hello", true]);
  });
});

describe("toWritableStream of a sink", () => {
  test("its methods may be generators, futures, or functions that give nothing", async () => {
    const log: unknown[] = [];
    const stream = toWritableStream<number>({
      *write(chunk) {
        yield* sleep(0);
        log.push(chunk);
      },
      close() {
        log.push("closed");
      },
    });
    expectTypeOf(stream).toEqualTypeOf<WritableStream<number>>();
    const writer = stream.getWriter();
    writer.write(1);
    writer.write(2);
    await writer.close();
    expect(log).toEqual([1, 2, "closed"]);
  });

  test("abort is called with the reason after the write was cancelled, and waited for", async () => {
    const [gate, cleanup] = [new Gate(), new Gate()];
    const reasons: unknown[] = [];
    const stream = toWritableStream<number>({
      write: () => gate,
      abort(reason) {
        reasons.push(reason, gate.cancels);
        return cleanup;
      },
    });
    const writer = stream.getWriter();
    writer.write(1).catch(() => {});
    writer.closed.catch(() => {});
    await turn();
    let over = false;
    const aborted = writer.abort("enough").then(() => {
      over = true;
    });
    await turn();
    expect([reasons, gate.reason, over]).toEqual([["enough", 1], "enough", false]);
    cleanup.open();
    await aborted;
  });

  test("abort is called after a failure as well, once, and what that fails with hides nothing", async () => {
    const [failure, second] = [new Error("failed"), new Error("cannot clean up")];
    const reasons: unknown[] = [];
    const writer = toWritableStream<number>({
      write: () => failed(failure),
      abort(reason) {
        reasons.push(reason);
        throw second;
      },
    }).getWriter();
    writer.closed.catch(() => {});
    const error = await writer.write(1).catch((each: unknown) => each);
    expect(error).toMatchObject({ code: "POLLUX_CLEANUP_FAILED", cause: failure, errors: [second] });
    await writer.abort("enough").catch(() => {});
    expect(reasons).toEqual([failure]);
  });

  test("takes a sink or a writer, and a highWaterMark that is one", () => {
    expect(() => (toWritableStream as (sink: unknown) => unknown)({})).toThrow(
      "toWritableStream needs a writer or an object with `write`, not an object (Object)",
    );
    expect(() => toWritableStream({ write() {} }, { highWaterMark: -1 })).toThrow(RangeError);
  });
});
