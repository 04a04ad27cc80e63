// A runtime on the epoll reactor, beside Node's loop, that never comes to rest: connections that come, talk and go. On the built
// package; run in a worker, or as a program of its own.
import { isMainThread, parentPort } from "node:worker_threads";
import { co, join, run, spawn, TcpListener, TcpStream } from "../../dist/index.js";

const echo = co(function* (stream) {
  const buf = new Uint8Array(4_096);
  try {
    for (let n = yield* stream.read(buf); n > 0; n = yield* stream.read(buf))
      yield* stream.writeAll(buf.subarray(0, n));
  } finally {
    stream.close();
  }
});

const talk = co(function* (address) {
  for (;;) {
    const stream = yield* TcpStream.connect(address);
    const buf = new Uint8Array(64);
    try {
      for (let n = 0; n < 20; n++) {
        yield* stream.writeAll(buf);
        yield* stream.read(buf);
      }
    } finally {
      stream.close();
    }
  }
});

const main = co(function* () {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
  spawn(
    co(function* () {
      for (;;) spawn(echo(yield* listener.accept()));
    })(),
  );
  if (isMainThread) {
    const [how, ms] = process.argv.slice(2);
    setTimeout(() => {
      if (how === "throw") throw new Error("uncaught");
      process.exit(3);
    }, Number(ms));
  } else parentPort.postMessage("busy");
  const { localAddress } = listener;
  yield* join(talk(localAddress), talk(localAddress), talk(localAddress), talk(localAddress));
});

await run(main(), { reactor: "epoll" });
