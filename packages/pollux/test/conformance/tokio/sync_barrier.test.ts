import { expect, test } from "vitest";
import { Barrier } from "../../../src/sync/barrier.ts";
import { pending, ready } from "../../support/context.ts";

test("zero_does_not_block: a barrier for nobody lets each one pass, as leader", () => {
  const barrier = new Barrier(0);
  for (let i = 0; i < 2; i++) expect(ready(barrier.wait()).isLeader).toBe(true);
});

test("single: a barrier for one lets each one pass, as leader", () => {
  const barrier = new Barrier(1);
  for (let i = 0; i < 3; i++) expect(ready(barrier.wait()).isLeader).toBe(true);
});

test("tango: two pass together, one of them as leader", () => {
  const barrier = new Barrier(2);
  const first = barrier.wait();
  pending(first);
  const leaders = [ready(barrier.wait()), ready(first)].filter(({ isLeader }) => isLeader);
  expect(leaders).toHaveLength(1);
});

test("lots: a hundred pass together, ten times over, each time with one leader", () => {
  const barrier = new Barrier(100);
  for (let round = 0; round < 10; round++) {
    const waits = Array.from({ length: 99 }, () => barrier.wait());
    for (const wait of waits) pending(wait);
    for (const wait of waits) pending(wait);
    const results = [barrier.wait(), ...waits].map((wait) => ready(wait));
    expect(results.filter(({ isLeader }) => isLeader)).toHaveLength(1);
  }
});
