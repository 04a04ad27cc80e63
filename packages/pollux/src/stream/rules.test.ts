// What every adapter and every consumer keeps, whatever else it does.
import { describe, expect, test } from "vitest";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import { TestContext } from "../../test/support/context.ts";
import { drain, Feed } from "../../test/support/feed.ts";
import { never } from "../combine/never.ts";
import { Cleanup } from "../core/cleanup.ts";
import { co } from "../core/coroutine.ts";
import { CleanupError, FutureInUseError, MovedError } from "../core/errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { End, type StreamSource } from "../core/stream-source.ts";
import { Runtime } from "../runtime/runtime.ts";
import { sleep } from "../time/sleep.ts";
import { Timers } from "../time/timers.ts";
import { Stream } from "./stream.ts";

type Adapt = (stream: Stream<number>) => StreamSource<unknown>;
type Consume = (stream: Stream<number>) => Future<unknown>;

const later = (n: number) =>
  co(function* () {
    yield* sleep(1);
    return n;
  })();

/** Those that pass everything on: 1, 2, 3 comes out in one form or the other. */
const adapters: Record<string, Adapt> = {
  map: (s) => s.map((n) => n + 1),
  filter: (s) => s.filter(() => true),
  filterMap: (s) => s.filterMap((n) => n),
  andThen: (s) => s.andThen((n) => n),
  inspect: (s) => s.inspect(() => {}),
  scan: (s) => s.scan(0, (sum, n) => sum + n),
  enumerate: (s) => s.enumerate(),
  take: (s) => s.take(10),
  skip: (s) => s.skip(0),
  stepBy: (s) => s.stepBy(1),
  takeUntil: (s) => s.takeUntil(never()),
  takeWhile: (s) => s.takeWhile(() => true),
  mapWhile: (s) => s.mapWhile((n) => n),
  skipWhile: (s) => s.skipWhile(() => false),
  chunks: (s) => s.chunks(1),
  chunksTimeout: (s) => s.chunksTimeout(1, 10),
  throttle: (s) => s.throttle(0),
  debounce: (s) => s.debounce(10),
  timeout: (s) => s.timeout(100_000),
  chain: (s) => s.chain([]),
  merge: (s) => s.merge(),
  zip: (s) => s.zip(Stream.repeat(0)),
  flatMap: (s) => s.flatMap((n) => [n]),
  flatten: (s) => s.map((n) => [n]).flatten(),
  flattenUnordered: (s) => s.map((n) => [n]).flattenUnordered(1),
  buffered: (s) => s.map(later).buffered(1),
  bufferUnordered: (s) => s.map(later).bufferUnordered(1),
  peekable: (s) => s.peekable(),
  fuse: (s) => s.fuse(),
  finallyDo: (s) => s.finallyDo(() => {}),
};

const consumers: Record<string, Consume> = {
  forEach: (s) => s.forEach(() => {}),
  forEachConcurrent: (s) => s.forEachConcurrent(2, () => {}),
  fold: (s) => s.fold(0, (sum, n) => sum + n),
  collect: (s) => s.collect(),
  count: (s) => s.count(),
  first: (s) => s.first(),
  last: (s) => s.last(),
  find: (s) => s.find((n) => n > 100),
  any: (s) => s.any((n) => n > 100),
  all: (s) => s.all((n) => n < 100),
};

/** Adds `catchError`, which is about errors and keeps the rest. */
const allAdapters: Record<string, Adapt> = { ...adapters, catchError: (s) => s.catchError(() => -1) };

const context = (): TestContext => new TestContext(new Runtime({ clock: "paused" }).handle);

const runPaused = <T>(future: Future<T>): Promise<T> => new Runtime({ clock: "paused" }).run(future);

