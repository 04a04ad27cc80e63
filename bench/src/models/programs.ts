import { co, Notify, sleep, spawn } from "pollux";
import { msOf } from "./model.ts";

// The coroutines of generators.ts in plain async/await, which the compiler makes state machines of.

const nap = co(async (task: number): Promise<number> => {
  await sleep(msOf(task));
  return task;
});

export const delayed = co(async (tasks: number): Promise<number> => {
  const naps = Array.from({ length: tasks }, (_, task) => spawn(nap(task)));
  let sum = 0;
  for (const each of naps) sum += await each;
  return sum;
});

const play = co(async (mine: Notify, theirs: Notify, turns: number): Promise<number> => {
  let played = 0;
  while (played < turns) {
    await mine.notified();
    played++;
    theirs.notifyOne();
  }
  return played;
});

export const pingPong = co(async (turns: number): Promise<number> => {
  const [ping, pong] = [new Notify(), new Notify()];
  const both = [spawn(play(ping, pong, turns)), spawn(play(pong, ping, turns))];
  ping.notifyOne();
  let sum = 0;
  for (const each of both) sum += await each;
  return sum;
});
