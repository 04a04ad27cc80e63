import { expect, test } from "vitest";
import { CancellationToken } from "../../../src/sync/cancellation-token.ts";
import { pending, ready, TestContext } from "../../support/context.ts";
import { Gate } from "../../support/gate.ts";

test("cancel_token: wakes who waits, and is ready for who comes later", () => {
  const token = new CancellationToken();
  expect(token.isCancelled).toBe(false);
  const wait = token.cancelled();
  const cx = pending(wait);
  const later = token.cancelled();
  token.cancel();
  expect(cx.wakes).toBe(1);
  expect(token.isCancelled).toBe(true);
  ready(wait);
  ready(later);
});

test("cancel_token_owned_drop_test: a wait may be given up, and is not woken then", () => {
  const token = new CancellationToken();
  const wait = token.cancelled();
  const cx = pending(wait);
  wait.cancel(cx);
  token.cancel();
  expect(cx.wakes).toBe(0);
});

test("cancel_child_token_through_parent: a child is cancelled with its parent", () => {
  const token = new CancellationToken();
  const child = token.childToken();
  const waits = [child.cancelled(), token.cancelled()];
  const cx = new TestContext();
  for (const wait of waits) pending(wait, cx);
  token.cancel();
  expect(cx.wakes).toBe(2);
  expect([token.isCancelled, child.isCancelled]).toEqual([true, true]);
  for (const wait of waits) ready(wait);
});

test("cancel_grandchild_token_through_parent_if_child_was_dropped: the token in between need not be kept", () => {
  const token = new CancellationToken();
  const grandchild = token.childToken().childToken();
  globalThis.gc?.();
  const waits = [grandchild.cancelled(), token.cancelled()];
  const cx = new TestContext();
  for (const wait of waits) pending(wait, cx);
  token.cancel();
  expect(cx.wakes).toBe(2);
  expect(grandchild.isCancelled).toBe(true);
  for (const wait of waits) ready(wait);
});

test("cancel_child_token_without_parent: a child cancelled alone leaves parent and siblings as they are", () => {
  const token = new CancellationToken();
  const cx = new TestContext();
  const first = token.childToken();
  const [firstWait, wait] = [first.cancelled(), token.cancelled()];
  pending(firstWait, cx);
  pending(wait, cx);
  first.cancel();
  expect(cx.takeWakes()).toBe(1);
  expect([first.isCancelled, token.isCancelled]).toEqual([true, false]);
  ready(firstWait);
  pending(wait, cx);
  const second = token.childToken();
  const secondWait = second.cancelled();
  pending(secondWait, cx);
  token.cancel();
  expect(cx.takeWakes()).toBe(2);
  ready(secondWait);
  ready(wait);
});

test("create_child_token_after_parent_was_cancelled: it is cancelled from the start", () => {
  const token = new CancellationToken();
  token.cancel();
  const child = token.childToken();
  expect(child.isCancelled).toBe(true);
  ready(child.cancelled());
  ready(token.cancelled());
});

test("drop_multiple_child_tokens: children may leave in any order (here: who waits on them does)", () => {
  for (const order of [
    [0, 1, 2],
    [2, 1, 0],
  ]) {
    const token = new CancellationToken();
    const waits = order.map(() => token.childToken().cancelled());
    const contexts = waits.map((wait) => pending(wait));
    for (const i of order) {
      waits[i]?.cancel(new TestContext());
      expect(token.isCancelled).toBe(false);
    }
    token.cancel();
    expect(contexts.map((cx) => cx.wakes)).toEqual([0, 0, 0]);
  }
});

test("cancel_only_all_descendants: all below the token are cancelled, nothing above or beside it", () => {
  const parent = new CancellationToken();
  const token = parent.childToken();
  const sibling = parent.childToken();
  const child1 = token.childToken();
  const child2 = token.childToken();
  const grandchild1 = child1.childToken();
  const grandchild2 = child1.childToken();
  const greatGrandchild = grandchild1.childToken();
  const below = [token, child1, child2, grandchild1, grandchild2, greatGrandchild];
  const cx = new TestContext();
  const waits = below.map((each) => each.cancelled());
  for (const wait of [parent.cancelled(), sibling.cancelled(), ...waits]) pending(wait, cx);
  token.cancel();
  expect(cx.wakes).toBe(6);
  expect(below.map(({ isCancelled }) => isCancelled)).toEqual(below.map(() => true));
  expect([parent.isCancelled, sibling.isCancelled]).toEqual([false, false]);
  for (const wait of waits) ready(wait);
  expect(cx.wakes).toBe(6);
});

test("run_until_cancelled_test: gives nothing once the token is cancelled, else what the future gives", () => {
  const token = new CancellationToken();
  const never = token.runUntilCancelled(new Gate());
  pending(never);
  token.cancel();
  expect(ready(never)).toBe(undefined);

  const gate = new Gate<number>();
  const runs = new CancellationToken().runUntilCancelled(gate);
  pending(runs);
  gate.open(42);
  expect(ready(runs)).toBe(42);

  const unpolled = new Gate<number>();
  expect(ready(token.runUntilCancelled(unpolled))).toBe(undefined);
  expect(unpolled.polls).toBe(0);
});
