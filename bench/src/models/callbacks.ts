import { type Model, msOf } from "./model.ts";

// What is to be done afterwards is a function that somebody calls.

function nap(task: number, done: (task: number) => void): void {
  setTimeout(() => done(task), msOf(task));
}

/** Lets one go on who waits, or the next one who would. */
class Turn {
  private waiter: (() => void) | null = null;
  private isGiven = false;

  wait(then: () => void): void {
    if (this.isGiven) {
      this.isGiven = false;
      queueMicrotask(then);
    } else this.waiter = then;
  }

  /** Calls later, not now: two that called each other would pile up frames. */
  give(): void {
    const { waiter } = this;
    this.waiter = null;
    if (waiter === null) this.isGiven = true;
    else queueMicrotask(waiter);
  }
}

function play(mine: Turn, theirs: Turn, turns: number, done: (played: number) => void): void {
  let played = 0;
  const next = (): void => {
    played++;
    theirs.give();
    if (played === turns) done(played);
    else mine.wait(next);
  };
  mine.wait(next);
}

export const callbacks: Model = {
  delayed: (tasks) =>
    new Promise((resolve) => {
      let [sum, left] = [0, tasks];
      const done = (task: number): void => {
        sum += task;
        if (--left === 0) resolve(sum);
      };
      for (let task = 0; task < tasks; task++) nap(task, done);
    }),
  pingPong: (turns) =>
    new Promise((resolve) => {
      const [ping, pong] = [new Turn(), new Turn()];
      let [sum, left] = [0, 2];
      const done = (played: number): void => {
        sum += played;
        if (--left === 0) resolve(sum);
      };
      play(ping, pong, turns, done);
      play(pong, ping, turns, done);
      ping.give();
    }),
};

const results: number[] = [];

/** Has `n` callbacks wait for an answer, each with three variables. */
export function suspendCallbacks(n: number, keep: (answer: (d: number) => void) => void): void {
  const task = (i: number): void => {
    const a = i;
    const b = i + 1;
    const c = i + 2;
    keep((d) => results.push(a + b + c + d));
  };
  for (let i = 0; i < n; i++) task(i);
}
