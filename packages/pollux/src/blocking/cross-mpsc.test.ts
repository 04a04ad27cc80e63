import fc from "fast-check";
import { afterAll, describe, expect, expectTypeOf, test } from "vitest";
import { failureOf, shared } from "../../test/support/blocking-work.ts";
import { cancelAtEveryPoll } from "../../test/support/cancel-at-every-poll.ts";
import {
  blocking,
  ClosedError,
  type CrossEnd,
  type CrossReceiver,
  type CrossSender,
  co,
  crossMpsc,
  crossReceiver,
  crossSender,
  FullError,
  FutureInUseError,
  join,
  NotCloneableError,
  pollFn,
  ReleasedError,
  Runtime,
  run,
  Stream,
  select,
  sleep,
  spawn,
  WouldBlockError,
} from "../index.ts";

type Step = "send" | "try" | "give up" | "pause";

interface CrossWork {
  produce(end: CrossEnd<string>, id: number, steps: Step[], inside: Int32Array): Promise<string[]>;
  consume(end: CrossEnd<string>, inside: Int32Array): Promise<string[]>;
  sendForEver(end: CrossEnd<number>): Promise<string>;
  sendAndDie(end: CrossEnd<number | string>, count: number): Promise<void>;
  receiveAndDie(end: CrossEnd<number>, count: number): Promise<void>;
}

const work = blocking<CrossWork>(new URL("../../test/support/cross-work.mjs", import.meta.url));
const threads = new Runtime({ threadExecArgv: [], maxBlockingThreads: 4 });
afterAll(() => threads.shutdown());

