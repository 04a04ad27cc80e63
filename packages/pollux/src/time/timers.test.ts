import { expect, test } from "vitest";
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

test("timers: fire in the order of deadlines, and never early", () => {
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

test("timers: nothing armed, no timer of the host after its next turn", () => {
  const { host, timers, arm } = setUp();
  const probe = arm("a", 10);
  timers.disarm(probe);
  timers.disarm(probe);
  host.makeTurn();
  expect(host.timers).toHaveLength(0);
  expect(host.turns).toHaveLength(0);
});

test("timers: paused, the clock goes to the next deadline after an idle turn of the host", () => {
  const { host, timers, log, arm, state } = setUp({ paused: true });
  expect(timers.now()).toBe(0);
  arm("b", 5_000_000);
  arm("a", 1000);
  state.idle = false;
  host.makeTurn();
  host.makeTurn();
  expect(log).toEqual([]);
  state.idle = true;
  host.makeTurn();
  expect(log).toEqual([]);
  host.makeTurn();
  expect(log).toEqual(["a@1000"]);
  host.makeTurn();
  host.makeTurn();
  expect(log).toEqual(["a@1000", "b@5000000"]);
  expect(host.turns).toHaveLength(0);
  expect(host.timers).toHaveLength(0);
});

test("timers: advance moves a paused clock and fires what has become due", () => {
  const { timers, log, arm } = setUp({ paused: true });
  arm("a", 10);
  arm("b", 11);
  timers.advance(10);
  expect(log).toEqual(["a@10"]);
});
