// A program at either end of a bad line, see native/lossy-link.c: `lossy-line-program.mjs REACTOR server|client`. The client
// prints what it has seen, as JSON.
import { createHash } from "node:crypto";
import { co, join, Runtime, spawn, TcpListener, TcpStream, timeout } from "../../dist/index.js";

const [reactor, role] = process.argv.slice(2);
const runtime = new Runtime({ reactor });
const there = { host: "10.77.0.2", port: 9000 };

const echo = co(function* (stream) {
  const buf = new Uint8Array(16_384);
  try {
    for (let n; (n = yield* stream.read(buf)) > 0; ) yield* stream.writeAll(buf.subarray(0, n));
    yield* stream.shutdown();
  } finally {
    stream.close();
  }
});

const serve = co(function* () {
  const listener = yield* TcpListener.bind("0.0.0.0:9000");
  console.log("ready");
  for (;;) spawn(echo(yield* listener.accept())).observed();
});

const failureOf = co(function* (operation) {
  try {
    yield* operation;
    return "none";
  } catch ({ name, code, syscall }) {
    return { name, code, syscall };
  }
});

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

const send = co(function* (stream, bytes) {
  yield* stream.writeAll(bytes);
  yield* stream.shutdown();
});

const visit = co(function* () {
  const seen = {};
  const bytes = new Uint8Array(400_000);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 2_654_435_761) >>> 13;

  const stream = yield* TcpStream.connect(there);
  const [, echoed] = yield* join(send(stream, bytes), stream.readToEnd());
  seen.isWhole = digest(echoed) === digest(bytes);
  stream.close();

  seen.noRoute = yield* failureOf(TcpStream.connect({ host: "192.0.2.1", port: 9 }));
  seen.refused = yield* failureOf(TcpStream.connect({ ...there, port: 9001 }));

  const cutOff = yield* TcpStream.connect(there);
  yield* cutOff.writeAll(bytes.subarray(0, 10));
  yield* cutOff.readExact(new Uint8Array(10));
  process.kill(process.ppid, "SIGUSR1");
  const buf = new Uint8Array(10);
  seen.read = yield* failureOf(timeout(300, cutOff.read(buf)));
  // The system takes what fits into its buffers, and then nothing more.
  const writeForEver = co(function* () {
    for (;;) yield* cutOff.writeAll(bytes);
  });
  seen.write = yield* failureOf(timeout(300, writeForEver()));
  seen.connect = yield* failureOf(timeout(300, TcpStream.connect(there)));
  cutOff.reset();

  const { alive, timers, sources, outstanding } = runtime.metrics();
  console.log(JSON.stringify({ ...seen, reactor: runtime.reactor, alive, timers, sources, outstanding }));
});

await runtime.run(role === "server" ? serve() : visit());
