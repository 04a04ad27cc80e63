import "../runtime/default.ts";
import { expect, test } from "vitest";
import { Feed } from "../../test/support/feed.ts";
import { CleanupError, MovedError } from "../core/errors.ts";
import { sleep } from "../time/sleep.ts";
import { Stream } from "./stream.ts";

test("for await: gives the values, and owns the stream", async () => {
  const stream = Stream.from([1, 2]);
  const seen: number[] = [];
  for await (const n of stream) seen.push(n);
  expect(seen).toEqual([1, 2]);
  expect(() => stream.next()).toThrow(MovedError);
});

test("for await: to leave it closes the stream and waits for its cleanup", async () => {
  const log: string[] = [];
  const stream = Stream.make<number>(function* (emit) {
    try {
      for (let n = 1; ; n++) yield* emit(n);
    } finally {
      yield* sleep(1);
      log.push("closed");
    }
  });
  for await (const n of stream) if (n === 2) break;
  expect(log).toEqual(["closed"]);
});

test("for await: an error closes the stream, since the loop does not call return then", async () => {
  const error = new Error("in the source");
  const feed = new Feed([1]).fail(error).push(2);
  const seen: number[] = [];
  await expect(async () => {
    for await (const n of new Stream(feed)) seen.push(n);
  }).rejects.toBe(error);
  expect(seen).toEqual([1]);
  expect(feed.state).toBe("cancelled");
  expect(feed.reason).toBe(error);
});

test("for await: a failure of that cleanup comes with the error as its cause", async () => {
  const error = new Error("in the source");
  const steps = new Stream(new Feed<number>([], "throws").fail(error))[Symbol.asyncIterator]();
  const caught = await steps.next().catch((failure: unknown) => failure);
  expect(caught).toBeInstanceOf(CleanupError);
  expect(caught).toMatchObject({ cause: error, errors: [new Error("cleanup of the source")] });
  expect(await steps.next()).toEqual({ done: true, value: undefined });
});

test("iterator: return ends a step that waits, and then closes", async () => {
  const feed = new Feed<number>();
  const steps = new Stream(feed)[Symbol.asyncIterator]();
  const step = steps.next();
  await sleep(1);
  expect(await steps.return?.()).toEqual({ done: true, value: undefined });
  expect(await step).toEqual({ done: true, value: undefined });
  expect(feed.state).toBe("cancelled");
  expect(feed.breaches).toEqual([]);
});

test("iterator: a return that comes while a step has failed and cleans up does not lose the failure", async () => {
  const error = new Error("in the source");
  const feed = new Feed<number>([], "slow").fail(error);
  const steps = new Stream(feed)[Symbol.asyncIterator]();
  const step = steps.next().catch((failure: unknown) => failure);
  await sleep(1);
  const returned = steps.return?.();
  await sleep(1);
  feed.endCleanup();
  expect(await returned).toEqual({ done: true, value: undefined });
  expect(await step).toMatchObject({ errors: [error] });
  expect(feed.state).toBe("cancelled");
});

test("iterator: steps that are asked for together come one after the other", async () => {
  const steps = Stream.from([1, 2])[Symbol.asyncIterator]();
  const [a, b, c] = await Promise.all([steps.next(), steps.next(), steps.next()]);
  expect([a, b, c]).toEqual([
    { done: false, value: 1 },
    { done: false, value: 2 },
    { done: true, value: undefined },
  ]);
});