describe.each(Object.entries(allAdapters))("stream adapter %s", (name, adapt) => {
  test("does nothing before its first poll", () => {
    const feed = new Feed([1]);
    adapt(new Stream(feed));
    expect(feed.polls).toBe(0);
  });

  test("takes the stream over, which says where it has gone", () => {
    const stream = Stream.from([1]);
    adapt(stream);
    const into =
      name === "flatten" || name.startsWith("buffer") || name === "flattenUnordered" ? "map" : name;
    for (const use of [() => stream.next(), () => stream.ref(), () => stream.map(String)]) {
      expect(use).toThrow(MovedError);
      expect(use).toThrow(`has gone into \`${into}\``);
    }
  });

  test("is pending while its source is, and is woken by it", () => {
    const feed = new Feed<number>();
    const stream = adapt(new Stream(feed));
    const cx = context();
    expect(stream.pollNext(cx)).toBe(Pending);
    cx.takeWakes();
    feed.push(1);
    expect(cx.wakes).toBeGreaterThan(0);
    expect(feed.breaches).toEqual([]);
  });

  test("ends with its source, and stays at its end", () => {
    const feed = new Feed<number>().end();
    const stream = adapt(new Stream(feed));
    const cx = context();
    for (let n = 0; n < 3; n++) expect(stream.pollNext(cx)).toBe(End);
    expect(feed.breaches).toEqual([]);
  });

  test("passes a cancel on with its reason, before the first poll and after it, and waits for the cleanup", () => {
    for (const polled of [false, true]) {
      const feed = new Feed<number>([], "slow");
      const stream = adapt(new Stream(feed));
      const cx = context();
      if (polled) expect(stream.pollNext(cx)).toBe(Pending);
      const cleanup = new Cleanup(stream, "because", name);
      expect(cleanup.poll(cx)).toBe(Pending);
      expect(feed.reason).toBe("because");
      cx.takeWakes();
      feed.endCleanup();
      expect(cx.wakes).toBeGreaterThan(0);
      expect(cleanup.poll(cx)).toBeUndefined();
      expect(feed.state).toBe("cancelled");
      expect(feed.breaches).toEqual([]);
    }
  });

  test("a failure of the cleanup surfaces in the cancel", () => {
    const feed = new Feed<number>([], "throws");
    const stream = adapt(new Stream(feed));
    const cx = context();
    stream.pollNext(cx);
    expect(() => stream.cancel(cx)).toThrow("cleanup of the source");
    expect(stream.cancel(cx)).toBeUndefined();
  });

  test("leaves no timer behind", async () => {
    const runtime = new Runtime({ clock: "paused" });
    await runtime.run(
      co(function* () {
        const stream = Stream.from(adapt(new Stream(new Feed([1, 2]))));
        yield* stream
          .ref()
          .timeout(5)
          .catchError(() => End)
          .count();
        yield* stream.close();
      })(),
    );
    const { timers } = runtime.handle;
    expect(timers instanceof Timers && timers.size).toBe(0);
  });

  test("cancelled at every poll, it leaves nothing open", async () => {
    await cancelAtEveryPoll(async (cancelAt) => {
      let open = 0;
      const runtime = new Runtime({ clock: "paused" });
      await runtime.run(
        co(function* () {
          const source = Stream.make<number>(function* (emit) {
            open++;
            try {
              for (let n = 1; n <= 3; n++) {
                yield* sleep(1);
                yield* emit(n);
              }
            } finally {
              // First, since a cancel that comes when the body has ended by itself interrupts the rest.
              open--;
              yield* sleep(1);
            }
          });
          const outcome = yield* cancelAt(Stream.from(adapt(source)).count());
          if (!outcome.cancelled) expect(outcome.value).toBe(name === "debounce" ? 1 : 3);
          expect(open).toBe(0);
        })(),
      );
      const { timers } = runtime.handle;
      expect(timers instanceof Timers && timers.size).toBe(0);
    });
  });
});

