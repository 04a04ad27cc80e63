// Two tasks wait for each other's end.
// Let a third one join both, or have one tell the other through a channel.
import { co, type JoinHandle, run, spawn, yieldNow } from "pollux";

let second: JoinHandle<void> | undefined;

const join = co(function* (other: () => JoinHandle<void> | undefined) {
  yield* yieldNow();
  const handle = other();
  if (handle !== undefined) yield* handle;
});

const main = co(function* main() {
  const first: JoinHandle<void> = spawn(
    join(() => second),
    { name: "first" },
  );
  second = spawn(
    join(() => first),
    { name: "second" },
  );
  yield* first;
});

await run(main());
