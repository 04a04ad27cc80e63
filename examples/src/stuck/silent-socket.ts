// A peer has accepted the connection and says nothing. Here the program goes on for ever: the dump is asked for by signal.
// Bound what others send by a `timeout`.
import { co, dumpOnSignal, Notify, Runtime, signals, spawn, TcpListener, TcpStream } from "pollux";

const connected = new Notify();

const client = co(function* client(port: number) {
  const stream = yield* TcpStream.connect({ host: "127.0.0.1", port });
  connected.notifyOne();
  yield* stream.read(new Uint8Array(1024));
});

const main = co(function* main() {
  const listener = yield* TcpListener.bind({ host: "127.0.0.1", port: 0 });
  spawn(client(listener.localAddress.port));
  yield* listener.accept();
  yield* connected.notified();
  const asked = signals("SIGUSR2");
  process.kill(process.pid, "SIGUSR2"); // Somebody wonders.
  yield* asked.recv();
  process.exit();
});

const runtime = new Runtime();
dumpOnSignal(runtime, "SIGUSR2");
await runtime.run(main());
