import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { co } from "../../../src/core/coroutine.ts";
import { fromReadableStream } from "../../../src/interop/from-readable-stream.ts";
import { toReadableStream } from "../../../src/interop/to-readable-stream.ts";
// Gives the default runtime.
import "../../../src/runtime/default.ts";
import { run } from "../../../src/runtime/runtime.ts";
import { Stream } from "../../../src/stream/stream.ts";
import type { StreamInput } from "../../../src/stream/to-source.ts";
import { FedSource } from "../../support/fed-source.ts";

// `ReadableStream.from` is `toReadableStream` here; a ReadableStream that is cancelled is one over a stream of ours; one
// that is iterated goes through `fromReadableStream`.

const error1 = new Error("a unique string");

/** Turns enough for whatever has been asked for to have happened. */
async function flush(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn();
}

describe("from", () => {
  const ab = function* (): Generator<string> {
    yield "a";
    yield "b";
  };
  const chunks = (): ReadableStream<string> =>
    new ReadableStream({
      start(controller) {
        controller.enqueue("a");
        controller.enqueue("b");
        controller.close();
      },
    });
  const accepted: [string, () => StreamInput<string>][] = [
    ["accepts an array of values", () => ["a", "b"]],
    ["accepts an array iterator", () => ["a", "b"][Symbol.iterator]()],
    ["accepts a string", () => "ab"],
    ["accepts a Set", () => new Set(["a", "b"])],
    ["accepts a Set iterator", () => new Set(["a", "b"])[Symbol.iterator]()],
    ["accepts a sync generator", ab],
    [
      "accepts an async generator",
      async function* () {
        yield* ab();
      },
    ],
    ["accepts a sync iterable of values", () => ({ [Symbol.iterator]: ab })],
    [
      "accepts an async iterable",
      () => {
        const left = ["a", "b"];
        return {
          [Symbol.asyncIterator]: () => ({
            next: async () => {
              const value = left.shift();
              return value === undefined ? { done: true as const, value } : { done: false as const, value };
            },
          }),
        };
      },
    ],
    ["accepts a ReadableStream", chunks],
    // Node's is iterable itself, as every iterator of the platform is.
    [
      "accepts a ReadableStream async iterator",
      () => chunks()[Symbol.asyncIterator]() as AsyncIterable<string>,
    ],
  ];
  for (const [name, factory] of accepted) {
    test(`${name}: gives its values, then the end`, async () => {
      const reader = toReadableStream(factory()).getReader();
      expect(await reader.read()).toEqual({ done: false, value: "a" });
      expect(await reader.read()).toEqual({ done: false, value: "b" });
      expect(await reader.read()).toEqual({ done: true, value: undefined });
      await reader.closed;
    });
  }

  const refused: [string, unknown][] = [
    ["null", null],
    ["undefined", undefined],
    ["0", 0],
    ["NaN", Number.NaN],
    ["true", true],
    ["{}", {}],
    ["Object.create(null)", Object.create(null)],
    ["a function", () => 42],
    ["a symbol", Symbol()],
  ];
  const from = toReadableStream as (input: unknown) => ReadableStream<unknown>;
  for (const [name, input] of refused) {
    test(`throws on invalid iterables; specifically ${name}: with TypeError, at the call`, () => {
      expect(() => from(input)).toThrow(TypeError);
    });
  }
  for (const [name, key] of [
    ["@@iterator", Symbol.iterator],
    ["@@asyncIterator", Symbol.asyncIterator],
  ] as const) {
    test(`throws on invalid iterables; specifically an object with a non-callable ${name} method: TypeError, at the first read`, async () => {
      await expect(
        from({ [key]: 42 })
          .getReader()
          .read(),
      ).rejects.toThrow(TypeError);
    });

    test(`re-throws errors from calling the ${name} method: at the first read`, async () => {
      const input = {
        [key]() {
          throw error1;
        },
      };
      await expect(from(input).getReader().read()).rejects.toBe(error1);
    });
  }

  test("accepts an empty iterable: the first read is the end", async () => {
    const reader = toReadableStream(new Set()).getReader();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await reader.closed;
  });

  test("stream errors when next() rejects: with that", async () => {
    const reader = toReadableStream({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error1) }),
    }).getReader();
    await expect(reader.read()).rejects.toBe(error1);
    await expect(reader.closed).rejects.toBe(error1);
  });

  test("stream stalls when next() never settles: neither a value nor an end", async () => {
    const reader = toReadableStream({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }),
    }).getReader();
    let settled = false;
    const settle = (): void => {
      settled = true;
    };
    reader.read().then(settle, settle);
    reader.closed.then(settle, settle);
    await flush();
    expect(settled).toBe(false);
  });

  test("calls next() after first read(): and not before", async () => {
    let calls = 0;
    const reader = toReadableStream({
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          calls++;
          return { done: false, value: "a" };
        },
      }),
    }).getReader();
    await flush();
    expect(calls).toBe(0);
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    await flush();
    expect(calls).toBe(1);
  });

  test("cancelling the returned stream calls and awaits return(): of an iterator that was begun", async () => {
    let finish: () => void = () => {};
    let returns = 0;
    const reader = toReadableStream({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: "a" }),
        return: async () => {
          returns++;
          await new Promise<void>((resolve) => {
            finish = resolve;
          });
          return { done: true as const, value: undefined };
        },
      }),
    }).getReader();
    await reader.read();
    let over = false;
    const cancelled = reader.cancel(error1).then(() => {
      over = true;
    });
    await flush();
    expect([returns, over]).toEqual([1, false]);
    finish();
    await cancelled;
    await reader.closed;
  });

  test("return() is not called when iterator completes normally: it has cleaned up by itself", async () => {
    let returns = 0;
    const reader = toReadableStream({
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: true, value: undefined }),
        return: async () => {
          returns++;
          return { done: true as const, value: undefined };
        },
      }),
    }).getReader();
    expect(await reader.read()).toEqual({ done: true, value: undefined });
    await reader.closed;
    await flush();
    expect(returns).toBe(0);
  });
});

