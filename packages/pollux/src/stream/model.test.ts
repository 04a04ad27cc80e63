// Chains of adapters beside the methods of arrays.
import fc from "fast-check";
import { expect, test } from "vitest";
import { paused } from "../../test/support/paused.ts";
import { yieldNow } from "../task/yield-now.ts";
import { Stream } from "./stream.ts";

interface Step {
  readonly name: string;
  readonly stream: (stream: Stream<number>) => Stream<number>;
  readonly array: (values: number[]) => number[];
}

const isEven = (n: number): boolean => n % 2 === 0;
const sum = (values: number[]): number => values.reduce((total, n) => total + n, 0);

const chunked = (values: number[], size: number): number[][] =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, n) => values.slice(n * size, (n + 1) * size));

const whileTrue = (values: number[], predicate: (n: number) => boolean): number => {
  const at = values.findIndex((n) => !predicate(n));
  return at < 0 ? values.length : at;
};

const counted = (make: (n: number) => Step): fc.Arbitrary<Step> => fc.integer({ min: 1, max: 6 }).map(make);

const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step>(
    { name: "map", stream: (s) => s.map((n) => n * 3 + 1), array: (a) => a.map((n) => n * 3 + 1) },
    { name: "filter", stream: (s) => s.filter(isEven), array: (a) => a.filter(isEven) },
    {
      name: "filterMap",
      stream: (s) => s.filterMap((n) => (isEven(n) ? n / 2 : undefined)),
      array: (a) => a.filter(isEven).map((n) => n / 2),
    },
    {
      name: "scan",
      stream: (s) => s.scan(0, (total, n) => total + n),
      array: (a) => a.map((_, n) => sum(a.slice(0, n + 1))),
    },
    {
      name: "enumerate",
      stream: (s) => s.enumerate().map(([index, n]) => index - n),
      array: (a) => a.map((n, index) => index - n),
    },
    {
      name: "andThen",
      stream: (s) =>
        s.andThen(function* (n) {
          if (isEven(n)) yield* yieldNow();
          return n + 1;
        }),
      array: (a) => a.map((n) => n + 1),
    },
    { name: "flatMap", stream: (s) => s.flatMap((n) => [n, -n]), array: (a) => a.flatMap((n) => [n, -n]) },
    { name: "chain", stream: (s) => s.chain([7, 8]), array: (a) => [...a, 7, 8] },
    { name: "skipWhile", stream: (s) => s.skipWhile(isEven), array: (a) => a.slice(whileTrue(a, isEven)) },
    { name: "takeWhile", stream: (s) => s.takeWhile(isEven), array: (a) => a.slice(0, whileTrue(a, isEven)) },
    {
      name: "mapWhile",
      stream: (s) => s.mapWhile((n) => (n < 20 ? n : undefined)),
      array: (a) =>
        a.slice(
          0,
          whileTrue(a, (n) => n < 20),
        ),
    },
    { name: "fuse", stream: (s) => s.fuse(), array: (a) => a },
    { name: "inspect", stream: (s) => s.inspect(() => {}), array: (a) => a },
    { name: "peekable", stream: (s) => Stream.from(s.peekable()), array: (a) => a },
    { name: "ref", stream: (s) => s.ref(), array: (a) => a },
  ),
  counted((n) => ({ name: `take ${n}`, stream: (s) => s.take(n), array: (a) => a.slice(0, n) })),
  counted((n) => ({ name: `skip ${n}`, stream: (s) => s.skip(n), array: (a) => a.slice(n) })),
  counted((n) => ({
    name: `stepBy ${n}`,
    stream: (s) => s.stepBy(n),
    array: (a) => a.filter((_, index) => index % n === 0),
  })),
  counted((n) => ({
    name: `chunks ${n}`,
    stream: (s) => s.chunks(n).map(sum),
    array: (a) => chunked(a, n).map(sum),
  })),
  counted((n) => ({
    name: `zip ${n}`,
    stream: (s) => s.zip(Stream.repeat(n).take(n)).map(([a, b]) => a - b),
    array: (a) => a.slice(0, n).map((value) => value - n),
  })),
  counted((n) => ({
    name: `buffered ${n}`,
    stream: (s) =>
      s
        .map(function* (value) {
          if (isEven(value)) yield* yieldNow();
          return value;
        })
        .buffered(n),
    array: (a) => a,
  })),
);

const chains = fc.tuple(fc.array(fc.integer({ min: -50, max: 50 })), fc.array(steps, { maxLength: 6 }));

const build = (values: Iterable<number>, chain: Step[]): Stream<number> =>
  chain.reduce((stream, step) => step.stream(stream), Stream.from(values));

test("stream: a chain of adapters gives what the methods of arrays give", async () => {
  await fc.assert(
    fc.asyncProperty(chains, async ([values, chain]) => {
      const expected = chain.reduce((array, step) => step.array(array), values);
      await paused(function* () {
        expect(yield* build(values, chain).collect()).toEqual(expected);
      });
    }),
    { numRuns: 300 },
  );
});

test("stream: a chain that is left leaves its source", async () => {
  await fc.assert(
    fc.asyncProperty(chains, fc.nat(5), async ([values, chain], count) => {
      let open = 0;
      const source = function* (): Generator<number> {
        open++;
        try {
          yield* values;
        } finally {
          open--;
        }
      };
      await paused(function* () {
        // A loan is not theirs to leave.
        const owned = chain.filter(({ name }) => name !== "ref");
        yield* build(source(), owned).take(count).collect();
      });
      expect(open).toBe(0);
    }),
    { numRuns: 200 },
  );
});
