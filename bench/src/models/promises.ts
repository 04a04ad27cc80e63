import { setTimeout as sleep } from "node:timers/promises";
import { type Model, msOf } from "./model.ts";

// What is to be done afterwards is the rest of an async function.

async function nap(task: number): Promise<number> {
  await sleep(msOf(task));
  return task;
}

/** Lets one go on who waits, or the next one who would. */
export class Turn {
  private waiter: (() => void) | null = null;
  private isGiven = false;

  wait(): Promise<void> {
    if (this.isGiven) {
      this.isGiven = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.waiter = resolve;
    });
  }

  give(): void {
    const { waiter } = this;
    this.waiter = null;
    if (waiter === null) this.isGiven = true;
    else waiter();
  }
}

async function play(mine: Turn, theirs: Turn, turns: number): Promise<number> {
  let played = 0;
  while (played < turns) {
    await mine.wait();
    played++;
    theirs.give();
  }
  return played;
}

export const promises: Model = {
  async delayed(tasks) {
    const naps = Array.from({ length: tasks }, (_, task) => nap(task));
    let sum = 0;
    for (const task of await Promise.all(naps)) sum += task;
    return sum;
  },
  async pingPong(turns) {
    const [ping, pong] = [new Turn(), new Turn()];
    const both = [play(ping, pong, turns), play(pong, ping, turns)];
    ping.give();
    const [a = 0, b = 0] = await Promise.all(both);
    return a + b;
  },
};
