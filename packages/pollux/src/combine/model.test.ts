import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { type CleanupKind, Probe, Resource } from "../../test/support/probe.ts";
import { AllFailedError, CleanupError } from "../core/errors.ts";
import { furtherErrors } from "../core/further-errors.ts";
import type { Future } from "../core/future.ts";
import { Pending } from "../core/poll.ts";
import { allSettled } from "./all-settled.ts";
import { any } from "./any.ts";
import { joinAll } from "./join.ts";
import { race } from "./race.ts";
import { randomBelow, seedRandom } from "./random.ts";
import { select } from "./select.ts";
import { tryJoinAll } from "./try-join.ts";

/** The rules of a combinator, as its documentation has them. */
interface Rules {
  readonly make: (children: Future<unknown>[]) => Future<unknown>;
  /** What ends it before all children have ended. */
  readonly endsWith: "nothing" | "failure" | "value" | "both";
  /** Whether the failure of a child is one of the whole. */
  readonly strict: boolean;
  readonly order: "wakes" | "arms";
  readonly start: "first" | "chance";
}

const keyed = (children: Future<unknown>[]): Record<string, Future<unknown>> =>
  Object.fromEntries(children.map((child, n) => [`k${n}`, child]));

const kinds: Record<string, Rules> = {
  joinAll: { make: joinAll, endsWith: "nothing", strict: true, order: "wakes", start: "first" },
  tryJoinAll: { make: tryJoinAll, endsWith: "failure", strict: true, order: "wakes", start: "first" },
  allSettled: { make: allSettled, endsWith: "nothing", strict: false, order: "wakes", start: "first" },
  any: { make: any, endsWith: "value", strict: false, order: "wakes", start: "first" },
  race: { make: race, endsWith: "both", strict: true, order: "wakes", start: "chance" },
  select: { make: (c) => select(keyed(c)), endsWith: "both", strict: true, order: "wakes", start: "chance" },
  "biased select": {
    make: (children) => select(keyed(children), { biased: true }),
    endsWith: "both",
    strict: true,
    order: "arms",
    start: "first",
  },
};

type Action =
  | { type: "wake" | "resolve" | "reject" | "endCleanup" | "failCleanup"; child: number }
  | { type: "poll" | "cancel" };

type ChildState = "new" | "pending" | "fulfilled" | "rejected" | "cancelling" | "cancelled";

/** The same in the simplest terms: arrays, and every rule where it applies. */
class Model {
  readonly rules: Rules;
  readonly cleanups: readonly CleanupKind[];
  readonly states: ChildState[];
  readonly outcomes: ("value" | "error" | undefined)[];
  /** Slow cleanups that have been told to end. */
  readonly ended: ("well" | "badly" | undefined)[];
  readonly polls: number[];
  queue: number[];
  phase: "new" | "waiting" | "settling" | "cancelling" | "done" = "new";
  winner: number | undefined;
  failures: number[] = [];
  cleanupErrors: string[] = [];
  /** Failures that a cancel has kept from being thrown. */
  kept: number[] = [];

  constructor(rules: Rules, cleanups: readonly CleanupKind[], start: number) {
    const indices = cleanups.map((_, n) => n);
    this.rules = rules;
    this.cleanups = cleanups;
    this.states = cleanups.map(() => "new");
    this.outcomes = cleanups.map(() => undefined);
    this.ended = cleanups.map(() => undefined);
    this.polls = cleanups.map(() => 0);
    this.queue = [...indices.slice(start), ...indices.slice(0, start)];
  }

  get isDone(): boolean {
    return this.phase === "done";
  }

  get isOver(): boolean {
    return this.states.every(
      (state) => state === "fulfilled" || state === "rejected" || state === "cancelled",
    );
  }

  /** Something has called the waker of a child. */
  wake(child: number): void {
    const state = this.states[child];
    if (state !== "pending" && state !== "cancelling") return;
    if (!this.queue.includes(child)) this.queue.push(child);
  }

  advance(): void {
    const woken = this.rules.order === "arms" ? this.queue.toSorted((a, b) => a - b) : this.queue;
    this.queue = [];
    for (const child of woken) {
      if (this.states[child] === "cancelling") {
        this.cleanUp(child);
        continue;
      }
      this.polls[child] = (this.polls[child] ?? 0) + 1;
      const outcome = this.outcomes[child];
      this.states[child] = outcome === undefined ? "pending" : outcome === "value" ? "fulfilled" : "rejected";
      if (outcome === undefined) continue;
      if (outcome === "error") this.failures.push(child);
      const { endsWith } = this.rules;
      const decided = endsWith === "both" || endsWith === (outcome === "value" ? "value" : "failure");
      if (!decided) continue;
      this.winner = child;
      this.phase = "settling";
      this.giveUp();
      return;
    }
  }

  giveUp(): void {
    this.queue = [];
    for (const [child, state] of this.states.entries()) {
      if (state === "new") this.states[child] = "cancelled";
      else if (state === "pending") this.cleanUp(child);
    }
  }

  cleanUp(child: number): void {
    const kind = this.cleanups[child];
    const ended = kind === "slow" ? this.ended[child] : kind === "throws" ? "badly" : "well";
    this.states[child] = ended === undefined ? "cancelling" : "cancelled";
    if (ended === "badly") this.cleanupErrors.push(`cleanup of ${child}`);
  }

  poll(): void {
    if (this.phase === "new") this.phase = "waiting";
    this.advance();
    if (this.isOver) this.phase = "done";
  }

