import { Deferred, Effect, Fiber } from "effect";
import { type Operation, run as runEffection, spawn as spawnEffection, withResolvers } from "effection";
import { co, type OneshotReceiver, type OneshotSender, oneshot, run, spawn } from "pollux";
import type { TimedCase } from "../harness/case.ts";

// Two tasks talk: what each oneshot carries is the sender to answer on, until one of them has had enough.

interface Baton {
  readonly reply: OneshotSender<Baton | null>;
}

const play = co(function* (inbox: OneshotReceiver<Baton | null>, turns: number) {
  let rx = inbox;
  for (let turn = 0; ; turn++) {
    const baton = yield* rx;
    if (baton === null) return;
    if (turn === turns) {
      baton.reply.send(null);
      return;
    }
    const [tx, next] = oneshot<Baton | null>();
    baton.reply.send({ reply: tx });
    rx = next;
  }
});

const pollux = co(function* (n: number) {
  const [tx, rx] = oneshot<Baton | null>();
  const other = spawn(play(rx, n / 2));
  const [first, mine] = oneshot<Baton | null>();
  tx.send({ reply: first });
  yield* play(mine, n / 2);
  yield* other;
});

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** What later versions of Node have as `Promise.withResolvers`. */
function withPromise<T>(): Resolvers<T> {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

interface PromiseBaton {
  readonly reply: (baton: PromiseBaton | null) => void;
}

async function playAsync(inbox: Promise<PromiseBaton | null>, turns: number): Promise<void> {
  let promise = inbox;
  for (let turn = 0; ; turn++) {
    const baton = await promise;
    if (baton === null) return;
    if (turn === turns) {
      baton.reply(null);
      return;
    }
    const next = withPromise<PromiseBaton | null>();
    baton.reply({ reply: next.resolve });
    promise = next.promise;
  }
}

async function promise(n: number): Promise<void> {
  const theirs = withPromise<PromiseBaton | null>();
  const other = playAsync(theirs.promise, n / 2);
  const mine = withPromise<PromiseBaton | null>();
  theirs.resolve({ reply: mine.resolve });
  await playAsync(mine.promise, n / 2);
  await other;
}

interface EffectBaton {
  readonly reply: Deferred.Deferred<EffectBaton | null>;
}

const playEffect = Effect.fnUntraced(function* (inbox: Deferred.Deferred<EffectBaton | null>, turns: number) {
  let deferred = inbox;
  for (let turn = 0; ; turn++) {
    const baton: EffectBaton | null = yield* Deferred.await(deferred);
    if (baton === null) return;
    if (turn === turns) {
      yield* Deferred.succeed(baton.reply, null);
      return;
    }
    deferred = yield* Deferred.make<EffectBaton | null>();
    yield* Deferred.succeed(baton.reply, { reply: deferred });
  }
});

const effect = Effect.fnUntraced(function* (n: number) {
  const theirs = yield* Deferred.make<EffectBaton | null>();
  const other = yield* Effect.forkChild(playEffect(theirs, n / 2));
  const mine = yield* Deferred.make<EffectBaton | null>();
  yield* Deferred.succeed(theirs, { reply: mine });
  yield* playEffect(mine, n / 2);
  yield* Fiber.join(other);
});

interface OperationBaton {
  readonly reply: (baton: OperationBaton | null) => void;
}

function* playOperation(inbox: Operation<OperationBaton | null>, turns: number): Operation<void> {
  let operation = inbox;
  for (let turn = 0; ; turn++) {
    const baton = yield* operation;
    if (baton === null) return;
    if (turn === turns) {
      baton.reply(null);
      return;
    }
    const next = withResolvers<OperationBaton | null>();
    baton.reply({ reply: next.resolve });
    operation = next.operation;
  }
}

function* effection(n: number): Operation<void> {
  const theirs = withResolvers<OperationBaton | null>();
  const other = yield* spawnEffection(() => playOperation(theirs.operation, n / 2));
  const mine = withResolvers<OperationBaton | null>();
  theirs.resolve({ reply: mine.resolve });
  yield* playOperation(mine.operation, n / 2);
  yield* other;
}

export const oneshots: TimedCase = {
  name: "oneshot",
  about: "make a oneshot, send its sender to another task, and wait for the answer on it",
  unit: "ns/op",
  peers: {
    pollux: (n) => run(pollux(even(n))),
    promise: (n) => promise(even(n)),
    effect: (n) => Effect.runPromise(effect(even(n))),
    effection: (n) => runEffection(() => effection(even(n))),
  },
};

/** The two take turns. */
function even(n: number): number {
  return n + (n % 2);
}
