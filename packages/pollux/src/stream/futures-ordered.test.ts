import fc from "fast-check";
import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { drain } from "../../test/support/feed.ts";
import { Gate } from "../../test/support/gate.ts";
import { Probe, Resource } from "../../test/support/probe.ts";
import { ready } from "../combine/ready.ts";
import { Pending } from "../core/poll.ts";
import { End } from "../core/stream-source.ts";
import { FuturesOrdered } from "./futures-ordered.ts";

test("FuturesOrdered: gives outcomes in their order, failures too", () => {
  const [a, b, c] = [new Gate<string>(), new Gate<string>(), new Gate<string>()];
  const futures = new FuturesOrdered([a, b, c]);
  const cx = new TestContext();
  c.open("c");
  b.fail("b failed");
  expect(drain(futures, cx)).toEqual([Pending]);
  expect(futures.len).toBe(3);
  a.open("a");
  expect(drain(futures, cx)).toEqual(["a", { error: "b failed" }, "c", End]);
  expect(futures.isEmpty).toBe(true);
});

test("FuturesOrdered: pushFront comes before all others", () => {
  const futures = new FuturesOrdered<number>();
  futures.pushFront(ready(2));
  futures.pushFront(ready(1));
  futures.pushBack(ready(3));
  expect(drain(futures, new TestContext())).toEqual([1, 2, 3, End]);
});

test("FuturesOrdered: a cancel cancels those that run, and disposes of values that wait for their turn", () => {
  const running = new Probe<Resource>("running", "slow");
  const resource = new Resource();
  const futures = new FuturesOrdered([running, ready(resource)]);
  const cx = new TestContext();
  expect(drain(futures, cx)).toEqual([Pending]);
  expect(futures.cancel(cx)).toBe(Pending);
  expect(resource.disposals).toBe(1);
  running.endCleanup();
  expect(futures.cancel(cx)).toBeUndefined();
  expect(running.breaches).toEqual([]);
  futures.pushBack(ready(resource));
  expect(drain(futures, cx)).toEqual([resource, End]);
});

test("FuturesOrdered: whatever is opened in whatever order, the values come in that of the futures", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]), (order) => {
      const gates = Array.from({ length: 8 }, () => new Gate<number>());
      const futures = new FuturesOrdered(gates);
      const cx = new TestContext();
      const given: unknown[] = [];
      const opened = new Set<number>();
      for (const n of order) {
        gates[n]?.open(n);
        opened.add(n);
        given.push(...drain(futures, cx).filter((value) => typeof value === "number"));
        let expected = 0;
        while (opened.has(expected)) expected++;
        expect(given).toEqual(Array.from({ length: expected }, (_, i) => i));
      }
    }),
  );
});
