import { co, sleep } from "pollux";

// Numbers, one each so many ms, and then those of another stream.
export const ticks = co(async function* (ms: number, more: AsyncIterable<number>) {
  try {
    for (let n = 0; n < 3; n++) {
      await sleep(ms);
      yield n;
    }
    yield* more;
  } finally {
    await sleep(1);
  }
});
