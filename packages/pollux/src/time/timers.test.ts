import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClockRunningError } from "../core/errors.ts";
import { TimerEntry } from "../core/timer-entry.ts";
import { Timers } from "./timers.ts";

class Probe extends TimerEntry {
  readonly #onFire: () => void;

  constructor(onFire: () => void) {
    super();
    this.#onFire = onFire;
  }

  override fire(): void {
    this.#onFire();
  }
}

/** A host whose time and turns are made by the test. */
class FakeHost {
  time = 0.25;
  timers: { task: () => void; at: number }[] = [];
  turns: (() => void)[] = [];
  timersMade = 0;

  now(): number {
    return this.time;
  }

  timer(task: () => void, ms: number): () => void {
    this.timersMade++;
    const timer = { task, at: this.time + Math.max(1, ms) };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  turn(task: () => void): void {
    this.turns.push(task);
  }

  makeTurn(): void {
    for (const turn of this.turns.splice(0)) turn();
  }

  /** Lets time pass; timers fire when they are due, and not before. */
  pass(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.task();
    }
    this.time = end;
  }
}

function setUp(options: { paused?: boolean } = {}): {
  host: FakeHost;
  timers: Timers;
  log: string[];
  arm: (name: string, deadline: number) => Probe;
  state: { idle: boolean };
} {
  const host = new FakeHost();
  const state = { idle: true };
  const timers = new Timers({ host, isIdle: () => state.idle, ...options });
  const log: string[] = [];
  const arm = (name: string, deadline: number): Probe => {
    const probe = new Probe(() => log.push(`${name}@${timers.now()}`));
    timers.arm(probe, deadline);
    return probe;
  };
  return { host, timers, log, arm, state };
}

