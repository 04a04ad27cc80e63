import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pending, ready as readyNow, TestContext } from "../../test/support/context.ts";
import { Probe } from "../../test/support/probe.ts";
import { type Context, POLL_BUDGET } from "../core/context.ts";
import { co } from "../core/coroutine.ts";
import { FutureInUseError } from "../core/errors.ts";
import { Future } from "../core/future.ts";
import { Pending, type Poll } from "../core/poll.ts";
import { Runtime } from "../runtime/runtime.ts";
import { yieldNow } from "../task/yield-now.ts";
import { join, joinAll } from "./join.ts";
import { ready } from "./ready.ts";
import { select } from "./select.ts";

/** As the executor does: every poll has a fresh budget. */
function pollTask<T>(future: Future<T>, cx: TestContext): Poll<T> {
  cx.runtime.budget = POLL_BUDGET;
  cx.wakes = 0;
  return future.poll(cx);
}

function budgeted(): TestContext {
  return new TestContext(new Runtime({ clock: "paused" }).handle);
}

/** Takes a unit of the budget each time, is ready after `turns` polls that had one, and wakes itself until then. */
class Busy extends Future<string> {
  polls = 0;
  readonly name: string;
  readonly #turns: number;
  readonly #log: string[];

  constructor(name: string, turns: number, log: string[] = []) {
    super();
    this.name = name;
    this.#turns = turns;
    this.#log = log;
  }

