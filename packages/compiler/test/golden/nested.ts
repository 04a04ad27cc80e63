import { co, sleep, spawn } from "pollux";

export const greet = co(async (names: readonly string[]) => {
  const lines: string[] = [];
  for (const name of names) {
    await spawn(
      co(async () => {
        await sleep(10);
        lines.push(`Hello, ${name}`);
      })(),
    );
  }
  return lines.length;
});
