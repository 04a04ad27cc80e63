import {
  type Future,
  type Hooks,
  Runtime,
  type SuspendedFrame,
  sleep,
  suspendedFrames,
  waitsFor,
} from "pollux";
import { expect, test } from "vitest";
import { compiled } from "./support/evaluate.ts";

const source = `import { co } from "pollux";
const inner = co(async (n) => {
  const text = "x".repeat(n);
  await sleep(1);
  return text;
});
export const main = co(async () => {
  const before = 1;
  const text = await inner(3);
  return text + before;
});`;

test("a task that waits tells the line of each compiled frame, and its live variables", async () => {
  const main = compiled(source, { sleep }, { filename: "src/app.js" })["main"] as () => Future<string>;
  const seen: SuspendedFrame[][] = [];
  const chains: string[] = [];
  const hooks: Hooks = {
    onPollEnd: (task) => {
      if (task.isComplete) return;
      seen.push(suspendedFrames(task));
      chains.push(waitsFor(task));
    },
  };
  const runtime = new Runtime({ hooks });
  expect(await runtime.run(main())).toBe("xxx1");
  expect(chains).toEqual(["main (src/app.js:9) > inner (src/app.js:4) > Sleep"]);
  expect(seen).toEqual([
    [
      {
        name: "main",
        place: { file: "src/app.js", line: 9, column: 16, variables: new Map([["before", 1]]) },
      },
      {
        name: "inner",
        place: { file: "src/app.js", line: 4, column: 3, variables: new Map([["text", "xxx"]]) },
      },
    ],
  ]);
});

test("the trace of an error has the lines that were waiting, not those where the coroutines begin", async () => {
  const failing = `import { co } from "pollux";
const inner = co(async () => {
  await sleep(1);
  throw new Error("deep");
});
const makeOuter = (times) => co(async function outer() {
  for (let i = 0; i < times; i++)
    await inner();
});
export const main = co(async () => {
  await makeOuter(1)();
});`;
  const main = compiled(failing, { sleep }, { filename: "src/app.js" })["main"] as () => Future<void>;
  const error: Error = await new Runtime().run(main()).then(
    () => new Error("none"),
    (reason: Error) => reason,
  );
  expect(error.stack?.split("\n").slice(2)).toEqual([
    "    at async outer (src/app.js:8:5)",
    "    at async main (src/app.js:11:3)",
  ]);
});
