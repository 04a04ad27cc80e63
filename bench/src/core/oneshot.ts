import { Deferred, Effect, Fiber } from "effect";
import { type Operation, run as runEffection, spawn as spawnEffection, withResolvers } from "effection";
import { co, type OneshotReceiver, type OneshotSender, oneshot, run, spawn } from "pollux";
import type { TimedCase } from "../harness/case.ts";

/**
 * Two tasks talk: what each oneshot carries is the sender to answer on. They begin anew after so many messages, because
 * with some peers the first one leads to all the others, and keeps them from the garbage collector.
 */
const MESSAGES = 1000;
const TURNS = MESSAGES / 2;

interface Baton {
  readonly reply: OneshotSender<Baton | null>;
}

const play = co(function* (inbox: OneshotReceiver<Baton | null>) {
  let rx = inbox;
  for (let turn = 0; ; turn++) {
    const baton = yield* rx;
    if (baton === null) return;
    if (turn === TURNS) {
      baton.reply.send(null);
      return;
    }
    const [tx, next] = oneshot<Baton | null>();
    baton.reply.send({ reply: tx });
    rx = next;
  }
});

const pollux = co(function* (talks: number) {
  for (let talk = 0; talk < talks; talk++) {
    const [tx, rx] = oneshot<Baton | null>();
    const other = spawn(play(rx));
    const [first, mine] = oneshot<Baton | null>();
    tx.send({ reply: first });
    yield* play(mine);
    yield* other;
  }
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

async function playAsync(inbox: Promise<PromiseBaton | null>): Promise<void> {
  let promise = inbox;
  for (let turn = 0; ; turn++) {
    const baton = await promise;
    if (baton === null) return;
    if (turn === TURNS) {
      baton.reply(null);
      return;
    }
    const next = withPromise<PromiseBaton | null>();
    baton.reply({ reply: next.resolve });
    promise = next.promise;
  }
}

async function promise(talks: number): Promise<void> {
  for (let talk = 0; talk < talks; talk++) {
    const theirs = withPromise<PromiseBaton | null>();
    const other = playAsync(theirs.promise);
    const mine = withPromise<PromiseBaton | null>();
    theirs.resolve({ reply: mine.resolve });
    await playAsync(mine.promise);
    await other;
  }
}

interface EffectBaton {
  readonly reply: Deferred.Deferred<EffectBaton | null>;
}

const playEffect = Effect.fnUntraced(function* (inbox: Deferred.Deferred<EffectBaton | null>) {
  let deferred = inbox;
  for (let turn = 0; ; turn++) {
    const baton: EffectBaton | null = yield* Deferred.await(deferred);
    if (baton === null) return;
    if (turn === TURNS) {
      yield* Deferred.succeed(baton.reply, null);
      return;
    }
    deferred = yield* Deferred.make<EffectBaton | null>();
    yield* Deferred.succeed(baton.reply, { reply: deferred });
  }
});

const effect = Effect.fnUntraced(function* (talks: number) {
  for (let talk = 0; talk < talks; talk++) {
    const theirs = yield* Deferred.make<EffectBaton | null>();
    const other = yield* Effect.forkChild(playEffect(theirs));
    const mine = yield* Deferred.make<EffectBaton | null>();
    yield* Deferred.succeed(theirs, { reply: mine });
    yield* playEffect(mine);
    yield* Fiber.join(other);
  }
});

interface OperationBaton {
  readonly reply: (baton: OperationBaton | null) => void;
}

function* playOperation(inbox: Operation<OperationBaton | null>): Operation<void> {
  let operation = inbox;
  for (let turn = 0; ; turn++) {
    const baton = yield* operation;
    if (baton === null) return;
    if (turn === TURNS) {
      baton.reply(null);
      return;
    }
    const next = withResolvers<OperationBaton | null>();
    baton.reply({ reply: next.resolve });
    operation = next.operation;
  }
}

function* effection(talks: number): Operation<void> {
  for (let talk = 0; talk < talks; talk++) {
    const theirs = withResolvers<OperationBaton | null>();
    const other = yield* spawnEffection(() => playOperation(theirs.operation));
    const mine = withResolvers<OperationBaton | null>();
    theirs.resolve({ reply: mine.resolve });
    yield* playOperation(mine.operation);
    yield* other;
  }
}

export const oneshots: TimedCase = {
  name: "oneshot",
  about: "make a oneshot, send its sender to another task, and wait for the answer on it",
  unit: "ns/op",
  operations: MESSAGES,
  peers: {
    pollux: (n) => run(pollux(n)),
    promise,
    effect: (n) => Effect.runPromise(effect(n)),
    effection: (n) => runEffection(() => effection(n)),
  },
};
