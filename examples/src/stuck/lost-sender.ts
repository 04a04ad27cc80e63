// A receiver waits for the end of a channel, and somebody has kept a sender.
// Close each sender, those of clones too: in a `finally`, or with `using`.
import { co, type MpscSender, mpsc, run, spawn } from "pollux";

const registry = new Set<MpscSender<string>>();

const produce = co(function* produce(tx: MpscSender<string>) {
  registry.add(tx.clone()); // Nobody closes this one.
  yield* tx.send("the only one");
  tx.close();
});

const main = co(function* main() {
  const [tx, rx] = mpsc<string>(1, { name: "jobs" });
  spawn(produce(tx));
  yield* rx.forEach(() => {});
});

await run(main(), { trackOrigins: true });
