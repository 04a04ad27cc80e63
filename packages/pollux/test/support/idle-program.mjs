// Either end of many idle connections: `idle-program.mjs REACTOR server COUNT`, which prints its port, the bytes for each
// connection once all are there, and what is open once all have gone; `idle-program.mjs REACTOR client COUNT PORT`, which
// ends with its input.
import { co, Runtime, spawn, TcpListener, TcpStream } from "../../dist/index.js";

const [reactor, role, countText, port] = process.argv.slice(2);
const count = Number(countText);
const runtime = new Runtime({ reactor });

function resident() {
  for (let i = 0; i < 3; i++) globalThis.gc();
  return process.memoryUsage.rss();
}

const idle = co(function* (stream) {
  try {
    yield* stream.read(new Uint8Array(64));
  } finally {
    stream.close();
  }
});

const serve = co(function* () {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0, backlog: 4096 });
  console.log(listener.localAddress.port);
  const tasks = [];
  let before = 0;
  // The first ones bring code and pools along.
  for (let i = 0; i < count; i++) {
    if (i === Math.floor(count / 10)) before = resident();
    tasks.push(spawn(idle(yield* listener.accept())));
  }
  console.log(Math.round((resident() - before) / (count * 0.9)));
  for (const task of tasks) yield* task;
  listener.close();
  console.log(runtime.metrics().sources);
});

const visit = co(function* () {
  const held = [];
  for (let i = 0; i < count; i++)
    held.push(yield* TcpStream.connect({ host: "127.0.0.1", port: Number(port) }));
  return held;
});

if (role === "server") await runtime.run(serve());
else {
  const held = await runtime.run(visit());
  process.stdin.on("end", () => {
    for (const stream of held) stream.close();
  });
  process.stdin.resume();
}