describe.each(Object.entries(adapters))("stream adapter %s", (name, adapt) => {
  test("passes an error on, and goes on after it", async () => {
    const error = new Error("in the source");
    const feed = new Feed([1]).fail(error).push(2, 3).end();
    const seen: unknown[] = [];
    await runPaused(
      co(function* () {
        const stream = Stream.from(adapt(new Stream(feed)));
        for (;;) {
          try {
            const value = yield* stream.next();
            if (value === End) return;
            seen.push("value");
          } catch (caught) {
            expect(caught).toBe(error);
            seen.push("error");
          }
        }
      })(),
    );
    expect(seen).toEqual(name === "debounce" ? ["error", "value"] : ["value", "error", "value", "value"]);
    expect(feed.breaches).toEqual([]);
  });
});

describe.each(Object.entries(consumers))("stream consumer %s", (name, consume) => {
  test("does nothing before its first poll, and takes the stream over", () => {
    const feed = new Feed([1]);
    const stream = new Stream(feed);
    consume(stream);
    expect(feed.polls).toBe(0);
    expect(() => stream.next()).toThrow(`has gone into \`${name}\``);
  });

  test("gives the stream up when it fails, and waits for its cleanup before it says so", () => {
    const error = new Error("in the source");
    const feed = new Feed<number>([], "slow").fail(error);
    const future = consume(new Stream(feed));
    const cx = context();
    expect(future.poll(cx)).toBe(Pending);
    expect(feed.state).toBe("cancelling");
    expect(feed.reason).toBe(error);
    feed.endCleanup();
    expect(() => future.poll(cx)).toThrow(error);
    expect(feed.state).toBe("cancelled");
  });

  test("a failure of that cleanup comes with the error as its cause", () => {
    const error = new Error("in the source");
    const future = consume(new Stream(new Feed<number>([], "throws").fail(error)));
    try {
      future.poll(context());
      expect.unreachable();
    } catch (caught) {
      expect(caught).toBeInstanceOf(CleanupError);
      expect(caught).toMatchObject({ cause: error, errors: [new Error("cleanup of the source")] });
    }
  });

  test("is cancelled with the stream, before and after its first poll", () => {
    for (const polled of [false, true]) {
      const feed = new Feed<number>([], "slow");
      const future = consume(new Stream(feed));
      const cx = context();
      if (polled) expect(future.poll(cx)).toBe(Pending);
      const cleanup = new Cleanup(future, "because", name);
      expect(cleanup.poll(cx)).toBe(Pending);
      expect(() => future.poll(cx)).toThrow(FutureInUseError);
      expect(feed.reason).toBe("because");
      feed.endCleanup();
      expect(cleanup.poll(cx)).toBeUndefined();
      expect(feed.breaches).toEqual([]);
    }
  });

  test("an error that was going to be thrown does not vanish with a cancel", () => {
    const error = new Error("in the source");
    const feed = new Feed<number>([], "slow").fail(error);
    const future = consume(new Stream(feed));
    const cx = context();
    expect(future.poll(cx)).toBe(Pending);
    const cleanup = new Cleanup(future, "because", name);
    expect(cleanup.poll(cx)).toBe(Pending);
    feed.endCleanup();
    expect(() => cleanup.poll(cx)).toThrow(expect.objectContaining({ cause: "because", errors: [error] }));
  });

  test("lets others run while values are at hand", () => {
    const runtime = new Runtime({ clock: "paused" }).handle;
    const cx = new TestContext(runtime);
    const future = consume(Stream.repeat(1));
    runtime.budget = 10;
    const poll = name === "first" ? Pending : future.poll(cx);
    expect(poll).toBe(Pending);
    if (name !== "first") expect(cx.wakes).toBeGreaterThan(0);
  });
});

test("stream: what is polled after a drain gives the end again", () => {
  const cx = context();
  expect(drain(Stream.from([1]), cx)).toEqual([1, End]);
  expect(drain(Stream.empty(), cx)).toEqual([End]);
});
