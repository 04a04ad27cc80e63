import { co, RuntimeThreads, run, type SocketAddress, TcpStream } from "pollux";
import type { Settings } from "./server.ts";

/*
 * A server on more than one core: two threads, each with a runtime and an epoll of its own, on one port. They are replaced by
 * two others while clients go on to connect.
 */

const ask = co(function* ask(address: SocketAddress) {
  const stream = yield* TcpStream.connect(address);
  try {
    return new TextDecoder().decode(yield* stream.readToEnd());
  } finally {
    stream.close();
  }
});

/** Asks until each of these has been heard. */
const hearAll = co(function* hearAll(address: SocketAddress, expected: readonly string[]) {
  const heard = new Set<string>();
  while (!expected.every((each) => heard.has(each))) heard.add(yield* ask(address));
});

const main = co(function* main() {
  const settings: Settings = { greeting: "hello from" };
  const threads = yield* RuntimeThreads.start(new URL("./server.js", import.meta.url), {
    threads: 2,
    listen: { host: "127.0.0.1", port: 0 },
    data: settings,
  });
  try {
    const address = threads.localAddress;
    if (address === null) throw new Error("the threads listen nowhere");
    yield* hearAll(address, ["hello from 0.0", "hello from 1.0"]);
    console.log("both threads answer");
    yield* threads.restart();
    yield* hearAll(address, ["hello from 0.1", "hello from 1.1"]);
    console.log("both of their successors do");
    const { total, silent } = yield* threads.metrics();
    console.log(`${total.sources} listeners are open, ${silent.length} threads are silent`);
  } finally {
    yield* threads.stop();
  }
});

await run(main());
