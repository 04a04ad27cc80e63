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

export const notACoroutine = () => 5;