describe("crossMpsc: in one thread", () => {
  test("what is sent is received in its order, and then the end", async () => {
    const [tx, rx] = crossMpsc<number>(2);
    expectTypeOf(tx).toEqualTypeOf<CrossSender<number>>();
    expectTypeOf(rx).toEqualTypeOf<CrossReceiver<number>>();
    const produce = co(function* () {
      for (let n = 0; n < 10; n++) yield* tx.send(n);
      tx.close();
    });
    const main = co(function* () {
      spawn(produce());
      const got: number[] = [];
      yield* rx.forEach((n) => {
        expect(rx.len).toBeLessThanOrEqual(2);
        got.push(n);
      });
      return got;
    });
    expect(await run(main())).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await failureOf(run(rx.recv()))).toBeInstanceOf(ClosedError);
    expect(() => rx.tryRecv()).toThrow(ClosedError);
  });

  test("values that are nothing pass too", async () => {
    const [tx, rx] = crossMpsc<null | undefined | number>(4);
    for (const value of [null, undefined, 0]) tx.trySend(value);
    tx.close();
    expect(await run(Stream.from(rx).collect())).toEqual([null, undefined, 0]);
  });

  test("trySend refuses when it is full, tryRecv when it is empty", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    expect(() => rx.tryRecv()).toThrow(WouldBlockError);
    tx.trySend(1);
    expect(tx.capacity).toBe(0);
    expect(() => tx.trySend(2)).toThrow(FullError);
    expect(await run(rx.recv())).toBe(1);
    tx.trySend(3);
    expect(await run(rx.recv())).toBe(3);
    rx.close();
    expect(() => tx.trySend(4)).toThrow(ClosedError);
  });

  test("a send that waits goes on when a place is freed, first come, first served", async () => {
    const [tx, rx] = crossMpsc<string>(1);
    const other = tx.clone();
    const main = co(function* () {
      yield* tx.send("0");
      const first = spawn(tx.send("1"));
      yield* sleep(1);
      const second = spawn(other.send("2"));
      yield* sleep(1);
      expect([first.isFinished, second.isFinished]).toEqual([false, false]);
      const got = [yield* rx.recv(), yield* rx.recv(), yield* rx.recv()];
      yield* join(first, second);
      return got;
    });
    expect(await run(main())).toEqual(["0", "1", "2"]);
    for (const each of [tx, other]) each.close();
  });

  test("what cannot be cloned fails, and takes no place", async () => {
    const [tx, rx] = crossMpsc<unknown>(1);
    expect(() => tx.trySend(() => {})).toThrow(NotCloneableError);
    const main = co(function* () {
      const sent = spawn(tx.send("after"));
      expect(yield* rx.recv()).toBe("after");
      yield* sent;
    });
    await run(main());
    tx.close();
  });

  test("a send cancelled at any poll has not sent, and its place is not lost", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = crossMpsc<string>(1);
      const main = co(function* () {
        yield* tx.send("full");
        const sending = spawn(cancelAt(tx.send("maybe")));
        yield* sleep(1);
        const got = [yield* rx.recv()];
        const { cancelled } = yield* sending;
        const last = spawn(tx.send("last"));
        while (got.at(-1) !== "last") got.push(yield* rx.recv());
        yield* last;
        tx.close();
        expect(got).toEqual(cancelled ? ["full", "last"] : ["full", "maybe", "last"]);
      });
      const runtime = new Runtime();
      await runtime.run(main());
      expect(runtime.metrics().outstanding).toBe(0);
    });
    expect(polls).toBe(2);
  });

  test("a recv cancelled at any poll loses nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = crossMpsc<string>(1);
      const main = co(function* () {
        const receiving = spawn(cancelAt(rx.recv()));
        yield* sleep(1);
        yield* tx.send("value");
        tx.close();
        const outcome = yield* receiving;
        const rest = yield* Stream.from(rx).collect();
        expect(outcome.cancelled ? rest : [outcome.value, ...rest]).toEqual(["value"]);
      });
      const runtime = new Runtime();
      await runtime.run(main());
      expect(runtime.metrics().outstanding).toBe(0);
    });
    expect(polls).toBe(2);
  });

  test("a receiver that is closed gives what was sent; senders that wait are refused", async () => {
    const [tx, rx] = crossMpsc<number>(2);
    const main = co(function* () {
      yield* tx.send(1);
      yield* tx.send(2);
      const late = spawn(tx.send(3));
      yield* sleep(1);
      rx.close();
      expect(yield* rx.recv()).toBe(1);
      expect(yield* rx.recv()).toBe(2);
      expect(tx.isClosed).toBe(true);
      return [yield* failing(late), yield* failing(rx.recv())];
    });
    const failing = co(function* (future: ReturnType<typeof rx.recv> | ReturnType<typeof tx.send>) {
      try {
        yield* future;
      } catch (error) {
        return error;
      }
      return null;
    });
    const failures = await run(main());
    expect(failures).toEqual([expect.any(ClosedError), expect.any(ClosedError)]);
  });

  test("a place is reserved, used or given back; the channel stays open for it", async () => {
    const [tx, rx] = crossMpsc<string>(2);
    const main = co(function* () {
      // From its first use on it hands out places.
      expect(() => rx.tryRecv()).toThrow(WouldBlockError);
      const [kept, released] = [yield* tx.reserve(), tx.tryReserve()];
      expect(() => tx.tryReserve()).toThrow(FullError);
      const waiting = spawn(tx.send("waited"));
      yield* sleep(1);
      expect(waiting.isFinished).toBe(false);
      released.release();
      released.release();
      yield* waiting;
      expect(() => released.send("too late")).toThrow(ReleasedError);
      tx.close();
      yield* sleep(1);
      expect(yield* rx.recv()).toBe("waited");
      expect(rx.isClosed).toBe(false);
      kept.send("kept");
      expect(yield* rx.recv()).toBe("kept");
      return yield* Stream.from(rx).collect();
    });
    expect(await run(main())).toEqual([]);
  });

  test("a place that was granted is reserved too, and goes to the next who waits when it is given back", async () => {
    const [tx, rx] = crossMpsc<string>(1);
    const main = co(function* () {
      yield* tx.send("first");
      const reserving = spawn(tx.reserve());
      yield* sleep(1);
      const sending = spawn(tx.send("second"));
      yield* sleep(1);
      expect(yield* rx.recv()).toBe("first");
      const permit = yield* reserving;
      expect(sending.isFinished).toBe(false);
      expect(() => tx.detach()).toThrow(TypeError);
      permit[Symbol.dispose]();
      yield* sending;
      return yield* rx.recv();
    });
    expect(await run(main())).toBe("second");
    tx.close();
  });

  test("a permit that was given before the receiver was closed still sends", async () => {
    const [tx, rx] = crossMpsc<string>(1);
    const main = co(function* () {
      const permit = yield* tx.reserve();
      rx.close();
      yield* sleep(1);
      permit.send("in time");
      return [yield* rx.recv(), yield* Stream.from(rx).collect()];
    });
    expect(await run(main())).toEqual(["in time", []]);
    tx.close();
  });

  test("a reserve cancelled at any poll has taken no place", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = crossMpsc<string>(1);
      const main = co(function* () {
        yield* tx.send("full");
        const reserving = spawn(cancelAt(tx.reserve()));
        yield* sleep(1);
        yield* rx.recv();
        const outcome = yield* reserving;
        if (!outcome.cancelled) outcome.value.release();
        yield* tx.send("after");
        tx.close();
        return yield* Stream.from(rx).collect();
      });
      const runtime = new Runtime();
      expect(await runtime.run(main())).toEqual(["after"]);
      expect(runtime.metrics().outstanding).toBe(0);
    });
    expect(polls).toBe(2);
  });

  test("closed waits until the receiver is, and leaves nothing behind when it is cancelled", async () => {
    const [tx, rx] = crossMpsc<string>(1);
    const runtime = new Runtime();
    const main = co(function* () {
      const first = yield* select({ closed: tx.closed(), late: sleep(1) });
      expect([first.key, runtime.metrics().outstanding]).toEqual(["late", 0]);
      const waiting = [spawn(tx.closed()), spawn(tx.closed())];
      yield* sleep(1);
      expect(waiting.map(({ isFinished }) => isFinished)).toEqual([false, false]);
      rx.close();
      for (const each of waiting) yield* each;
      yield* tx.closed();
    });
    await runtime.run(main());
    expect(runtime.metrics().outstanding).toBe(0);
    tx.close();
  });

  test("recvMany gives what has arrived, up to its limit, then 0 at the end; a cancel at any poll loses nothing", async () => {
    const polls = await cancelAtEveryPoll(async (cancelAt) => {
      const [tx, rx] = crossMpsc<number>(8);
      const main = co(function* () {
        const got: number[] = [];
        expect(yield* rx.recvMany(got, 0)).toBe(0);
        const receiving = spawn(cancelAt(rx.recvMany(got, 3)));
        yield* sleep(1);
        for (let n = 0; n < 5; n++) yield* tx.send(n);
        tx.close();
        const outcome = yield* receiving;
        expect(got.length).toBe(outcome.cancelled ? 0 : outcome.value);
        for (let count = -1; count !== 0; ) {
          count = yield* rx.recvMany(got, 3);
          expect(count).toBeLessThanOrEqual(3);
        }
        return got;
      });
      const runtime = new Runtime();
      expect(await runtime.run(main())).toEqual([0, 1, 2, 3, 4]);
      expect(runtime.metrics().outstanding).toBe(0);
    });
    expect(polls).toBe(2);
    const [, rx] = crossMpsc<number>(1);
    expect(() => rx.recvMany([], -1)).toThrow(RangeError);
    expect(() => rx.recvMany(Object.freeze([]) as unknown as number[], 1)).toThrow(TypeError);
  });

  test("sameChannel, capacity and pollRecv are those of mpsc", async () => {
    const [tx, rx] = crossMpsc<number>(2);
    const [other] = crossMpsc<number>(2);
    const again = tx.clone();
    expect([tx.sameChannel(again), tx.sameChannel(other)]).toEqual([true, false]);
    tx.trySend(1);
    expect(rx.capacity).toBe(1);
    expect(await run(pollFn((cx) => rx.pollRecv(cx)))).toBe(1);
    expect(rx.capacity).toBe(2);
    tx.close();
    again.close();
    await expect(run(pollFn((cx) => rx.pollRecv(cx)))).rejects.toThrow(ClosedError);
    other.close();
  });

  test("a second one that waits on the receiver is refused", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const main = co(function* () {
      const first = spawn(rx.recv());
      yield* sleep(1);
      yield* rx.recv();
      yield* first;
    });
    expect(await failureOf(run(main()))).toBeInstanceOf(FutureInUseError);
    tx.close();
    rx.close();
  });

  test("an end goes to another thread once, and not after its use", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const again = crossSender(tx.detach());
    expect(() => tx.detach()).toThrow(ClosedError);
    expect(() => tx.trySend(1)).toThrow(ClosedError);
    expect(() => tx.clone()).toThrow(ClosedError);
    again.trySend(1);
    const there = crossReceiver(rx.detach());
    expect(() => rx.detach()).toThrow(ClosedError);
    expect(await failureOf(run(rx.recv()))).toBeInstanceOf(ClosedError);
    expect(await run(there.recv())).toBe(1);
    expect(() => there.detach()).toThrow(TypeError);
    // @ts-expect-error it is no end
    expect(() => crossSender(undefined)).toThrow(TypeError);
    const [, other] = crossMpsc<number>(1);
    expect(() => crossSender(other.detach())).toThrow(TypeError);
    again.close();
  });

  test("an end that never gets to its thread is kept by nothing once the receiver is disposed of", async () => {
    const lost = (): WeakRef<object> => {
      const [tx, rx] = crossMpsc<number>(2);
      expect(() => rx.tryRecv()).toThrow(WouldBlockError);
      const { port } = tx.detach();
      rx[Symbol.dispose]();
      return new WeakRef(port);
    };
    const ports = Array.from({ length: 10 }, lost);
    const left = (): number => ports.filter((port) => port.deref() !== undefined).length;
    // The last one may still be on the stack somewhere.
    while (left() > 1) {
      await new Promise((resolve) => setImmediate(resolve));
      globalThis.gc?.();
    }
  });

  test("refuses a capacity that is none", () => {
    for (const capacity of [0, -1, 1.5, Number.NaN]) expect(() => crossMpsc(capacity)).toThrow(RangeError);
  });
});

