// A peer has accepted the connection and says nothing. Here the program goes on for ever: the dump is asked for by signal.
// Bound what others send by a `timeout`.
import { co, dumpOnSignal, Runtime, sleep, spawn, TcpListener, TcpStream } from "pollux";

const client = co(function* client(port: number) {
  const stream = yield* TcpStream.connect({ host: "127.0.0.1", port });
  yield* stream.read(new Uint8Array(1024));
});

const main = co(function* main() {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
  spawn(client(listener.localAddress.port));
  yield* listener.accept();
  yield* sleep(50); // stands for the time until somebody wonders
  process.kill(process.pid, "SIGUSR2");
  yield* sleep(50);
  process.exit();
});

const runtime = new Runtime();
dumpOnSignal(runtime, "SIGUSR2");
await runtime.run(main());