describe("cancel", () => {
  test("integration test on an infinite stream derived from a random push source: what came before is read", async () => {
    const source = new FedSource<number>("slow");
    const reader = toReadableStream(source).getReader();
    source.feed(1, 2, 3);
    for (const value of [1, 2, 3]) expect(await reader.read()).toEqual({ done: false, value });
    const [last, cancelled] = [reader.read(), reader.cancel()];
    await flush();
    source.endCleanup();
    await cancelled;
    expect(await last).toEqual({ done: true, value: undefined });
  });

  test("cancel(reason) should pass through the given reason to the underlying source: as the reason of the cancel", async () => {
    const source = new FedSource<number>();
    await toReadableStream(source).cancel(error1);
    expect(source.reason).toBe(error1);
  });

  test("cancel() on a locked stream should fail and not call the underlying source cancel: reading goes on", async () => {
    const source = new FedSource<string>().feed("a").end();
    const stream = toReadableStream(source);
    const reader = stream.getReader();
    await expect(stream.cancel()).rejects.toThrow(TypeError);
    expect(await reader.read()).toEqual({ done: false, value: "a" });
    expect((await reader.read()).done).toBe(true);
    expect(source.cancels).toBe(0);
  });

  test("should fulfill promise when cancel callback went fine, returning a value from the underlying source's cancel should not affect the fulfillment value: undefined", async () => {
    const source = Object.assign(new FedSource<number>(), { cancel: () => undefined });
    expect(await toReadableStream(source).cancel(error1)).toBeUndefined();
  });

  test("should reject promise when cancel callback raises an exception: with a CleanupError that has it", async () => {
    const source = new FedSource<number>();
    source.cleanupFailure = { error: error1 };
    await expect(toReadableStream(source).cancel("test")).rejects.toMatchObject({
      cause: "test",
      errors: [error1],
    });
  });

  test("the promise returned by the stream's cancel should fulfill when that of the source does (1), the promise returned by the stream's cancel should fulfill when that of the source does (2): after the cleanup", async () => {
    const source = new FedSource<number>("slow");
    let over = false;
    const cancelled = toReadableStream(source)
      .cancel()
      .then(() => {
        over = true;
      });
    await flush();
    expect(over).toBe(false);
    source.endCleanup();
    await cancelled;
  });

  test("the promise returned by the stream's cancel should reject when that of the source does: after the cleanup, with CleanupError", async () => {
    const source = new FedSource<number>("slow");
    source.cleanupFailure = { error: error1 };
    const cancelled = toReadableStream(source)
      .cancel()
      .catch((error: unknown) => error);
    await flush();
    source.endCleanup();
    expect(await cancelled).toMatchObject({ code: "POLLUX_CLEANUP_FAILED", errors: [error1] });
  });
});

