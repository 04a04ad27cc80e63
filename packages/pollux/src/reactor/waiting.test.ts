import { expect, test } from "vitest";
import { TestContext } from "../../test/support/context.ts";
import { Runtime } from "../runtime/runtime.ts";
import { Waiting } from "./waiting.ts";

class Source {
  held = 0;
  readonly isExternal: boolean;
  readonly needsNodeLoop = null;
  constructor(isExternal = true) {
    this.isExternal = isExternal;
  }
  keepAlive(): void {
    this.held++;
  }
  letGo(): void {
    this.held--;
  }
}

test("waiting: one wait holds the source and counts as outstanding once, however often it is polled", () => {
  const { handle } = new Runtime();
  const source = new Source();
  const waiting = new Waiting(source);
  for (let i = 0; i < 3; i++) waiting.begin(new TestContext(handle));
  expect([source.held, handle.outstanding, waiting.isWaiting]).toEqual([1, 1, true]);
  waiting.end();
  waiting.end();
  expect([source.held, handle.outstanding, waiting.isWaiting]).toEqual([0, 0, false]);
});

test("waiting: the most recent waker is woken, once", () => {
  const { handle } = new Runtime();
  const waiting = new Waiting(new Source());
  const [first, second] = [new TestContext(handle), new TestContext(handle)];
  waiting.begin(first);
  waiting.begin(second);
  waiting.wake();
  waiting.wake();
  expect([first.wakes, second.wakes]).toEqual([0, 1]);
});

test("waiting: whoever is woken finds the wait over and may begin anew", () => {
  const { handle } = new Runtime();
  const source = new Source();
  const waiting = new Waiting(source);
  const again = new TestContext(handle);
  again.wake = () => {
    expect(handle.outstanding).toBe(0);
    waiting.begin(again);
  };
  waiting.begin(again);
  waiting.wake();
  expect([source.held, handle.outstanding]).toEqual([1, 1]);
});

test("waiting: a wait that has ended is not woken", () => {
  const waiting = new Waiting(new Source());
  const cx = new TestContext(new Runtime().handle);
  waiting.begin(cx);
  waiting.end();
  waiting.wake();
  expect(cx.wakes).toBe(0);
});

test("waiting: what can only come from within the runtime is not counted as outstanding", () => {
  const { handle } = new Runtime();
  const source = new Source(false);
  const waiting = new Waiting(source);
  waiting.begin(new TestContext(handle));
  expect([source.held, handle.outstanding]).toEqual([1, 0]);
  waiting.end();
  expect([source.held, handle.outstanding]).toEqual([0, 0]);
});
