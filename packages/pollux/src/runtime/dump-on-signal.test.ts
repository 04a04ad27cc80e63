import { expect, test } from "vitest";
import { dumpOnSignal, never, Runtime } from "../index.ts";
import { host as nodeHost } from "./host/node.ts";

test("dumpOnSignal: writes the dump at each signal, until it is ended", async () => {
  const written: string[] = [];
  const runtime = new Runtime({ host: { ...nodeHost, warn: (text) => void written.push(text) } });
  const before = process.listenerCount("SIGUSR2");
  const task = runtime.spawn(never(), { name: "waits" }).observed();
  await new Promise((resolve) => setImmediate(resolve));
  const dumps = dumpOnSignal(runtime);
  process.emit("SIGUSR2", "SIGUSR2");
  process.emit("SIGUSR2", "SIGUSR2");
  dumps[Symbol.dispose]();
  expect(process.listenerCount("SIGUSR2")).toBe(before);
  expect(written).toHaveLength(2);
  expect(written[0]).toMatch(/^pollux: SIGUSR2\n/);
  expect(written[0]).toContain("task 1 (waits): waiting in never; 1 poll, 0 wakes");
  task.abort();
});

test("dumpOnSignal: refuses what is no signal that a process can handle", () => {
  // @ts-expect-error nobody can handle it
  expect(() => dumpOnSignal(new Runtime(), "SIGKILL")).toThrow(TypeError);
});