  cancel(): void {
    if (this.phase === "new") {
      this.phase = "done";
      return;
    }
    if (this.phase === "waiting") this.giveUp();
    else this.advance();
    if (this.phase !== "cancelling" && this.rules.strict)
      this.kept = this.states.flatMap((s, n) => (s === "rejected" ? n : []));
    this.phase = "cancelling";
    if (this.isOver) this.phase = "done";
  }
}

const child = fc.nat(5);
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("wake", "resolve", "reject"), child }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom("endCleanup", "failCleanup"), child }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("poll") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("cancel") }) },
) as fc.Arbitrary<Action>;

const cleanups = fc.array(fc.constantFrom<CleanupKind>("sync", "slow", "throws"), {
  minLength: 1,
  maxLength: 6,
});

describe.each(Object.entries(kinds))("%s, against a model", (name, rules) => {
  test("polls whom, cancels whom, waits for what, and ends how the rules say", () => {
    fc.assert(
      fc.property(
        cleanups,
        fc.nat(1000),
        fc.array(action, { maxLength: 40 }),
        (kindsOfCleanup, seed, actions) => {
          const probes = kindsOfCleanup.map((kind, n) => new Probe(`${n}`, kind));
          const resources = probes.map(() => new Resource());
          const errors = probes.map((_, n) => new Error(`failure of ${n}`));
          seedRandom(seed);
          const start = rules.start === "chance" && probes.length > 1 ? randomBelow(probes.length) : 0;
          seedRandom(seed);
          const model = new Model(rules, kindsOfCleanup, start);
          const future = rules.make(probes);
          const cx = new TestContext();
          let cancelled = false;
          let delivered = false;

          for (const step of actions) {
            if (model.isDone) break;
            const n = "child" in step ? step.child % probes.length : 0;
            const probe = probes[n] as Probe;
            const asleep = model.queue.length === 0;
            switch (step.type) {
              case "wake":
                model.wake(n);
                probe.wake();
                break;
              case "resolve":
              case "reject":
                if (model.outcomes[n] !== undefined || probe.isOver) break;
                model.outcomes[n] = step.type === "resolve" ? "value" : "error";
                model.wake(n);
                if (step.type === "resolve") probe.resolve(resources[n]);
                else probe.reject(errors[n]);
                break;
              case "endCleanup":
              case "failCleanup":
                if (model.states[n] !== "cancelling") break;
                model.ended[n] = step.type === "endCleanup" ? "well" : "badly";
                model.wake(n);
                if (step.type === "endCleanup") probe.endCleanup();
                else probe.failCleanup(new Error(`cleanup of ${n}`));
                break;
              case "poll":
              case "cancel": {
                // After a cancel only cancel may be called.
                cancelled ||= step.type === "cancel";
                if (cancelled) model.cancel();
                else model.poll();
                cx.wakes = 0;
                let result: unknown;
                let failed = false;
                try {
                  result = cancelled ? future.cancel(cx) : future.poll(cx);
                } catch (error) {
                  failed = true;
                  result = error;
                }
                if (!model.isDone) expect([failed, result]).toEqual([false, Pending]);
                else if (cancelled) expectCancelled(failed, result);
                else expectEnd(failed, result);
                break;
              }
            }
            expect(probes.map((each) => each.polls)).toEqual(model.polls);
            // A wake reaches the poller exactly when it is the first since its poll.
            const woken = asleep && model.queue.length > 0 && step.type !== "poll" && step.type !== "cancel";
            if (woken) expect(cx.takeWakes()).toBe(1);
            else if (step.type !== "poll" && step.type !== "cancel") expect(cx.takeWakes()).toBe(0);
          }
          expect(probes.flatMap((each) => each.breaches)).toEqual([]);
          expect(probes.map((each) => each.unasked).every((count) => count === 0)).toBe(true);
          if (!model.isDone) return;
          const disposals = model.states.map((state, n) => {
            const handedOut =
              delivered &&
              (rules.endsWith === "nothing" || rules.endsWith === "failure" || n === model.winner);
            return state === "fulfilled" && !handedOut ? 1 : 0;
          });
          expect(resources.map((each) => each.disposals)).toEqual(disposals);

          function expectCancelled(failed: boolean, result: unknown): void {
            const expected = [...model.kept.map((n) => `failure of ${n}`), ...model.cleanupErrors];
            expect(failed).toBe(expected.length > 0);
            if (failed)
              expect((result as CleanupError).errors.map((error) => (error as Error).message)).toEqual(
                expected,
              );
          }

          function expectEnd(failed: boolean, result: unknown): void {
            const { winner, failures } = model;
            const first = failures[0];
            const wrap = (value: unknown): unknown =>
              name.includes("select") ? { key: `k${winner}`, value } : value;
            if (model.cleanupErrors.length > 0) {
              expect(result).toBeInstanceOf(CleanupError);
              const error = result as CleanupError;
              expect(error.errors.map((each) => (each as Error).message)).toEqual(model.cleanupErrors);
              const won = winner !== undefined && model.outcomes[winner] === "value";
              expect(error.winner).toEqual(won ? wrap(resources[winner]) : undefined);
              if (!won) expect(error.cause).toBe(errors[first ?? -1]);
            } else if (rules.strict && first !== undefined) {
              expect([failed, result]).toEqual([true, errors[first]]);
              expect(new Set(furtherErrors(result))).toEqual(
                new Set(failures.slice(1).map((n) => errors[n])),
              );
            } else if (rules.endsWith === "value" && winner === undefined) {
              expect(result).toBeInstanceOf(AllFailedError);
              expect((result as AllFailedError).errors).toEqual(errors);
            } else {
              delivered = true;
              expect(failed).toBe(false);
              if (winner !== undefined) expect(result).toEqual(wrap(resources[winner]));
              else expect((result as unknown[]).length).toBe(probes.length);
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  });
});
