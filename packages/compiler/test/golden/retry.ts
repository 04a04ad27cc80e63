import { co, type Future, sleep } from "pollux";

export const retry = co(async (attempt: () => Future<string>, times: number) => {
  for (let n = 1; ; n++) {
    try {
      return await attempt();
    } catch (error) {
      if (n === times) throw error;
      await sleep(2 ** n);
    }
  }
});
