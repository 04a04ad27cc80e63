import { Deferred, Effect } from "effect";
import {
  type Operation,
  run as runEffection,
  sleep as sleepEffection,
  spawn as spawnEffection,
  withResolvers,
} from "effection";
import { co, type OneshotReceiver, oneshot, run, sleep, spawn } from "pollux";
import type { BytesCase } from "../harness/case.ts";
import { Gathering } from "./gathering.ts";

// Each waits for an answer of its own, as a task that reads from a socket does, with three variables that it needs
// afterwards. Who is to answer is kept, as a socket would keep it. The handles of the tasks are dropped.

/** For whom the tasks are children of, and would end with. */
const HOUR = 3_600_000;

/** What the tasks would go on to do with their variables. */
const results: number[] = [];

const tasks = new Gathering();

const task = co(function* (answer: OneshotReceiver<number>, i: number) {
  const a = i;
  const b = i + 1;
  const c = i + 2;
  tasks.arrive();
  const d = yield* answer;
  results.push(a + b + c + d);
});

const pollux = co(function* (n: number) {
  for (let i = 0; i < n; i++) {
    const [tx, rx] = oneshot<number>();
    tasks.keep(tx);
    spawn(task(rx, i));
  }
  yield* sleep(HOUR);
});

async function taskAsync(answer: Promise<number>, i: number): Promise<void> {
  const a = i;
  const b = i + 1;
  const c = i + 2;
  tasks.arrive();
  const d = await answer;
  results.push(a + b + c + d);
}

function promise(n: number): void {
  for (let i = 0; i < n; i++) taskAsync(new Promise<number>((resolve) => tasks.keep(resolve)), i);
}

const taskEffect = Effect.fnUntraced(function* (answer: Deferred.Deferred<number>, i: number) {
  const a = i;
  const b = i + 1;
  const c = i + 2;
  tasks.arrive();
  const d = yield* Deferred.await(answer);
  results.push(a + b + c + d);
});

const effect = Effect.fnUntraced(function* (n: number) {
  for (let i = 0; i < n; i++) {
    const answer = yield* Deferred.make<number>();
    tasks.keep(answer);
    yield* Effect.forkChild(taskEffect(answer, i));
  }
  yield* Effect.sleep(HOUR);
});

function* taskOperation(answer: Operation<number>, i: number): Operation<void> {
  const a = i;
  const b = i + 1;
  const c = i + 2;
  tasks.arrive();
  const d = yield* answer;
  results.push(a + b + c + d);
}

function* effection(n: number): Operation<void> {
  for (let i = 0; i < n; i++) {
    const { operation, resolve } = withResolvers<number>();
    tasks.keep(resolve);
    yield* spawnEffection(() => taskOperation(operation, i));
  }
  yield* sleepEffection(HOUR);
}

export const taskBytes: BytesCase = {
  name: "task-bytes",
  about: "a task that waits for an answer, with three live variables",
  unit: "bytes/task",
  tasks: 20_000,
  quickTasks: 10_000,
  targets: [{ peer: "promise", atMost: 0.7 }],
  peers: {
    pollux: (n) => tasks.gather(n, () => run(pollux(n))),
    promise: (n) => tasks.gather(n, () => promise(n)),
    effect: (n) => tasks.gather(n, () => Effect.runPromise(effect(n))),
    effection: (n) => tasks.gather(n, () => runEffection(() => effection(n))),
  },
};
