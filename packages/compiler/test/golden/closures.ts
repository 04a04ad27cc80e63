import { co, sleep } from "pollux";

export const counters = co(async (factor: number) => {
  let count = 0;
  const functions: (() => number)[] = [];
  for (let i = 0; i < 3; i++) {
    await sleep(1);
    functions.push(() => i * factor + count++);
  }
  return functions;
});
