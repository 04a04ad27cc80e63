import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, expectTypeOf, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { select } from "../combine/select.ts";
import { Cleanup } from "../core/cleanup.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError } from "../core/errors.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { Runtime, run } from "../runtime/runtime.ts";
import type { Stream } from "../stream/stream.ts";
import { spawn } from "../task/spawn.ts";
import { yieldNow } from "../task/yield-now.ts";
import { fromReadableStream } from "./from-readable-stream.ts";
import { fromPromise } from "./promise.ts";

/** A stream whose source is driven by hand; `pulls` counts how often it was asked, and `reasons` has what cancelled it. */
function source<T>(highWaterMark = 0, onCancel: () => unknown = () => {}) {
  let controller: ReadableStreamDefaultController<T> | undefined;
  const seen = { pulls: 0, reasons: [] as unknown[] };
  const stream = new ReadableStream<T>(
    {
      start(given) {
        controller = given;
      },
      pull() {
        seen.pulls++;
      },
      async cancel(reason) {
        seen.reasons.push(reason);
        await onCancel();
      },
    },
    { highWaterMark },
  );
  return { stream, seen, controller: controller as ReadableStreamDefaultController<T> };
}

const all = co(function* <T>(stream: Stream<T>) {
  const given: T[] = [];
  for (let value: T | End; (value = yield* stream.next()) !== End; ) given.push(value);
  return given;
});

