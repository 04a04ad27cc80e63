// What the tests of `RuntimeThreads` have done in the threads: on the built package.
import { co, never, scope, select, sleep, spawn } from "../../dist/index.js";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Answers each request, a line, by what the thread is; "crash", "fail" and "hang" do so instead. */
export const serve = co(function* (thread) {
  const listener = yield* thread.listener();
  thread.ready();
  const answer = co(function* answer(stream) {
    const buf = new Uint8Array(1_024);
    try {
      for (let n = yield* stream.read(buf); n > 0; n = yield* stream.read(buf)) {
        const request = decoder.decode(buf.subarray(0, n));
        if (request === "crash") process.exit(3);
        if (request === "throw")
          setImmediate(() => {
            throw new Error("thrown in a thread");
          });
        if (request === "spin") for (;;);
        if (request === "slow") yield* sleep(50);
        const { number, generation, data } = thread;
        yield* stream.writeAll(encoder.encode(JSON.stringify({ number, generation, data })));
      }
    } finally {
      stream.close();
    }
  });
  yield* scope(function* (connections) {
    for (;;) {
      const next = yield* select({ stop: thread.stopping.cancelled(), stream: listener.accept() });
      if (next.key === "stop") break;
      connections.spawn(answer(next.value));
    }
    listener.close();
  });
});

/** Never heeds that it is to end, but for its cancel, which it notes. */
export const stubborn = co(function* (thread) {
  thread.ready();
  try {
    yield* never();
  } finally {
    Atomics.add(thread.data.notes, 0, 1);
  }
});

/** Heeds nothing at all. */
export const blocked = co(function* (thread) {
  thread.ready();
  yield* sleep(20);
  for (;;);
});

export const idle = co(function* (thread) {
  thread.ready();
  spawn(
    co(function* background() {
      yield* never();
    })(),
    { name: `background ${thread.number}` },
  );
  yield* thread.stopping.cancelled();
});

export const brief = co(function* (thread) {
  thread.ready();
  yield* sleep(1);
});

export const neverReady = co(function* () {
  yield* never();
});

export const endsBeforeReady = co(function* () {
  yield* sleep(1);
});

export const failing = co(function* failing(thread) {
  yield* sleep(1);
  const error = new RangeError(`no luck in thread ${thread.number}`);
  error.code = "E_LUCK";
  throw error;
});

/** Begins, unless the file that it is given says otherwise by its size. */
export const flaky = co(function* flaky(thread) {
  if (Atomics.load(thread.data.notes, 0) === 1) throw new Error("not this time");
  thread.ready();
  yield* thread.stopping.cancelled();
});

export const readyAndGone = co(function* (thread) {
  thread.ready();
});

/** Thread 0 is ready and fails; when thread 1 is told so, it fails before it is ready. Another one would stay. */
export const failTogether = co(function* (thread) {
  if (thread.generation > 0) yield* never();
  if (thread.number === 0) thread.ready();
  else while (Atomics.load(thread.data.notes, 0) === 0) yield* sleep(1);
  throw new Error(`thread ${thread.number} fails`);
});

/**
 * Does what its notes say: [0] a later generation than the first waits before it is ready, [1] the first fails, [2] the first
 * ends. It counts in [3] those that have begun, and in [4] those that are at work.
 */
export const guided = co(function* (thread) {
  const { notes } = thread.data;
  const isFirst = thread.generation === 0;
  const note = (index) => Atomics.load(notes, index);
  Atomics.add(notes, 3, 1);
  while (!isFirst && note(0) === 1) yield* sleep(1);
  thread.ready();
  Atomics.add(notes, 4, 1);
  try {
    while (!thread.stopping.isCancelled && !(isFirst && note(2) === 1)) {
      if (isFirst && note(1) === 1) throw new Error("told to fail");
      yield* sleep(1);
    }
  } finally {
    Atomics.sub(notes, 4, 1);
  }
});

/** Ends, but leaves something that keeps its thread. */
export const lingering = co(function* (thread) {
  setInterval(() => {}, 1_000);
  thread.ready();
  Atomics.store(thread.data.notes, 0, 1);
});

export const failsInEnding = co(function* (thread) {
  thread.ready();
  yield* thread.stopping.cancelled();
  throw new Error("no good end");
});

export const notACoroutine = () => 5;
