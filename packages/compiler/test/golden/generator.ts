import { co, sleep } from "pollux";

export const tick = co(function* (times: number) {
  for (let i = 0; i < times; i++) {
    yield* sleep(10);
    console.log(i);
  }
});
