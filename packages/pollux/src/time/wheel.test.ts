import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TimerEntry } from "../core/timer-entry.ts";
import { Wheel } from "./wheel.ts";

/** Does in `fire` what the test wants. */
class Probe extends TimerEntry {
  readonly id: number;
  onFire: (probe: Probe) => void;

  constructor(id: number, onFire: (probe: Probe) => void) {
    super();
    this.id = id;
    this.onFire = onFire;
  }

  override fire(): void {
    this.onFire(this);
  }
}

/** What the wheel is to do, as one array in the order of firing. */
class Model {
  position = 0;
  entries: { id: number; due: number; seq: number }[] = [];
  readonly onFire: (id: number) => void;
  private seq = 0;

  constructor(onFire: (id: number) => void) {
    this.onFire = onFire;
  }

  insert(id: number, due: number): void {
    this.entries.push({ id, due: Math.max(due, this.position), seq: this.seq++ });
    this.entries.sort((a, b) => (a.due === b.due ? a.seq - b.seq : a.due < b.due ? -1 : 1));
  }

  remove(id: number): boolean {
    const index = this.entries.findIndex((entry) => entry.id === id);
    if (index >= 0) this.entries.splice(index, 1);
    return index >= 0;
  }

  advance(tick: number): void {
    let fired = -1;
    for (;;) {
      const due = this.entries[0]?.due ?? Number.POSITIVE_INFINITY;
      if (due > tick) break;
      if (due === fired) return;
      fired = due;
      this.position = due;
      for (let count = this.entries.filter((entry) => entry.due === due).length; count > 0; count--) {
        const [first] = this.entries;
        if (first === undefined || first.due !== due) break;
        this.entries.shift();
        this.onFire(first.id);
      }
    }
    this.position = Math.max(this.position, tick);
  }
}

/** From less than a tick of level 0 to far beyond the wheel, and the edges between levels more often than chance has it. */
const distance = fc.oneof(
  fc.integer({ min: 0, max: 70 }),
  fc.integer({ min: 0, max: 5000 }),
  fc.maxSafeNat(),
  fc
    .tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 64 }), fc.integer({ min: -2, max: 2 }))
    .map(([digit, times, off]) => Math.max(0, 64 ** digit * times + off)),
  fc.constantFrom(
    2 ** 30 - 1,
    2 ** 30,
    2 ** 31,
    2 ** 36 - 1,
    2 ** 36,
    2 ** 53,
    1e300,
    Number.POSITIVE_INFINITY,
  ),
);

const smallDistance = fc.oneof(distance, fc.integer({ min: 0, max: 300 }));

type Step =
  | { op: "insert"; in: number; whenFired: Effect }
  | { op: "remove" | "reset"; which: number; in: number }
  | { op: "advance"; by: number }
  | { op: "clear" };

/** What an entry does when it fires: to itself, or to another one. */
type Effect = { op: "nothing" } | { op: "insert" | "remove"; which: number; in: number; times: number };

const effect: fc.Arbitrary<Effect> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ op: "nothing" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constantFrom("insert" as const, "remove" as const),
      which: fc.nat(),
      in: fc.integer({ min: -5, max: 200 }),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ op: fc.constant("insert" as const), in: smallDistance, whenFired: effect }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom("remove" as const, "reset" as const),
      which: fc.nat(),
      in: smallDistance,
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: fc.constant("advance" as const), by: smallDistance }) },
  { weight: 1, arbitrary: fc.constant({ op: "clear" as const }) },
);

