import { parseArgs } from "node:util";
import { describeFailure, fuzz } from "./fuzz.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000_007) },
    count: { type: "string", default: "1000" },
  },
});
const seed = Number(values.seed);
const count = Number(values.count);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) {
  throw new RangeError("usage: npm run fuzz -- --seed <integer> --count <integer>");
}
console.log(`npm run fuzz -- --seed ${seed} --count ${count}`);
const failure = await fuzz(seed, count, (done) => {
  if (done % 10_000 === 0) console.log(`${done} programs`);
});
if (failure === null) console.log(`${count} programs, no difference`);
else {
  console.log(describeFailure(failure));
  process.exitCode = 1;
}
