import { expect, test } from "vitest";
import { fakeExecutor } from "../../test/support/fake-host.ts";
import { Gate } from "../../test/support/gate.ts";
import { CompletionQueue } from "./completion-queue.ts";

test("CompletionQueue: tasks come in the order in which they end, and are forgotten though others are left", () => {
  const { host, executor } = fakeExecutor();
  const queue = new CompletionQueue("test");
  const internals = queue as unknown as { ended: unknown[] };
  const finish = (): number => {
    const gate = new Gate();
    const { id } = executor.start(gate, undefined, queue);
    gate.open();
    host.runMicrotasks();
    return id;
  };
  const ids = Array.from({ length: 100 }, finish);
  const joined: (number | undefined)[] = [];
  for (let i = 0; i < 10_000; i++) {
    ids.push(finish());
    joined.push(queue.shift()?.id);
    expect(queue.len).toBe(100);
  }
  expect(internals.ended.length).toBeLessThan(300);
  joined.push(...queue.shiftAll().map((task) => task.id));
  expect(joined).toEqual(ids);
  expect([queue.len, queue.isEmpty, queue.shift()]).toEqual([0, true, undefined]);
});
