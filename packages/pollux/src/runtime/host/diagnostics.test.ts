import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { expect, test } from "vitest";
import { co, Runtime, type Task, yieldNow } from "../../index.ts";
import { diagnostics } from "./diagnostics.ts";

const CHANNELS = [
  "pollux:task:spawn",
  "pollux:task:poll:start",
  "pollux:task:poll:end",
  "pollux:task:wake",
  "pollux:task:end",
];

const main = co(function* () {
  yield* yieldNow();
});

test("diagnostics: what happens to tasks is published to those who have subscribed, of each runtime", async () => {
  const log: string[] = [];
  const listener = (message: unknown, name: string | symbol): void => {
    const { task } = message as { task: Task };
    log.push(`${String(name).replace("pollux:task:", "")} ${task.name}`);
  };
  const runtime = new Runtime();
  await runtime.run(main(), { name: "before" });
  for (const name of CHANNELS) subscribe(name, listener);
  await runtime.run(main(), { name: "a" });
  await new Runtime().run(main(), { name: "b" });
  for (const name of CHANNELS) unsubscribe(name, listener);
  await runtime.run(main(), { name: "after" });
  const events = ["spawn", "poll:start", "wake", "poll:end", "poll:start", "end", "poll:end"];
  expect(log).toEqual([...events.map((event) => `${event} a`), ...events.map((event) => `${event} b`)]);
});

test("diagnostics: one channel is enough, and without subscribers there are no hooks", async () => {
  const ended: (string | undefined)[] = [];
  const listener = (message: unknown): void => void ended.push((message as { task: Task }).task.name);
  expect(diagnostics()).toBeNull();
  subscribe("pollux:task:end", listener);
  expect(diagnostics()).not.toBeNull();
  await new Runtime().run(main());
  unsubscribe("pollux:task:end", listener);
  expect(diagnostics()).toBeNull();
  expect(ended).toEqual(["main"]);
});