describe("crossMpsc: between threads", () => {
  test("a thread that waits for room learns that the receiver is closed", async () => {
    const [tx, rx] = crossMpsc<number>(2);
    const main = co(function* () {
      const sender = spawn(work.sendForEver(tx.detach()));
      expect(yield* rx.recv()).toBe(0);
      yield* sleep(5);
      rx.close();
      return yield* sender;
    });
    expect(await threads.spawn(main())).toBe("POLLUX_CLOSED");
  });

  test("a sender whose thread dies is closed, and what it had sent is received", async () => {
    const [tx, rx] = crossMpsc<number | string>(3);
    const stays = tx.clone();
    const main = co(function* () {
      const sender = spawn(work.sendAndDie(tx.detach(), 3));
      expect(yield* failing(sender)).toMatchObject({ code: "POLLUX_THREAD_EXITED" });
      const got = [yield* rx.recv(), yield* rx.recv(), yield* rx.recv()];
      // Its place among those who want one is gone too, and so are no places.
      for (let n = 0; n < 3; n++) yield* stays.send(`mine ${n}`);
      stays.close();
      return [...got, ...(yield* Stream.from(rx).collect())];
    });
    const failing = co(function* (future: ReturnType<typeof work.sendAndDie>) {
      try {
        yield* future;
      } catch (error) {
        return error;
      }
      return null;
    });
    expect(await threads.spawn(main())).toEqual([0, 1, 2, "mine 0", "mine 1", "mine 2"]);
  });

  test("a place that was granted to a thread that dies before it uses it goes to others", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const stays = tx.clone();
    stays.trySend(1);
    // What a thread does that asks for a place, is granted it, and dies.
    const { port } = tx.detach();
    port.postMessage({ kind: "want" });
    port.once("message", () => port.close());
    const main = co(function* () {
      const got = [yield* rx.recv()];
      const sending = spawn(stays.send(2));
      got.push(yield* rx.recv());
      yield* sending;
      return got;
    });
    expect(await run(main())).toEqual([1, 2]);
    stays.close();
  });

  test("a sender learns that the thread of the receiver has died", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const main = co(function* () {
      const receiver = spawn(work.receiveAndDie(rx.detach(), 2));
      receiver.observed();
      for (let n = 0; ; n++) yield* tx.send(n);
    });
    expect(await failureOf(threads.spawn(main()))).toBeInstanceOf(ClosedError);
  });

  test("however they interleave, nothing is lost, the order is kept, and there is never more inside than it holds", async () => {
    const step = fc.constantFrom<Step>("send", "send", "try", "give up", "pause");
    const steps = fc.array(step, { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(steps, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (capacity, senders, elsewhere) => {
          const [tx, rx] = crossMpsc<string>(capacity);
          const inside = shared(1);
          const producing = senders.map((steps, id) =>
            threads.spawn(work.produce(tx.clone().detach(), id, steps, inside)),
          );
          tx.close();
          const receiveHere = co(function* () {
            const got: string[] = [];
            yield* rx.forEach(function* (value) {
              // Those inside, and the one that has just been taken out. A sender counts after it has sent: it is never early.
              expect(Atomics.load(inside, 0)).toBeLessThanOrEqual(capacity + 1);
              Atomics.sub(inside, 0, 1);
              got.push(value);
              if (got.length % 3 === 0) yield* sleep(0);
            });
            return got;
          });
          const receiving = threads.spawn(elsewhere ? work.consume(rx.detach(), inside) : receiveHere());
          const sent = await Promise.all(producing);
          const got = await receiving;
          expect(sent.map((_, id) => got.filter((value) => value.startsWith(`${id}/`)))).toEqual(sent);
          expect(got.length).toBe(sent.flat().length);
          expect(inside[0]).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  test("a select that gives up on a send or on a recv is harmless", async () => {
    const [tx, rx] = crossMpsc<number>(1);
    const main = co(function* () {
      expect((yield* select({ got: rx.recv(), late: sleep(1) })).key).toBe("late");
      yield* tx.send(1);
      expect((yield* select({ sent: tx.send(2), late: sleep(1) })).key).toBe("late");
      expect(yield* rx.recv()).toBe(1);
      yield* tx.send(3);
      expect(yield* rx.recv()).toBe(3);
    });
    await run(main());
    tx.close();
    rx.close();
  });
});
