import fc from "fast-check";
import { Context, Pending, type RuntimeHandle } from "pollux";
import { describe, expect, test } from "vitest";
import { HttpError } from "../http-error.ts";
import { Open, type Place, Pool, type Pooled, type PoolLimits, type PoolWaiter } from "./pool.ts";

/** Stands for a runtime of which the pool sees the clock alone. */
function runtimeAt(now: () => number): RuntimeHandle {
  const timers = { now, arm() {}, disarm() {} };
  return { timers } as unknown as RuntimeHandle; // The pool asks for no more.
}

class Counting extends Context {
  wakes = 0;
  override wake(): void {
    this.wakes++;
  }
}

class Fake implements Pooled<Fake> {
  idleSince = 0;
  isClosed = false;
  isGood = true;
  readonly place: Place<Fake>;
  readonly runtime: RuntimeHandle;

  constructor(place: Place<Fake>, runtime: RuntimeHandle) {
    this.place = place;
    this.runtime = runtime;
  }

  isUsable(): boolean {
    return this.isGood;
  }

  close(): void {
    expect(this.isClosed).toBe(false);
    this.isClosed = true;
  }
}

const runtime = runtimeAt(() => 0);
const limits = (more: Partial<PoolLimits> = {}): PoolLimits => ({
  perOrigin: 2,
  total: Number.POSITIVE_INFINITY,
  queue: 100,
  ...more,
});

/** Takes what can be had at once; a new connection if it may be opened. */
function take(pool: Pool<Fake>, key: string, on = runtime): Fake | null {
  const place = pool.place(key);
  const taken = pool.take(place, on, 0);
  return taken === Open ? new Fake(place, on) : taken;
}

/** What a waiter has been granted, as a connection. */
function granted(waiter: PoolWaiter<Fake>): Fake | null {
  const poll = waiter.poll(new Counting());
  if (poll === Pending) return null;
  return poll === Open ? new Fake(waiter.place, waiter.runtime) : poll;
}

