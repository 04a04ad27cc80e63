import {
  co,
  type MpscSender,
  mpsc,
  type OneshotReceiver,
  oneshot,
  ready,
  sleep,
  spawn,
  yieldNow,
} from "pollux";
import { Gathering } from "../core/gathering.ts";

// The coroutines of the core suite in plain async/await. They are compiled when they are first measured: see load.ts.

export const awaitReady = co(async (n: number): Promise<number> => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await ready(i);
  return sum;
});

export const yieldOnce = co(async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await yieldNow();
});

export const yieldAtDepth: (depth: number, n: number) => PromiseLike<void> = co(
  async (depth: number, n: number): Promise<void> => {
    if (depth > 1) await yieldAtDepth(depth - 1, n);
    else for (let i = 0; i < n; i++) await yieldNow();
  },
);

const addOne = co(async (i: number): Promise<number> => i + 1);

export const callReady = co(async (n: number): Promise<number> => {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await addOne(i);
  return sum;
});

const child = co(async (i: number): Promise<number> => await ready(i));

export const spawnJoin = co(async (n: number): Promise<number> => {
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const handle = spawn(child(i));
    sum += await handle;
  }
  return sum;
});

const produce = co(async (tx: MpscSender<number>, n: number): Promise<void> => {
  for (let i = 0; i < n; i++) await tx.send(i);
});

export const throughChannel = co(async (n: number): Promise<number> => {
  const [tx, rx] = mpsc<number>(16);
  const producer = spawn(produce(tx, n));
  let sum = 0;
  for (let i = 0; i < n; i++) sum += await rx.recv();
  await producer;
  return sum;
});

export const tasks: Gathering = new Gathering();

/** What the tasks would go on to do with their variables. */
const results: number[] = [];

const task = co(async (answer: OneshotReceiver<number>, i: number): Promise<void> => {
  const a = i;
  const b = i + 1;
  const c = i + 2;
  tasks.arrive();
  const d = await answer;
  results.push(a + b + c + d);
});

export const waitingTasks = co(async (n: number): Promise<void> => {
  for (let i = 0; i < n; i++) {
    const [tx, rx] = oneshot<number>();
    tasks.keep(tx);
    spawn(task(rx, i));
  }
  await sleep(3_600_000);
});

export const spin = co(
  async (n: number): Promise<number> => {
    // A xorshift. What only integer operators read, V8 keeps as an integer, though it comes out of a frame.
    let x = 1;
    for (let i = 0; i < n; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
    }
    return x;
  },
  { preemptive: true },
);