  override poll(cx: Context): Poll<string> {
    if (!cx.takeBudget()) return Pending;
    this.#log.push(this.name);
    if (++this.polls >= this.#turns) return this.name;
    cx.wake();
    return Pending;
  }
}

describe("a combinator's children", () => {
  test("are all polled at the first poll, in the order in which they were given", () => {
    const log: string[] = [];
    const probes = ["a", "b", "c"].map((name) => new Probe(name));
    for (const probe of probes) probe.onPoll = () => log.push(probe.name);
    pending(joinAll(probes));
    expect(log).toEqual(["a", "b", "c"]);
  });

  test("are polled again only when they were woken, in the order of the wakes", () => {
    const log: string[] = [];
    const probes = ["a", "b", "c", "d"].map((name) => new Probe(name));
    const all = joinAll(probes);
    const cx = pending(all);
    for (const probe of probes) probe.onPoll = () => log.push(probe.name);
    probes[2]?.wake();
    probes[0]?.wake();
    pending(all, cx);
    expect(log).toEqual(["c", "a"]);
  });

  test("are not polled by a poll that nobody asked for", () => {
    const probe = new Probe();
    const all = join(probe, new Probe());
    const cx = pending(all);
    pending(all, cx);
    expect(probe.polls).toBe(1);
  });

  test("wake the poller once, however many of them are woken", () => {
    const probes = Array.from({ length: 10 }, () => new Probe());
    const cx = pending(joinAll(probes));
    for (const probe of probes) probe.wake();
    for (const probe of probes) probe.wake();
    expect(cx.wakes).toBe(1);
  });

  test("wake whoever polled last", () => {
    const probe = new Probe();
    const all = join(probe, new Probe());
    const first = pending(all);
    const second = pending(all);
    probe.wake();
    expect([first.wakes, second.wakes]).toEqual([0, 1]);
  });

  test("are polled once in a poll, also when they wake themselves or each other in it", () => {
    const [a, b] = [new Probe("a"), new Probe("b")];
    const all = join(a, b);
    a.onPoll = (cx) => cx.wake();
    b.onPoll = () => a.wake();
    const cx = pending(all);
    expect([a.polls, b.polls]).toEqual([1, 1]);
    expect(cx.takeWakes()).toBe(1);
    pending(all, cx);
    expect([a.polls, b.polls]).toEqual([2, 1]);
  });

  test("are left alone by a wake after their end, and after the combinator's", () => {
    const [a, b] = [new Probe<number>("a"), new Probe<number>("b")];
    const all = join(a, b);
    const cx = pending(all);
    a.resolve(1);
    pending(all, cx);
    cx.wakes = 0;
    a.wake();
    expect(cx.wakes).toBe(0);
    b.resolve(2);
    expect(readyNow(all, cx)).toEqual([1, 2]);
    cx.wakes = 0;
    a.wake();
    b.wake();
    expect(cx.wakes).toBe(0);
  });

  test("see the task behind the combinator, however deep", () => {
    const cx = new TestContext();
    const probe = new Probe();
    let seen: Context | undefined;
    probe.onPoll = (child) => {
      expect(child).not.toBe(cx);
      seen = child.task;
    };
    pending(join(join(probe)), cx);
    expect(seen).toBe(cx);
  });

  test("have one owner: the same future twice is an error that says so", () => {
    const probe = new Probe<number>();
    const both = join(probe, probe);
    const cx = pending(both);
    probe.resolve(1);
    expect(() => both.poll(cx)).toThrow(FutureInUseError);
    expect(probe.breaches).toEqual([]);
  });

  test("have no owner any more when they have ended, so that using one again is told as that", () => {
    const probe = new Probe<number>();
    probe.resolve(1);
    readyNow(join(probe));
    expect(probe.owner).toBeNull();
  });

  test("cannot poll the combinator that polls them", () => {
    const probe = new Probe();
    const all = join(probe);
    probe.onPoll = (cx) => all.poll(cx);
    expect(() => all.poll(new TestContext())).toThrow(FutureInUseError);
  });
});

describe("the budget", () => {
  test("10,000 ready futures are joined in 10,000 polls, over 79 polls of the join", () => {
    const log: string[] = [];
    const busy = Array.from({ length: 10_000 }, () => new Busy("", 1, log));
    const all = joinAll(busy);
    const cx = budgeted();
    let polls = 1;
    while (pollTask(all, cx) === Pending) {
      expect(cx.wakes).toBe(1);
      polls++;
    }
    expect(log.length).toBe(10_000);
    expect(polls).toBe(Math.ceil(10_000 / POLL_BUDGET));
  });

  test("10,000 futures that wait once each are joined in 20,000 polls", () => {
    const probes = Array.from({ length: 10_000 }, () => new Probe<number>());
    const all = joinAll(probes);
    const cx = budgeted();
    expect(pollTask(all, cx)).toBe(Pending);
    for (const [n, probe] of probes.entries()) {
      probe.resolve(n);
      if (n % 7 === 0) pollTask(all, cx);
    }
    expect(pollTask(all, cx)).not.toBe(Pending);
    expect(probes.reduce((sum, probe) => sum + probe.polls, 0)).toBe(20_000);
    expect(probes.every((probe) => probe.unasked === 0)).toBe(true);
  });

  test("when it is spent before the first poll, no child is polled, and the combinator wakes itself once", () => {
    const probe = new Probe();
    const all = join(probe, new Probe());
    const cx = budgeted();
    cx.runtime.budget = 0;
    expect(all.poll(cx)).toBe(Pending);
    expect([probe.polls, cx.wakes]).toEqual([0, 1]);
  });

  test("a child that spends all of it does not keep the next one waiting for ever", () => {
    class Greedy extends Future<never> {
      override poll(cx: Context): Poll<never> {
        while (cx.takeBudget());
        return Pending;
      }
    }
    for (const biased of [false, true]) {
      const cx = budgeted();
      const both = select({ greedy: new Greedy(), modest: new Busy("modest", 3) }, { biased });
      let polls = 0;
      while (pollTask(both, cx) === Pending) expect(polls++).toBeLessThan(10);
    }
  });

  test("a biased select that it has cut short goes on behind the cut, and only then from the front", () => {
    const log: string[] = [];
    const arms = Object.fromEntries(
      Array.from({ length: 300 }, (_, n) => [`arm ${n}`, new Busy(`${n}`, 3, log)] as const),
    );
    const cx = budgeted();
    const all = select(arms, { biased: true });
    expect(pollTask(all, cx)).toBe(Pending);
    expect(log).toEqual(Array.from({ length: 128 }, (_, n) => `${n}`));
    log.length = 0;
    expect(pollTask(all, cx)).toBe(Pending);
    expect(log).toEqual(Array.from({ length: 128 }, (_, n) => `${n + 128}`));
    log.length = 0;
    expect(pollTask(all, cx)).toBe(Pending);
    expect(log).toEqual([
      ...Array.from({ length: 44 }, (_, n) => `${n + 256}`),
      ...Array.from({ length: 84 }, (_, n) => `${n}`),
    ]);
  });

  test("a join of 10,000 futures that are always ready lets the tasks beside it run", async () => {
    const log: string[] = [];
    const runtime = new Runtime();
    await runtime.run(
      co(function* () {
        const beside = runtime.spawn(
          co(function* () {
            for (let n = 0; n < 5; n++) {
              log.push("beside");
              yield* yieldNow();
            }
          })(),
        );
        yield* joinAll(Array.from({ length: 10_000 }, () => ready(1)));
        log.push("joined");
        yield* beside;
      })(),
    );
    expect(log).toEqual(["beside", "beside", "beside", "beside", "beside", "joined"]);
  });
});

describe("the ready queue, against a model", () => {
  test("polls what was woken, in order, each once, as far as the budget goes", () => {
    const action = fc.oneof(
      fc.record({ type: fc.constant("wake" as const), child: fc.nat(7) }),
      fc.record({ type: fc.constant("poll" as const), budget: fc.nat(9) }),
    );
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.integer({ min: 1, max: 8 }),
        fc.array(action, { maxLength: 60 }),
        (biased, count, actions) => {
          const log: number[] = [];
          const children = Array.from({ length: count }, (_, n) => {
            const probe = new Probe(`${n}`);
            probe.onPoll = (cx) => {
              log.push(n);
              cx.runtime.budget--;
            };
            return probe;
          });
          const cx = budgeted();
          const all = biased
            ? select(Object.fromEntries(children.map((child, n) => [`k${n}`, child])), { biased })
            : joinAll(children);
          // The model: what the budget has cut off, and what was woken since.
          let cutOff = children.map((_, n) => n);
          let woken: number[] = [];
          for (const next of actions) {
            if (next.type === "wake") {
              const child = next.child % count;
              const known = children[child]?.state === "pending";
              children[child]?.wake();
              if (known && !cutOff.includes(child) && !woken.includes(child)) woken.push(child);
              continue;
            }
            if (biased) woken.sort((a, b) => a - b);
            const queue = [...cutOff, ...woken];
            const expected = queue.slice(0, next.budget);
            cutOff = queue.slice(next.budget);
            woken = [];
            log.length = 0;
            cx.runtime.budget = next.budget;
            cx.wakes = 0;
            expect(all.poll(cx)).toBe(Pending);
            expect(log).toEqual(expected);
            expect(cx.wakes).toBe(cutOff.length > 0 ? 1 : 0);
          }
        },
      ),
    );
  });
});