describe("wheel: does as a sorted array does", () => {
  const check = (steps: Step[], from: number): void => {
    const wheel = new Wheel();
    const log: number[] = [];
    const expected: number[] = [];
    const probes: Probe[] = [];
    const effects: Effect[] = [];
    // How often each has fired, counted for the two sides apart: both do the same with it.
    const times: [number, number][] = [];

    const act = (
      side: 0 | 1,
      id: number,
      position: number,
      insert: (id: number, due: number) => void,
      remove: (id: number) => void,
    ): void => {
      const effect = effects[id] as Effect;
      const count = times[id] as [number, number];
      if (effect.op === "nothing" || ++count[side] > effect.times) return;
      const other = effect.which % probes.length;
      if (effect.op === "remove") remove(other);
      else {
        remove(other);
        insert(other, position + effect.in);
      }
    };
    const model: Model = new Model((id) => {
      expected.push(id);
      act(
        0,
        id,
        model.position,
        (other, due) => model.insert(other, due),
        (other) => model.remove(other),
      );
    });
    const onFire = (probe: Probe): void => {
      log.push(probe.id);
      act(
        1,
        probe.id,
        wheel.position,
        (other, due) => wheel.insert(probes[other] as Probe, due),
        (other) => wheel.remove(probes[other] as Probe),
      );
    };
    wheel.advance(from);
    model.advance(from);

    for (const each of steps) {
      switch (each.op) {
        case "insert": {
          const probe = new Probe(probes.length, onFire);
          probes.push(probe);
          effects.push(each.whenFired);
          times.push([0, 0]);
          wheel.insert(probe, model.position + each.in);
          model.insert(probe.id, model.position + each.in);
          break;
        }
        case "remove":
        case "reset": {
          if (probes.length === 0) break;
          const id = each.which % probes.length;
          const probe = probes[id] as Probe;
          expect(wheel.remove(probe)).toBe(model.remove(id));
          if (each.op === "reset") {
            wheel.insert(probe, model.position + each.in);
            model.insert(id, model.position + each.in);
          }
          break;
        }
        case "advance": {
          // Infinitely far is not somewhere to go to.
          const tick = Math.min(model.position + each.by, 1e301);
          wheel.advance(tick);
          model.advance(tick);
          expect(log).toEqual(expected);
          break;
        }
        case "clear":
          wheel.clear();
          model.entries = [];
          break;
      }
      expect(wheel.size).toBe(model.entries.length);
      expect(wheel.position).toBe(model.position);
      const [first] = model.entries;
      expect(wheel.next()).toBeLessThanOrEqual(first?.due ?? Number.POSITIVE_INFINITY);
      expect((wheel.peek() as Probe | null)?.id).toBe(first?.id);
    }
  };

  test("from its start", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => check(steps, 0)),
      { numRuns: 3000 },
    );
  });

  test("from any position", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), smallDistance, (steps, from) =>
        check(steps, Math.min(from, 2 ** 52)),
      ),
      { numRuns: 3000 },
    );
  });
});

describe("wheel", () => {
  const setUp = (): { wheel: Wheel; log: string[]; insert: (due: number) => Probe } => {
    const wheel = new Wheel();
    const log: string[] = [];
    const insert = (due: number): Probe => {
      const probe = new Probe(due, () => log.push(`${due} at ${wheel.position}`));
      wheel.insert(probe, due);
      return probe;
    };
    return { wheel, log, insert };
  };

  test("each level, its first and last slot, and what lies beyond fire in their tick", () => {
    const { wheel, log, insert } = setUp();
    const dues = [];
    for (let level = 0; level < 8; level++) dues.push(64 ** level, 64 ** level * 63, 64 ** (level + 1) - 1);
    for (const due of dues.toReversed()) insert(due);
    wheel.advance(64 ** 9);
    expect(log).toEqual([...dues].sort((a, b) => a - b).map((due) => `${due} at ${due}`));
  });

  test("what is due beyond it is found in few steps, however far", () => {
    const { wheel, insert } = setUp();
    insert(2 ** 52);
    let steps = 0;
    for (; wheel.size > 0; steps++) wheel.advance(wheel.next());
    expect(steps).toBeLessThanOrEqual(8);
  });

  test("an entry moves down at most once a level", () => {
    const { wheel, insert } = setUp();
    insert(64 ** 6 - 1);
    let steps = 0;
    for (; wheel.size > 0; steps++) wheel.advance(wheel.next());
    expect(steps).toBe(6);
  });

  test("an entry that always inserts itself for a tick that is past does not hold up the caller", () => {
    const wheel = new Wheel();
    let fired = 0;
    const probe = new Probe(0, () => {
      fired++;
      wheel.insert(probe, 0);
    });
    wheel.insert(probe, 5);
    wheel.advance(10);
    expect(fired).toBe(1);
    expect(wheel.next()).toBeLessThanOrEqual(10);
    wheel.advance(10);
    expect(fired).toBe(2);
  });

  test("an entry fires neither twice nor after it was removed by another one of its tick", () => {
    const { wheel, log, insert } = setUp();
    const first = insert(3);
    const second = insert(3);
    first.onFire = () => {
      log.push("first");
      expect(wheel.remove(second)).toBe(true);
      expect(wheel.remove(second)).toBe(false);
      expect(wheel.remove(first)).toBe(false);
    };
    wheel.advance(3);
    wheel.advance(4);
    expect(log).toEqual(["first"]);
    expect(wheel.size).toBe(0);
  });

  test("100,000 entries that were removed leave nothing behind", () => {
    const { wheel, insert } = setUp();
    const probes = [];
    for (let n = 0; n < 100_000; n++) probes.push(insert((n * 7919 ** 3) % 2 ** 40));
    for (const probe of probes) wheel.remove(probe);
    expect(wheel.size).toBe(0);
    expect(wheel.next()).toBe(Number.POSITIVE_INFINITY);
    expect(wheel.peek()).toBe(null);
    expect(
      probes.every((probe) => probe.list === null && probe.before === null && probe.after === null),
    ).toBe(true);
  });
});