describe("timers", () => {
  test("fire in the order of deadlines, and never early", () => {
    const { host, log, arm } = setUp();
    arm("b", 20.5);
    arm("a", 10);
    arm("c", 20.6);
    expect(host.timers).toHaveLength(1);
    host.pass(30);
    expect(log.map((line) => line[0])).toEqual(["a", "b", "c"]);
    for (const line of log) expect(Number(line.slice(2))).toBeGreaterThanOrEqual(line[0] === "a" ? 10 : 20.6);
    expect(host.timers).toHaveLength(0);
  });

  test("a host's timer that is early fires nothing, and is set again", () => {
    const { host, log, arm } = setUp();
    arm("a", 10);
    const [timer] = host.timers.splice(0);
    host.time = 9.9;
    timer?.task();
    expect(log).toEqual([]);
    expect(host.timers).toHaveLength(1);
    host.pass(1.1);
    expect(log).toHaveLength(1);
  });

  test("a host's timer that is late fires all that has become due, in order", () => {
    const { host, log, arm } = setUp();
    arm("b", 300);
    arm("a", 5);
    arm("later", 20_000);
    const [timer] = host.timers.splice(0);
    host.time = 10_000;
    timer?.task();
    expect(log).toEqual(["a@10000", "b@10000"]);
    expect(host.timers).toHaveLength(1);
  });

  test("one timer of the host at a time, set anew only for an earlier deadline", () => {
    const { host, arm } = setUp();
    for (const deadline of [100, 200, 100, 150, 100.5]) arm("a", deadline);
    expect(host.timersMade).toBe(1);
    arm("b", 50);
    expect(host.timersMade).toBe(2);
    expect(host.timers).toHaveLength(1);
  });

  test("a timer that is disarmed leaves the host's as it is, which then fires for nothing", () => {
    const { host, timers, log, arm } = setUp();
    const first = arm("a", 10);
    arm("b", 1000);
    timers.disarm(first);
    expect(host.timersMade).toBe(1);
    host.pass(11);
    expect(log).toEqual([]);
    host.pass(1000);
    expect(log).toHaveLength(1);
    expect(host.timers).toHaveLength(0);
  });

  test("at rest: no timer of the host, and nothing fires until the rest has ended", () => {
    const { host, timers, log, arm } = setUp();
    arm("a", 10);
    arm("b", 1000);
    timers.rest();
    expect(host.timers).toHaveLength(0);
    host.makeTurn();
    host.pass(20);
    expect([log, timers.size]).toEqual([[], 2]);
    timers.endRest();
    host.pass(2); // It is overdue: as soon as can be.
    expect(log.map((line) => line[0])).toEqual(["a"]);
    host.pass(1000);
    expect(log.map((line) => line[0])).toEqual(["a", "b"]);
    expect(host.timers).toHaveLength(0);
  });

  test("at rest: one that is armed ends the rest, for those before it too", () => {
    const { host, timers, log, arm } = setUp();
    arm("a", 10);
    timers.rest();
    arm("b", 50);
    expect(host.timers).toHaveLength(1);
    host.pass(60);
    expect(log).toEqual(["a@10.25", "b@50.25"]);
  });

  test("at rest and paused: the clock does not jump", () => {
    const { host, timers, log, arm } = setUp({ paused: true });
    arm("a", 10);
    timers.rest();
    for (let n = 0; n < 5; n++) host.makeTurn();
    expect([log, timers.now()]).toEqual([[], 0]);
    timers.endRest();
    for (let n = 0; n < 5; n++) host.makeTurn();
    expect(log).toEqual(["a@10"]);
  });

  test("nothing armed: no timer of the host after its next turn", () => {
    const { host, timers, arm } = setUp();
    for (let n = 0; n < 1000; n++) {
      const probe = arm("a", 10 + n);
      timers.disarm(probe);
      timers.disarm(probe);
    }
    expect([host.timersMade, host.turns.length]).toEqual([1, 1]);
    host.makeTurn();
    expect(host.timers).toHaveLength(0);
    expect(host.turns).toHaveLength(0);
  });

  test("armed again before that turn, the host's timer stays", () => {
    const { host, timers, log, arm } = setUp();
    timers.disarm(arm("a", 10));
    arm("b", 20);
    host.makeTurn();
    expect(host.timers).toHaveLength(1);
    host.pass(25);
    expect(log.map((line) => line[0])).toEqual(["b"]);
  });

  test("a deadline beyond what a host's timer can take is reached in several", () => {
    const { host, timers, log, arm } = setUp();
    const deadline = 5 * 365 * 24 * 3_600_000;
    arm("a", deadline);
    arm("never", Number.POSITIVE_INFINITY);
    expect(host.timers[0]?.at).toBe(0.25 + 2 ** 31 - 1);
    host.pass(deadline - 1);
    expect(log).toEqual([]);
    host.pass(2);
    expect(log).toHaveLength(1);
    expect(host.timersMade).toBeLessThan(100);
    expect(host.timers).toHaveLength(0);
    expect(timers.size).toBe(1);
  });

  test("a deadline that has passed fires soon, not during the call", () => {
    const { host, log, arm } = setUp();
    host.pass(1000);
    arm("past", 5);
    arm("future", 1002);
    expect(log).toEqual([]);
    host.pass(1.5);
    expect(log.map((line) => line.slice(0, 4))).toEqual(["past"]);
    host.pass(1);
    expect(log).toHaveLength(2);
  });

  test("arming an entry that is armed moves it", () => {
    const { host, timers, log, arm } = setUp();
    const probe = arm("a", 10);
    timers.arm(probe, 20);
    expect(timers.size).toBe(1);
    host.pass(15);
    expect(log).toEqual([]);
    host.pass(6);
    expect(log).toHaveLength(1);
    timers.arm(probe, 30);
    host.pass(10);
    expect(log).toHaveLength(2);
  });

  test("what fires may arm and disarm, itself and others", () => {
    const { host, timers, log, arm } = setUp();
    let other: TimerEntry | null = null;
    let rounds = 0;
    const again = new Probe(() => {
      log.push(`again@${Math.floor(timers.now())}`);
      if (other !== null) timers.disarm(other);
      if (++rounds < 3) timers.arm(again, Math.floor(timers.now()) + 5);
    });
    timers.arm(again, 5);
    other = arm("other", 5);
    host.pass(30);
    expect(log.filter((line) => line.startsWith("again"))).toHaveLength(3);
    // What is armed while firing asks the host for nothing; one timer is set afterwards.
    expect(host.timersMade).toBe(3);
    expect(log.some((line) => line.startsWith("other"))).toBe(false);
    expect(timers.size).toBe(0);
    expect(host.timers).toHaveLength(0);
  });

  test("a fire that throws leaves the others to the next timer of the host", () => {
    const { host, timers, log, arm } = setUp();
    timers.arm(
      new Probe(() => {
        throw new Error("broken");
      }),
      5,
    );
    arm("a", 5);
    expect(() => host.pass(10)).toThrow("broken");
    host.pass(10);
    expect(log).toHaveLength(1);
    expect(host.timers).toHaveLength(0);
  });

  test("property: run against a host, each fires once, in order, at most a millisecond late", () => {
    const step = fc.record({
      op: fc.constantFrom("arm", "arm", "arm", "disarm", "pass", "turn"),
      which: fc.nat(),
      ms: fc.oneof(fc.double({ min: -5, max: 300, noNaN: true }), fc.integer({ min: 0, max: 2 ** 33 })),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { host, timers } = setUp();
        const armed = new Map<Probe, { deadline: number; since: number }>();
        const all: Probe[] = [];
        let last = Number.NEGATIVE_INFINITY;
        const make = (): Probe => {
          const probe = new Probe(() => {
            const { deadline, since } = armed.get(probe) as { deadline: number; since: number };
            armed.delete(probe);
            expect(timers.now()).toBeGreaterThanOrEqual(deadline);
            expect(timers.now()).toBeLessThan(Math.max(deadline, since) + 3);
            const tick = Math.ceil(Math.max(deadline, since - 1));
            expect(tick).toBeGreaterThanOrEqual(last - 1);
            last = tick;
          });
          all.push(probe);
          return probe;
        };
        for (const { op, which, ms } of steps) {
          switch (op) {
            case "arm": {
              const probe = which % 3 === 0 ? (all[which % Math.max(1, all.length)] ?? make()) : make();
              armed.set(probe, { deadline: timers.now() + ms, since: timers.now() });
              timers.arm(probe, timers.now() + ms);
              break;
            }
            case "disarm": {
              const probe = all[which % Math.max(1, all.length)];
              if (probe === undefined) break;
              armed.delete(probe);
              timers.disarm(probe);
              break;
            }
            case "pass":
              host.pass(Math.abs(ms));
              break;
            case "turn":
              host.makeTurn();
              break;
          }
          expect(timers.size).toBe(armed.size);
          expect(host.timers.length).toBeLessThanOrEqual(1);
          if (armed.size > 0) expect(host.timers).toHaveLength(1);
        }
        host.pass(2 ** 34);
        host.makeTurn();
        expect(armed.size).toBe(0);
        expect(host.timers).toHaveLength(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe("timers: paused", () => {
  test("the clock stands, and goes to the next deadline after a turn that began and ended idle", () => {
    const { host, timers, log, arm, state } = setUp({ paused: true });
    expect(timers.now()).toBe(0);
    arm("b", 5_000_000);
    arm("a", 1000);
    state.idle = false;
    host.makeTurn();
    host.makeTurn();
    state.idle = true;
    host.makeTurn();
    expect([log, timers.now()]).toEqual([[], 0]);
    host.makeTurn();
    expect(log).toEqual(["a@1000"]);
    host.makeTurn();
    host.makeTurn();
    expect(log).toEqual(["a@1000", "b@5000000"]);
    expect(host.turns).toHaveLength(0);
    expect(host.timersMade).toBe(0);
  });

  test("a timer that is armed in the turn makes it a busy one", () => {
    const { host, log, arm } = setUp({ paused: true });
    arm("b", 20);
    host.makeTurn();
    arm("a", 10);
    host.makeTurn();
    expect(log).toEqual([]);
    host.makeTurn();
    expect(log).toEqual(["a@10"]);
  });

  test("while it is busy for long, it looks every millisecond only", () => {
    const { host, log, arm, state } = setUp({ paused: true });
    arm("a", 10);
    state.idle = false;
    let turns = 0;
    for (; host.turns.length > 0; turns++) host.makeTurn();
    expect(turns).toBeLessThan(100);
    expect(host.timers).toHaveLength(1);
    host.pass(10);
    expect(log).toEqual([]);
    state.idle = true;
    host.pass(1);
    host.makeTurn();
    expect(log).toEqual(["a@10"]);
    expect(host.timers).toHaveLength(0);
  });

  test("nothing armed: no turn is asked for", () => {
    const { host, timers, arm } = setUp({ paused: true });
    timers.disarm(arm("a", 10));
    host.makeTurn();
    expect(host.turns).toHaveLength(0);
    arm("never", Number.POSITIVE_INFINITY);
    host.makeTurn();
    host.makeTurn();
    expect(host.turns).toHaveLength(0);
    expect(timers.now()).toBe(0);
  });

  test("advance moves the clock at once, and fires what has become due, in order", () => {
    const { timers, log, arm } = setUp({ paused: true });
    arm("b", 11);
    arm("a", 10);
    timers.advance(10);
    expect(log).toEqual(["a@10"]);
    timers.advance(0.5);
    expect(log).toEqual(["a@10"]);
    timers.advance(100);
    expect(log).toEqual(["a@10", "b@110.5"]);
    expect(() => timers.advance(-1)).toThrow(RangeError);
    expect(() => timers.advance(Number.POSITIVE_INFINITY)).toThrow(RangeError);
  });

  test("a deadline that has passed fires by a timer of the host, idle or not, and the clock stays", () => {
    const { host, timers, log, arm, state } = setUp({ paused: true });
    timers.advance(50);
    state.idle = false;
    arm("a", 20);
    host.pass(1);
    expect(log).toEqual(["a@50"]);
  });

  test("pause stops on the next whole millisecond, takes the host's timer back, and does so once", () => {
    const { host, timers, log, arm } = setUp();
    arm("a", 10);
    arm("at once", 1);
    timers.pause();
    timers.pause();
    expect(timers.isPaused).toBe(true);
    expect(timers.now()).toBe(1);
    host.pass(1000);
    expect(log).toEqual(["at once@1"]);
    host.makeTurn();
    host.makeTurn();
    expect(log).toEqual(["at once@1", "a@10"]);
  });

  test("resume goes on from what the clock shows, with the host's timer for the next deadline", () => {
    const { host, timers, log, arm } = setUp({ paused: true });
    timers.advance(1000);
    arm("a", 1010);
    host.pass(77);
    timers.resume();
    timers.resume();
    expect(timers.isPaused).toBe(false);
    expect(timers.now()).toBe(1000);
    expect(() => timers.advance(1)).toThrow(ClockRunningError);
    host.makeTurn();
    host.makeTurn();
    host.pass(9);
    expect(log).toEqual([]);
    host.pass(2);
    expect(log).toHaveLength(1);
    expect(timers.now()).toBe(1011);
    expect(host.timers).toHaveLength(0);
  });

  test("what fires may advance, pause and resume", () => {
    const { host, timers, log, arm } = setUp({ paused: true });
    timers.arm(
      new Probe(() => {
        log.push(`first@${timers.now()}`);
        timers.resume();
        timers.pause();
        timers.advance(100);
      }),
      5,
    );
    arm("second", 50);
    timers.advance(5);
    host.pass(2);
    expect(log).toEqual(["first@5", "second@105"]);
    expect(timers.size).toBe(0);
  });
});
