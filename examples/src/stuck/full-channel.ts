// A channel is full, and nobody receives any more.
// Close the receiver when its loop ends: senders that wait then fail.
import { co, type MpscReceiver, mpsc, run, spawn } from "pollux";

const readHeader = co(function* readHeader(rx: MpscReceiver<string>) {
  return yield* rx.recv(); // And the rest stays where it is.
});

const main = co(function* main() {
  const [tx, rx] = mpsc<string>(2, { name: "lines" });
  spawn(readHeader(rx));
  for (const line of ["a", "b", "c", "d", "e"]) yield* tx.send(line);
});

await run(main());