describe("async-iterator", () => {
  test("Async-iterating a push source: gives the chunks", async () => {
    const stream = new ReadableStream<number>({
      start(controller) {
        for (const n of [1, 2, 3]) controller.enqueue(n);
        controller.close();
      },
    });
    expect(await run(fromReadableStream(stream).collect())).toEqual([1, 2, 3]);
  });

  test("Async-iterating a pull source: gives the chunks", async () => {
    let n = 0;
    const stream = new ReadableStream<number>({
      pull(controller) {
        controller.enqueue(++n);
        if (n === 3) controller.close();
      },
    });
    const given: number[] = [];
    for await (const value of fromReadableStream(stream)) given.push(value);
    expect(given).toEqual([1, 2, 3]);
  });

  test("Async-iterating an errored stream throws: the error", async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.error("e");
      },
    });
    await expect(run(fromReadableStream(stream).collect())).rejects.toBe("e");
  });

  test("Async-iterating a closed stream never executes the loop body: but works fine", async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.close();
      },
    });
    expect(await run(fromReadableStream(stream).collect())).toEqual([]);
  });

  test("Async-iterating an empty but not closed/errored stream never executes the loop body and stalls the async function: until it is cancelled", async () => {
    const controller = new AbortController();
    const running = run(fromReadableStream(new ReadableStream()).collect(), { signal: controller.signal });
    let settled = false;
    running.catch(() => {
      settled = true;
    });
    await flush();
    expect(settled).toBe(false);
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "POLLUX_CANCELLED" });
  });

  /** Leaves a loop early in each way, and gives what the source was cancelled with. */
  async function leave(preventCancel: boolean): Promise<number[]> {
    const counts: number[] = [];
    for (const how of ["break", "throw", "abort"]) {
      let cancels = 0;
      const stream = new ReadableStream<number>({
        start(controller) {
          controller.enqueue(0);
        },
        cancel() {
          cancels++;
        },
      });
      const chunks = fromReadableStream(stream, { preventCancel });
      const loop = async (): Promise<void> => {
        for await (const _ of chunks) {
          if (how === "break") break;
          if (how === "throw") throw error1;
        }
      };
      if (how === "abort") {
        const abort = new AbortController();
        const main = co(function* () {
          yield* chunks.forEach(() => {
            abort.abort();
          });
        });
        await run(main(), { signal: abort.signal }).catch(() => {});
      } else await loop().catch(() => {});
      expect(stream.locked).toBe(false);
      counts.push(cancels);
    }
    return counts;
  }

  test("Cancellation behavior: a loop that is left cancels the stream, unless preventCancel", async () => {
    expect(await leave(false)).toEqual([1, 1, 1]);
    expect(await leave(true)).toEqual([0, 0, 0]);
  });

  test("Cancellation behavior when manually calling return(): the same, before the first step too", async () => {
    for (const preventCancel of [false, true]) {
      let cancels = 0;
      const stream = new ReadableStream({
        cancel() {
          cancels++;
        },
      });
      await fromReadableStream(stream, { preventCancel })[Symbol.asyncIterator]().return?.();
      expect(cancels).toBe(preventCancel ? 0 : 1);
    }
  });

  test("next()'s fulfillment value has the right shape: an object with done and value", async () => {
    const iterator = fromReadableStream(toReadableStream(Stream.from([0])))[Symbol.asyncIterator]();
    const next = await iterator.next();
    expect([Object.getPrototypeOf(next), Object.keys(next).sort()]).toEqual([
      Object.prototype,
      ["done", "value"],
    ]);
    expect((await iterator.next()).done).toBe(true);
  });

  test("getIterator() throws if there's already a lock: TypeError at the call, and at the first poll", async () => {
    const stream = new ReadableStream();
    const early = fromReadableStream(stream);
    stream.getReader();
    expect(() => fromReadableStream(stream)).toThrow(TypeError);
    await expect(run(early.next())).rejects.toThrow(TypeError);
  });

  test("Calling return() twice rejects: here the second one gives the end", async () => {
    const iterator = fromReadableStream(new ReadableStream())[Symbol.asyncIterator]();
    await iterator.return?.();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
  });
});