describe("Pool", () => {
  test("Pool: the connection that became idle last is taken first", () => {
    const pool = new Pool<Fake>(limits());
    const [a, b] = [take(pool, "a"), take(pool, "a")];
    if (a === null || b === null) throw new Error("two were allowed");
    pool.giveBack(a, 1);
    pool.giveBack(b, 2);
    expect(take(pool, "a")).toBe(b);
    expect(take(pool, "a")).toBe(a);
    expect(pool.total).toBe(2);
  });

  test("Pool: more than the limit wait, and are served in order", () => {
    const pool = new Pool<Fake>(limits());
    const [a, b] = [take(pool, "a"), take(pool, "a")];
    expect(take(pool, "a")).toBe(null);
    const first = pool.wait(pool.place("a"), runtime);
    const second = pool.wait(pool.place("a"), runtime);
    const cx = new Counting();
    expect(first.poll(cx)).toBe(Pending);
    pool.giveBack(b as Fake, 0);
    expect(cx.wakes).toBe(1);
    expect(granted(first)).toBe(b);
    expect(granted(second)).toBe(null);
    // A connection that is closed makes place for one that is opened.
    pool.drop((a as Fake).place);
    expect(second.poll(cx)).toBe(Open);
  });

  test("Pool: what was granted to one that gives up goes to the next", () => {
    const pool = new Pool<Fake>(limits({ perOrigin: 1 }));
    const a = take(pool, "a") as Fake;
    const place = pool.place("a");
    const [first, second, third] = [
      pool.wait(place, runtime),
      pool.wait(place, runtime),
      pool.wait(place, runtime),
    ];
    pool.giveBack(a, 0);
    expect(granted(first)).toBe(a);
    pool.giveUp(second, 0);
    pool.giveUp(first, 0);
    expect(granted(third)).toBe(a);
    pool.drop(place);
    expect(pool.total).toBe(0);
  });

  test("Pool: a queue that is full refuses", () => {
    const pool = new Pool<Fake>(limits({ perOrigin: 1, queue: 1 }));
    take(pool, "a");
    pool.wait(pool.place("a"), runtime);
    expect(() => pool.wait(pool.place("a"), runtime)).toThrow(HttpError);
  });

  test("Pool: connections that are of no use are closed when they are found, and others opened", () => {
    const pool = new Pool<Fake>(limits());
    const [a, b] = [take(pool, "a") as Fake, take(pool, "a") as Fake];
    pool.giveBack(a, 0);
    pool.giveBack(b, 0);
    a.isGood = false;
    b.isGood = false;
    const c = take(pool, "a");
    expect([a.isClosed, b.isClosed]).toEqual([true, true]);
    expect(c).not.toBe(a);
    expect(pool.total).toBe(1);
    pool.giveBack(c as Fake, 0);
    (c as Fake).isGood = false;
    pool.sweep();
    expect(pool.total).toBe(0);
    expect(pool.idle).toBe(0);
  });

  test("Pool: past the limit in all, the one that is idle for longest makes place", () => {
    const pool = new Pool<Fake>(limits({ total: 2 }));
    const [a, b] = [take(pool, "a") as Fake, take(pool, "b") as Fake];
    pool.giveBack(b, 1);
    pool.giveBack(a, 2);
    expect(take(pool, "c")).not.toBe(null);
    expect([a.isClosed, b.isClosed]).toEqual([false, true]);
    // The oldest of all waits for whatever becomes free.
    const first = pool.wait(pool.place("d"), runtime);
    expect(granted(first)).toBe(null);
  });

  test("Pool: connections of another runtime are not taken, and make place if they have to", () => {
    const pool = new Pool<Fake>(limits({ perOrigin: 1 }));
    const a = take(pool, "a") as Fake;
    pool.giveBack(a, 0);
    const other = runtimeAt(() => 0);
    const b = take(pool, "a", other);
    expect(a.isClosed).toBe(true);
    expect(b).not.toBe(a);
    expect(pool.total).toBe(1);
  });

  test("Pool: after its end whatever comes back is closed", () => {
    const pool = new Pool<Fake>(limits());
    const [a, b] = [take(pool, "a") as Fake, take(pool, "a") as Fake];
    pool.giveBack(a, 0);
    pool.end();
    expect(a.isClosed).toBe(true);
    pool.giveBack(b, 0);
    expect(b.isClosed).toBe(true);
    expect(pool.total).toBe(0);
  });

  type Step = {
    readonly kind: "ask" | "back" | "drop" | "fail" | "giveUp" | "rot" | "sweep";
    readonly at: number;
  };
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom("ask", "ask", "ask", "back", "back", "drop", "fail", "giveUp", "rot", "sweep"),
    at: fc.nat({ max: 1000 }),
  });

  test("Pool: as its model: never more than allowed, each in its turn, and nothing lost", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 80 }),
        fc.integer({ min: 1, max: 3 }),
        fc.constantFrom(1, 2, 4, Number.POSITIVE_INFINITY),
        (steps, perOrigin, total) => {
          const pool = new Pool<Fake>(limits({ perOrigin, total }));
          const keys = ["a", "b", "c"];
          const used: Fake[] = [];
          const made: Fake[] = [];
          const opening: Place<Fake>[] = [];
          let waiters: PoolWaiter<Fake>[] = [];
          const collect = (): void => {
            const served = waiters.filter((waiter) => waiter.granted !== null);
            for (const waiter of served) {
              // Nobody of the same origin who has waited longer still waits.
              for (const other of waiters)
                if (other.place === waiter.place && other.ticket < waiter.ticket)
                  expect(other.granted).not.toBe(null);
              const { granted } = waiter;
              if (granted === Open) opening.push(waiter.place);
              else if (granted !== null) used.push(granted);
            }
            waiters = waiters.filter((waiter) => waiter.granted === null);
          };
          const check = (): void => {
            const open = made.filter(({ isClosed }) => !isClosed);
            const counts = keys.map((key) => pool.place(key).count);
            expect(pool.total).toBe(open.length + opening.length);
            expect(counts.reduce((sum, count) => sum + count, 0)).toBe(pool.total);
            expect(pool.total).toBeLessThanOrEqual(total);
            for (const count of counts) expect(count).toBeLessThanOrEqual(perOrigin);
            expect(pool.idle).toBe(open.length - used.length);
            expect(pool.waiting).toBe(waiters.length);
            for (const connection of used) expect(connection.isClosed).toBe(false);
            // Whoever waits could not be served.
            for (const { place } of waiters) {
              expect(place.idle.length).toBe(0);
              expect(place.count === perOrigin || (pool.total === total && pool.idle === 0)).toBe(true);
            }
          };
          for (const { kind, at } of steps) {
            const pick = <T>(list: T[]): T | undefined => list.splice(at % Math.max(list.length, 1), 1)[0];
            if (kind === "ask") {
              const place = pool.place(keys[at % 3] as string);
              const taken = pool.take(place, runtime, 0);
              if (taken === null) waiters.push(pool.wait(place, runtime));
              else if (taken === Open) opening.push(place);
              else used.push(taken);
            } else if (kind === "sweep") pool.sweep();
            else if (kind === "rot") {
              const idle = made.filter((each) => !each.isClosed && !used.includes(each));
              const one = idle[at % Math.max(idle.length, 1)];
              if (one !== undefined) one.isGood = false;
            } else if (kind === "giveUp") {
              const waiter = pick(waiters);
              if (waiter !== undefined) pool.giveUp(waiter, 0);
            } else if (kind === "fail") {
              const place = pick(opening);
              if (place !== undefined) pool.drop(place);
            } else if (opening.length > 0 && at % 2 === 0) {
              const place = pick(opening) as Place<Fake>;
              const connection = new Fake(place, runtime);
              made.push(connection);
              used.push(connection);
            } else {
              const connection = pick(used);
              if (connection === undefined) continue;
              if (kind === "back") pool.giveBack(connection, 0);
              else {
                connection.close();
                pool.drop(connection.place);
              }
            }
            collect();
            check();
          }
          // All of them come back: everybody who waits gets a connection, and nothing is left.
          for (let round = 0; round < 300 && used.length + opening.length > 0; round++) {
            const place = opening.pop();
            if (place === undefined) pool.giveBack(used.pop() as Fake, 0);
            else {
              const connection = new Fake(place, runtime);
              made.push(connection);
              pool.giveBack(connection, 0);
            }
            collect();
            check();
          }
          expect(waiters).toEqual([]);
          pool.end();
          expect(pool.total).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
