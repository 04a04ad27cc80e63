// What the tests of `blockOn` have done in other threads, each owned by a runtime: on the built package.
import { parentPort, threadId, workerData } from "node:worker_threads";
import {
  blockOn,
  co,
  crossReceiver,
  crossSender,
  join,
  mpsc,
  scope,
  sleep,
  TcpListener,
  TcpStream,
} from "../../dist/index.js";
import { ThreadWaker } from "../../dist/reactor/index.js";

const decoder = new TextDecoder();

/** Serves connections until one says "stop"; what it answers says in which thread. */
const serve = co(function* (tell) {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
  tell(listener.localAddress.port);
  const [stop, stopped] = mpsc(1);
  const serveOne = co(function* (stream) {
    const buf = new Uint8Array(1_024);
    try {
      for (let n = yield* stream.read(buf); n > 0; n = yield* stream.read(buf)) {
        if (decoder.decode(buf.subarray(0, n)) === "stop") yield* stop.send(undefined);
        yield* stream.writeAll(buf.subarray(0, n));
      }
    } finally {
      stream.close();
    }
  });
  yield* scope(function* (s) {
    const accepting = s.spawn(
      co(function* () {
        for (;;) s.spawn(serveOne(yield* listener.accept()));
      })(),
    );
    yield* stopped.recv();
    accepting.abort();
  });
  listener.close();
  return threadId;
});

const echo = co(function* (port, words) {
  const stream = yield* TcpStream.connect({ host: "127.0.0.1", port });
  const answers = [];
  const buf = new Uint8Array(1_024);
  for (const word of words) {
    yield* stream.writeAll(new TextEncoder().encode(word));
    answers.push(decoder.decode(buf.subarray(0, yield* stream.read(buf))));
  }
  stream.close();
  return answers;
});

const jobs = {
  serve: () => blockOn(serve((port) => parentPort.postMessage({ port }))),
  echo: ({ port, words }) => blockOn(echo(port, words)),
  park: () => blockOn(sleep(3_600_000)),
  /** Keeps itself and its sockets busy. */
  churn: () =>
    blockOn(
      co(function* () {
        const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
        const one = co(function* () {
          for (;;) {
            const [there, here] = yield* join(
              TcpStream.connect({ host: "127.0.0.1", port: listener.localAddress.port }),
              listener.accept(),
            );
            yield* there.writeAll(new Uint8Array(64));
            yield* here.read(new Uint8Array(64));
            there.close();
            here.close();
          }
        });
        yield* one();
      })(),
    ),
  receive: ({ end, count }) => {
    const rx = crossReceiver(end);
    return blockOn(
      co(function* () {
        const got = [];
        while (got.length < count) got.push(yield* rx.recv());
        return got;
      })(),
    );
  },
  receiveAll: ({ end }) => {
    const rx = crossReceiver(end);
    return blockOn(
      co(function* () {
        const got = [];
        yield* rx.forEach((value) => void got.push(value));
        return got;
      })(),
    );
  },
  send: ({ end, count }) => {
    const tx = crossSender(end);
    return blockOn(
      co(function* () {
        for (let n = 0; n < count; n++) yield* tx.send(n);
        tx.close();
        return count;
      })(),
    );
  },
  sendForEver: ({ end }) => {
    const tx = crossSender(end);
    return blockOn(
      co(function* () {
        try {
          for (let n = 0; ; n++) yield* tx.send(n);
        } catch (error) {
          return error.code;
        }
      })(),
    );
  },
  waker: () => {
    const waker = ThreadWaker.create();
    parentPort.postMessage({ id: waker.id });
    try {
      return blockOn(waker.woken());
    } finally {
      waker.close();
    }
  },
};

// From here on it is about to be.
parentPort.postMessage({ parked: true });
parentPort.postMessage({ result: jobs[workerData.job](workerData) });
