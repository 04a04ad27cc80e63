import { co, type RuntimeThread, scope, select, type TcpStream } from "pollux";

/** What each thread is given. */
export interface Settings {
  readonly greeting: string;
}

const greet = co(function* greet(stream: TcpStream, text: string) {
  try {
    yield* stream.writeAll(new TextEncoder().encode(text));
  } finally {
    stream.close();
  }
});

/** Greets who connects, until the thread is to end: then it listens no more, and waits for the connections that are open. */
export const main = co(function* main(thread: RuntimeThread<Settings>) {
  const listener = yield* thread.listener();
  thread.ready();
  yield* scope(function* (connections) {
    for (;;) {
      const next = yield* select({ stop: thread.stopping.cancelled(), stream: listener.accept() });
      if (next.key === "stop") break;
      connections.spawn(greet(next.value, `${thread.data.greeting} ${thread.number}.${thread.generation}`));
    }
    listener.close();
  });
});
