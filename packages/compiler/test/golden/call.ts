import { co } from "pollux";

const addOne = co(async (i: number) => i + 1);

export const sum = co(async (n: number) => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await addOne(i);
  return `the sum is ${sum}`;
});
