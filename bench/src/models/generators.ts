import { co, Notify, run, sleep, spawn } from "pollux";
import { type Model, msOf } from "./model.ts";

// Coroutines as they are, without a build step: `yield*` waits.

const nap = co(function* (task: number) {
  yield* sleep(msOf(task));
  return task;
});

const delayed = co(function* (tasks: number) {
  const naps = Array.from({ length: tasks }, (_, task) => spawn(nap(task)));
  let sum = 0;
  for (const each of naps) sum += yield* each;
  return sum;
});

const play = co(function* (mine: Notify, theirs: Notify, turns: number) {
  let played = 0;
  while (played < turns) {
    yield* mine.notified();
    played++;
    theirs.notifyOne();
  }
  return played;
});

const pingPong = co(function* (turns: number) {
  const [ping, pong] = [new Notify(), new Notify()];
  const both = [spawn(play(ping, pong, turns)), spawn(play(pong, ping, turns))];
  ping.notifyOne();
  let sum = 0;
  for (const each of both) sum += yield* each;
  return sum;
});

export const generators: Model = {
  delayed: (tasks) => run(delayed(tasks)),
  pingPong: (turns) => run(pingPong(turns)),
};