describe("fromReadableStream", () => {
  test("gives the chunks in order, then End, and End again; unlocks at the end", async () => {
    const { stream, controller } = source<number | undefined>();
    const given = fromReadableStream(stream);
    expectTypeOf(given).toEqualTypeOf<Stream<number | undefined>>();
    expect(stream.locked).toBe(false);
    controller.enqueue(1);
    controller.enqueue(undefined);
    controller.close();
    const main = co(function* () {
      const values = yield* all(given);
      return [values, yield* given.next()];
    });
    expect(await run(main())).toEqual([[1, undefined], End]);
    expect(stream.locked).toBe(false);
  });

  test("asks for one chunk at a time, and not before it is polled", async () => {
    const { stream, seen, controller } = source<number>();
    const given = fromReadableStream(stream);
    await turn();
    expect(seen.pulls).toBe(0);
    const next = given.next();
    const cx = pending(next);
    pending(next, cx);
    await turn();
    expect(seen.pulls).toBe(1);
    controller.enqueue(1);
    await turn();
    expect([cx.wakes, seen.pulls]).toEqual([1, 1]);
    expect(readyNow(next, cx)).toBe(1);
    await turn();
    expect(seen.pulls).toBe(1);
  });

  test("a value that nobody waited for any more is given to the next", async () => {
    const { stream, controller } = source<number>();
    const main = co(function* () {
      const given = fromReadableStream(stream);
      const lost = yield* select({ value: given.next(), now: yieldNow() });
      controller.enqueue(1);
      yield* fromPromise(turn());
      return [lost.key, yield* given.next()];
    });
    expect(await run(main())).toEqual(["now", 1]);
  });

  test("throws the failure as it is, then gives End; unlocked", async () => {
    const { stream, controller } = source<number>();
    const failure = new Error("failed");
    const main = co(function* () {
      const given = fromReadableStream(stream);
      controller.error(failure);
      let thrown: unknown;
      try {
        yield* given.next();
      } catch (error) {
        thrown = error;
      }
      return [thrown, yield* given.next()];
    });
    expect(await run(main())).toEqual([failure, End]);
    expect(stream.locked).toBe(false);
  });

  test("a cancel cancels it with the reason, waits for its cleanup, and unlocks it", async () => {
    let done: () => void = () => {};
    const { stream, seen } = source<number>(
      0,
      () =>
        new Promise<void>((resolve) => {
          done = resolve;
        }),
    );
    const given = fromReadableStream(stream);
    const cx = pending(given.next());
    const cleanup = new Cleanup(given, "enough", "the test");
    expect(cleanup.poll(cx)).toBe(Pending);
    await turn();
    expect(cleanup.poll(cx)).toBe(Pending);
    expect([seen.reasons, stream.locked]).toEqual([["enough"], true]);
    cx.takeWakes();
    done();
    await turn();
    expect(cx.wakes).toBe(1);
    expect(cleanup.poll(cx)).toBeUndefined();
    expect(stream.locked).toBe(false);
  });

  test("a cancel before the first poll cancels it too: a body that nobody reads is let go", async () => {
    const { stream, seen } = source<number>();
    const given = fromReadableStream(stream);
    const cx = new TestContext();
    const cleanup = new Cleanup(given, "enough", "the test");
    cleanup.poll(cx);
    await turn();
    expect(cleanup.poll(cx)).toBeUndefined();
    expect(seen.reasons).toEqual(["enough"]);
  });

  test("a cleanup that fails surfaces where the cancel was awaited", async () => {
    const failure = new Error("cannot cancel");
    const { stream } = source<number>(0, () => {
      throw failure;
    });
    const consume = co(function* () {
      const given = fromReadableStream(stream);
      try {
        yield* given.next();
      } finally {
        yield* given.close();
      }
    });
    const runtime = new Runtime();
    const main = co(function* () {
      const task = spawn(consume());
      yield* fromPromise(turn());
      task.abort("enough");
      try {
        yield* task;
      } catch (error) {
        return error;
      }
      return undefined;
    });
    const error = await runtime.run(main());
    expect(error).toBeInstanceOf(CleanupError);
    expect((error as CleanupError).errors).toEqual([failure]);
    expect(stream.locked).toBe(false);
  });

  test("a stream that had failed before is cancelled without a failure", async () => {
    const { stream, controller } = source<number>();
    const given = fromReadableStream(stream);
    const cx = pending(given.next());
    const cleanup = new Cleanup(given, "enough", "the test");
    controller.error(new Error("failed"));
    expect(cleanup.poll(cx)).toBe(Pending);
    await turn();
    expect(cleanup.poll(cx)).toBeUndefined();
  });

  test("with preventCancel, a cancel only unlocks it, and another one reads on", async () => {
    const { stream, seen, controller } = source<number>(1);
    const main = co(function* () {
      controller.enqueue(1);
      controller.enqueue(2);
      controller.close();
      const first = fromReadableStream(stream, { preventCancel: true });
      const value = yield* first.next();
      yield* first.close();
      return [value, yield* all(fromReadableStream(stream))];
    });
    expect(await run(main())).toEqual([1, [2]]);
    expect(seen.reasons).toEqual([]);
  });

  test("with preventCancel, a read that is under way is given up without a trace", async () => {
    const { stream, controller } = source<number>();
    const given = fromReadableStream(stream, { preventCancel: true });
    const cx = pending(given.next());
    const cleanup = new Cleanup(given, "enough", "the test");
    cleanup.poll(cx);
    await turn();
    expect(cleanup.poll(cx)).toBeUndefined();
    expect(stream.locked).toBe(false);
    controller.enqueue(1);
    expect(await stream.getReader().read()).toEqual({ done: false, value: 1 });
  });

  test("counts as outstanding while a read waits", async () => {
    const { stream, controller } = source<number>();
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    const given = fromReadableStream(stream);
    cx.runtime.budget = 1;
    pending(given.next(), cx);
    expect([cx.runtime.outstanding, cx.runtime.budget]).toEqual([1, 1]);
    controller.enqueue(1);
    await turn();
    expect(cx.runtime.outstanding).toBe(0);
    cx.runtime.budget = 0;
    expect(given.pollNext(cx)).toBe(Pending);
  });

  test("to give up waiting wakes nobody, is outstanding no longer, and loses no chunk", async () => {
    const { stream, seen, controller } = source<number>();
    const cx = new TestContext(new Runtime({ clock: "paused" }).handle);
    cx.runtime.budget = 10;
    const given = fromReadableStream(stream);
    const next = given.next();
    pending(next, cx);
    next.cancel(cx);
    expect(cx.runtime.outstanding).toBe(0);
    controller.enqueue(1);
    await turn();
    expect(cx.wakes).toBe(0);
    expect(readyNow(given.next(), cx)).toBe(1);
    expect([seen.reasons, stream.locked]).toEqual([[], true]);
  });

  test("takes nothing but a ReadableStream that is not locked", () => {
    const wrong = fromReadableStream as (stream: unknown) => unknown;
    expect(() => wrong(undefined)).toThrow("fromReadableStream needs a ReadableStream, not undefined");
    expect(() => wrong({})).toThrow(TypeError);
    const { stream } = source<number>();
    stream.getReader();
    expect(() => fromReadableStream(stream)).toThrow("locked");
  });

  test("a stream that was locked since then says so at the first poll", async () => {
    const { stream } = source<number>();
    const given = fromReadableStream(stream);
    stream.getReader();
    await expect(run(given.next())).rejects.toThrow(TypeError);
  });
});
